"""What a variant may add to the published prompt encoder; none of it exists in 224 and 336.

Trained from scratch on little data the published form stays at "segment everything" for long: small
activations drown in the gating's tanh x tanh, and sparse prompts alone say little to an untrained mask
decoder. And a convolutional trunk hardly tells where a patch is: positions that join queries and keys alone
say where to look, but nothing the sequence passes on would say what was found where.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .mentions import Mentions
from .variant import Variant


class PromptExtensions(nn.Module):
    """The parts that `variant.extensions` switches on inside the prompt encoder."""

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        on, dim, width = variant.extensions, variant.prompt.dim, variant.sam.dim
        self.on = on
        self.grid = variant.clip.grid
        self.text_places = 1 + variant.text.context if on.text_in_sequence else 0
        if on.gating_norms:
            self.selected = nn.LayerNorm(variant.joint_dim)
            self.phrase = nn.LayerNorm(dim)
            self.fused = nn.LayerNorm(width)
        if on.visual_skip:
            self.visual_norm = nn.LayerNorm(variant.joint_dim)
            self.visual = nn.Linear(variant.joint_dim, width)
        if on.position:
            waves = position_waves(*variant.clip.grid)
            self.register_buffer("waves", waves, persistent=False)
            self.position = nn.Linear(waves.shape[1], width)
        if on.alignment:
            self.align_visual = nn.LayerNorm(variant.joint_dim)
            self.align_text = nn.Linear(variant.joint_dim, variant.joint_dim)
            self.align_bias = nn.Parameter(torch.full((1,), -2.0))
            self.align = nn.Linear(2, width)
        self.mentions = Mentions(variant) if on.mentions else None
        if on.text_in_sequence:
            self.words = nn.Linear(dim, width)
        if on.dense_prompt:
            self.dense = nn.Linear(width, width)
            self.patch_logit = nn.Linear(width, 1)
        if on.presence:
            self.presence = nn.Linear(width, 1)

    @staticmethod
    def wanted(variant: Variant) -> bool:
        """Whether the variant has any extension inside the prompt encoder."""
        on = variant.extensions
        return any(
            (
                on.gating_norms,
                on.visual_skip,
                on.position,
                on.text_in_sequence,
                on.alignment,
                on.mentions,
                on.dense_prompt,
                on.presence,
            )
        )

    def norm_selected(self, selected: Tensor) -> Tensor:
        """(N, n, D): F_v times S_c has the scale 1/sqrt(n); bring it to one."""
        return self.selected(selected) if self.on.gating_norms else selected

    def norm_phrase(self, phrase: Tensor) -> Tensor:
        """(N, dim): keep tanh(phrase) away from zero."""
        return self.phrase(phrase) if self.on.gating_norms else phrase

    def add_visual(self, patches: Tensor, f_v: Tensor) -> Tensor:
        """patches (N, n, W) plus projections of the picture's F_v, (N or 1, n, D), and of its place."""
        if self.on.gating_norms:
            patches = self.fused(patches)
        if self.on.visual_skip:
            patches = patches + self.visual(self.visual_norm(f_v))
        if self.on.position:
            patches = patches + self.position(self.waves)
        return patches

    def alignment(self, visual: Tensor, sentence: Tensor) -> Tensor | None:
        """How well each patch fits the sentence, logits (N, n) in float32.

        visual: (N or 1, n, D), CLIP's projected patches; sentence: (N, D), F_s before normalisation.
        S_c is relative to the picture's best patch; this similarity is absolute: it can also say "nowhere".
        """
        if not self.on.alignment:
            return None
        patches, text = self.align_visual(visual), self.align_text(sentence)
        scores = (patches @ text[..., None].to(patches.dtype))[..., 0]
        return scores.float() * text.shape[-1] ** -0.5 + self.align_bias

    def add_alignment(self, patches: Tensor, logits: Tensor | None) -> Tensor:
        """patches (N, n, W) plus what the alignment says of each."""
        if logits is None:
            return patches
        return patches + self.align(torch.stack([logits.sigmoid(), torch.tanh(logits / 4)], dim=-1))

    def text_tokens(self, phrase: Tensor, t: Tensor) -> Tensor:
        """Phrase and word tokens (N, 1+L, W); padding stays in, as it does for the GRU."""
        return self.words(torch.cat([phrase[:, None].to(t.dtype), t], dim=1))

    def heads(self, box_token: Tensor, patch_tokens: Tensor) -> dict[str, Tensor]:
        """Dense prompt (N, W, h, w), patch logits (N, n) and presence logit (N,), as far as they are on."""
        out: dict[str, Tensor] = {}
        if self.on.dense_prompt:
            dense = self.dense(patch_tokens).transpose(1, 2)
            out["dense"] = dense.reshape(*dense.shape[:2], *self.grid)
            out["patch_logits"] = self.patch_logit(patch_tokens)[..., 0].float()
        if self.on.presence:
            out["presence"] = self.presence(box_token)[..., 0].float()
        return out


def position_waves(rows: int, columns: int) -> Tensor:
    """Where each patch's centre is, (rows * columns, 14): y and x in -1..1, and their sines and cosines.

    Wavelengths are 2, 1 and 1/2 of the picture.
    """
    y = (2 * torch.arange(rows) + 1) / rows - 1
    x = (2 * torch.arange(columns) + 1) / columns - 1
    places = torch.stack(torch.meshgrid(y, x, indexing="ij"), dim=-1).reshape(-1, 2)
    angles = torch.cat([places * torch.pi * k for k in (0.5, 1.0, 2.0)], dim=1)
    return torch.cat([places, angles.sin(), angles.cos()], dim=1)


def apply_presence(logits: Tensor, presence: Tensor | None) -> Tensor:
    """logits - softplus(-presence): lower all mask logits (N, 1, H, W) of an absent target."""
    if presence is None:
        return logits
    return logits - F.softplus(-presence)[:, None, None, None].to(logits.dtype)
