"""The semantic-spatial prompt encoder: CLIP features of picture and expression become SAM prompts and a box.

Steps and tensor names are network.md's; equations are those of the paper (arXiv 2603.18086, Section III).
What a variant's extensions add is kept apart in `extensions.py`, so that the published network can be read
here alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .attention import attend, padding_bias
from .autocast import without_autocast
from .extensions import PromptExtensions
from .features import Prompts, TextFeatures
from .layers import MLP, Decoder, Encoder, PhraseAttention
from .tokenizer import PADDING
from .variant import Variant


class Attention(NamedTuple):
    """What the attention adapter looked at: fields of `Prompts`, computed anyway."""

    phrase: Tensor
    similarity: Tensor
    visual: Tensor


class SemanticSpatialPromptEncoder(nn.Module):
    """Attention adapter, prompt generator and box head (steps 1 to 10)."""

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        sizes, width = variant.prompt, variant.sam.dim
        dim, count = sizes.dim, variant.clip.grid[0] * variant.clip.grid[1]
        self.prompt_tokens, self.class_tokens = sizes.tokens, variant.class_tokens
        joint = variant.joint_dim
        self.patch_proj = nn.Linear(joint, joint) if sizes.input_projections else None
        self.sent_proj = nn.Linear(joint, joint) if sizes.input_projections else None
        self.clip_img_proj = MLP([joint, dim, dim, dim])
        self.clip_proj = nn.Linear(variant.text.width, dim)
        self.text_proj = nn.GRU(dim, dim, batch_first=True, bidirectional=True)
        self.phrase_attn = PhraseAttention(2 * dim)
        self.img2text_attn = nn.MultiheadAttention(dim, sizes.attention_heads, sizes.attention_dropout)
        self.img_proj = MLP([dim, dim])
        self.imgtext_proj = MLP([dim, dim])
        self.tf_scale = nn.Parameter(torch.ones(1))
        self.tf_sigma = nn.Parameter(torch.full((1,), 0.5))
        self.norm_img = nn.LayerNorm(dim)
        self.mlp = nn.Linear(dim, width)
        self.reg_token = nn.Embedding(1, width)
        self.prompt_token = nn.Embedding(sizes.tokens, width)
        self.extensions = PromptExtensions(variant) if PromptExtensions.wanted(variant) else None
        extra = self.extensions.text_places if self.extensions else 0
        self.vl_pos_embed = nn.Embedding(1 + sizes.tokens + count + extra, width)
        self.sizes = sizes
        stack = {"encoder": Encoder, "decoder": Decoder}.get(sizes.generator)
        self.vl_transformer = nn.ModuleDict(
            {sizes.generator: stack(sizes.layers, width, sizes.heads, sizes.feed_forward)} if stack else {}
        )
        self.norm = nn.LayerNorm(width)
        self.bbox_embed = MLP([width, width, width, 4])
        for table in (self.reg_token, self.prompt_token, self.vl_pos_embed):
            nn.init.normal_(table.weight, std=sizes.token_init)

    def prompt(self, visual: Tensor, text: TextFeatures) -> Prompts:
        """Prompts for N expressions.

        visual: (N, c+n, D) with c class tokens, or (1, c+n, D) if all expressions refer to one picture;
        text: N rows.
        """
        text = self.adapt_text(text)
        padding, sentence, t = text.ids == PADDING, text.sentence, text.tokens
        psi, phrase = text.phrase_attention, text.phrase
        assert t is not None and psi is not None and phrase is not None
        if self.patch_proj is not None and self.sent_proj is not None:
            visual, sentence = self.patch_proj(visual), self.sent_proj(sentence)
        f_v = normalise_over_tokens(visual)[:, self.class_tokens :]
        similarity = sentence_similarity(f_v, sentence)
        selected = (
            f_v * similarity[..., None] if self.sizes.visual_adapter else f_v.expand(len(sentence), -1, -1)
        )
        if self.extensions:
            selected = self.extensions.norm_selected(selected)
        v = self.clip_img_proj(selected)
        if self.sizes.visual_adapter:
            gate = self._gaussian_gate(v, self._cross_attention(v, t, padding))
        else:
            gate = torch.ones_like(v[..., :1])
        if self.extensions:
            phrase = self.extensions.norm_phrase(phrase)
        f_ss = torch.tanh(self.norm_img(v) * gate) * torch.tanh(phrase)[:, None]  # Eq. 9
        patches, mentions = self.mlp(f_ss.to(v.dtype)), None
        if self.extensions:
            patches = self.extensions.add_visual(patches, f_v)
            alignment = self.extensions.alignment(visual[:, self.class_tokens :], sentence)
            patches = self.extensions.add_alignment(patches, alignment)
            if self.extensions.mentions is not None:
                mentions = self.extensions.mentions(visual[:, self.class_tokens :], text.words, padding)
                patches = patches + self.extensions.mentions.told(mentions)
        seen = Attention(psi, similarity, gate[..., 0])
        return replace(self._generate(patches, phrase, t, seen), mentions=mentions)

    def adapt_text(self, text: TextFeatures) -> TextFeatures:
        """With T, psi and the phrase (steps 4 and 5), which need no picture: for an expression that stays
        while pictures come, they are computed once. What has them already comes back as it is.
        """
        if text.phrase is not None:
            return text
        t = self.clip_proj(text.words)
        psi, phrase = self._phrase(t, text.ids == PADDING)
        return replace(text, tokens=t, phrase_attention=psi, phrase=phrase)

    def _phrase(self, t: Tensor, padding: Tensor) -> tuple[Tensor, Tensor]:
        """Step 5: phrase attention psi (N, L) and the phrase (N, dim), pooled from T itself (Eq. 5 to 8)."""
        # Recurrent products accumulate their rounding over the whole context: float32 even under autocast.
        with without_autocast(t):
            t32 = t.float()
            if self.sizes.language_adapter:
                hidden, _ = self.text_proj(t32)
                psi = self.phrase_attn(hidden, padding)
            else:
                psi = (~padding).float() / (~padding).sum(dim=-1, keepdim=True)
            return psi, (psi[:, None] @ t32)[:, 0]

    def _cross_attention(self, v: Tensor, t: Tensor, padding: Tensor) -> Tensor:
        """Step 6: patches ask the words, (N, n, dim) (Eq. 3)."""
        module = self.img2text_attn
        wq, wk, wv = module.in_proj_weight.chunk(3)
        bq, bk, bv = module.in_proj_bias.chunk(3)
        if self.training and module.dropout > 0:
            return module(
                v.transpose(0, 1),
                t.transpose(0, 1),
                t.transpose(0, 1),
                key_padding_mask=padding,
                need_weights=False,
            )[0].transpose(0, 1)
        q, k, value = F.linear(v, wq, bq), F.linear(t, wk, bk), F.linear(t, wv, bv)
        return module.out_proj(attend(q, k, value, module.num_heads, padding_bias(padding)))

    def _gaussian_gate(self, v: Tensor, c: Tensor) -> Tensor:
        """Step 7: g (N, n, 1), large where a patch agrees with the words it attends to (Eq. 4)."""
        s = F.cosine_similarity(self.img_proj(v).float(), self.imgtext_proj(c).float(), dim=-1, eps=1e-12)
        gate = (
            self.tf_scale * torch.exp(-((1 - s) ** 2) / (2 * self.tf_sigma**2)) if self.sizes.gaussian else s
        )
        return gate[..., None].to(v.dtype)

    def _generate(self, patches: Tensor, phrase: Tensor, t: Tensor, seen: Attention) -> Prompts:
        """Steps 9 and 10: the prompt generator (Eq. 11) and the box head."""
        rows, q = len(t), self.prompt_tokens
        if self.sizes.generator == "mlp":  # F_ss itself is the prompt; its mean says where the box is
            x = self.norm(patches.expand(rows, -1, -1))
            return Prompts(x, self.bbox_embed(x.mean(dim=1)).float().sigmoid(), *seen)
        tokens = torch.cat([self.reg_token.weight, self.prompt_token.weight]).to(patches.dtype)
        if self.sizes.generator == "decoder":
            places = self.vl_pos_embed.weight.to(patches.dtype).split([1 + q, patches.shape[1]])
            queries, memory = tokens.expand(rows, -1, -1), patches.expand(rows, -1, -1)
            x = self.norm(self.vl_transformer["decoder"](queries, memory, *places))
            return Prompts(x[:, 1:], self.bbox_embed(x[:, 0]).float().sigmoid(), *seen)
        sequence = [tokens.expand(rows, -1, -1), patches.expand(rows, -1, -1)]
        if self.extensions and self.extensions.text_places:
            sequence.append(self.extensions.text_tokens(phrase, t).to(patches.dtype))
        x = torch.cat(sequence, dim=1)
        x = self.vl_transformer["encoder"](x, self.vl_pos_embed.weight.to(x.dtype))
        x = self.norm(x)
        box_token, patch_tokens = x[:, 0], x[:, 1 + q : 1 + q + patches.shape[1]]
        boxes = self.bbox_embed(box_token).float().sigmoid()
        extra = self.extensions.heads(box_token, patch_tokens) if self.extensions else {}
        return Prompts(x[:, 1 : 1 + q], boxes, *seen, **extra)


def normalise_over_tokens(visual: Tensor) -> Tensor:
    """Step 1: (B, c+n, D) divided by its L2 norm over the token axis, class token included, in float32."""
    return visual.float() / visual.float().norm(dim=1, keepdim=True)


def sentence_similarity(f_v: Tensor, sentence: Tensor) -> Tensor:
    """Step 2: S_c, (N, n) in [0, 1] (Eq. 1, then min-max per row), in float32; a constant map yields 0.

    f_v: (N or 1, n, D), from `normalise_over_tokens`; sentence: (N, D), before L2 normalisation.
    """
    with without_autocast(f_v):
        s_c = (f_v @ F.normalize(sentence.float(), dim=-1)[..., None])[..., 0]
    low, high = s_c.amin(dim=-1, keepdim=True), s_c.amax(dim=-1, keepdim=True)
    constant = ~(high > low)
    return ((s_c - low) / (high - low).masked_fill(constant, 1.0)).masked_fill(constant, 0.0)
