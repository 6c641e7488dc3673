"""CLIP from open_clip, read token by token, with architecture surgery on its image tower.

Surgery: "CLIP Surgery for Better Explainability" (arXiv 2304.05653). open_clip's classes keep the parameters,
so that released tensor names load unchanged, but its `visual()` projects only the class token and its
`encode_text()` pools the words away; the blocks are therefore called one by one here.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from . import compat  # noqa: F401  (must come before open_clip imports torchvision)
from .attention import attend, qkv, self_attention
from .autocast import in_autocast_type
from .variant import Variant


def build_clip(variant: Variant, vocabulary_size: int) -> Any:
    """open_clip's CLIP with the sizes of `variant` and OpenAI's activation (QuickGELU)."""
    from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg

    vision, text = variant.clip, variant.text
    clip = CLIP(
        embed_dim=variant.joint_dim,
        vision_cfg=CLIPVisionCfg(
            layers=vision.layers,
            width=vision.width,
            head_width=vision.head_width,
            mlp_ratio=vision.mlp_ratio,
            patch_size=vision.patch_size,
            image_size=vision.image_size,
        ),
        text_cfg=CLIPTextCfg(
            context_length=text.context,
            vocab_size=vocabulary_size,
            width=text.width,
            heads=text.heads,
            layers=text.layers,
        ),
        quick_gelu=True,
    )
    if variant.shared_trunk:
        # The patches are the trunk's stride-16 cells: the patch embedding shrinks to a 1x1 convolution.
        clip.visual.conv1 = nn.Conv2d(
            variant.sam.encoder.channels[-1], vision.width, kernel_size=1, bias=False
        )
    return clip


def _block(block: Any, x: Tensor, bias: Tensor | None = None) -> Tensor:
    """One pre-norm residual block of open_clip, (B, L, W) -> (B, L, W)."""
    h = block.ln_1(x)
    x = x + self_attention(block.attn, h, h, bias)
    return x + block.mlp(block.ln_2(x))


def _surgery_block(block: Any, original: Tensor, new: Tensor) -> tuple[Tensor, Tensor]:
    """One of the last blocks: q-k attention and MLP on the original stream, v-v attention on the new one."""
    q, k, v = qkv(block.attn, block.ln_1(original))
    heads, project = block.attn.num_heads, block.attn.out_proj
    new = new + project(attend(v, v, v, heads))
    original = original + project(attend(q, k, v, heads))
    return original + block.mlp(block.ln_2(original)), new


def visual_tokens(clip: Any, image: Tensor, surgery_blocks: int) -> Tensor:
    """CLIP's projected visual tokens after surgery.

    image: (B, 3, H, W), normalised and padded, or the trunk's features (B, C, h, w) where it is shared.
    Returns (B, 1+n, D): the class token of the original stream, the patches of the new one.
    """
    visual = clip.visual
    x = visual.conv1(image)
    x = x.flatten(2).transpose(1, 2)
    token = visual.class_embedding.to(x.dtype).expand(x.shape[0], 1, -1)
    x = torch.cat([token, x], dim=1) + visual.positional_embedding.to(x.dtype)
    x = visual.ln_pre(x)
    blocks = list(visual.transformer.resblocks)
    split = len(blocks) - surgery_blocks
    for block in blocks[:split]:
        x = _block(block, x)
    original = new = x
    for block in blocks[split:]:
        original, new = _surgery_block(block, original, new)
    out = torch.cat([original[:, :1], new[:, 1:]], dim=1)
    return visual.ln_post(out) @ visual.proj


def text_tokens(clip: Any, ids: Tensor) -> tuple[Tensor, Tensor]:
    """F_w (N, context, W), the last layer norm's output, and F_s (N, D) before normalisation.

    clip: open_clip's CLIP or the text tower of its EVA-CLIP. ids: (N, context) int64; the end token is the
    largest id of its row.
    """
    words = word_tokens(clip, ids)
    end = words[torch.arange(len(ids), device=ids.device), ids.argmax(dim=-1)]
    return words, end @ clip.text_projection


def word_tokens(tower: Any, ids: Tensor) -> Tensor:
    """The last layer norm's output (N, context, W) of one of open_clip's text towers, causal or not."""
    x = in_autocast_type(tower.token_embedding(ids) + tower.positional_embedding)
    for block in tower.transformer.resblocks:
        x = _block(block, x, tower.attn_mask)
    return tower.ln_final(x)
