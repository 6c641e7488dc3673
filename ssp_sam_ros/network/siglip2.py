"""SigLIP 2 (arXiv 2502.14786) in CLIP's place: timm's image tower, an open_clip text tower that reads both
ways.

As in the authors' release (paper, Table VIII): no class token, no surgery, the patches are the last layer
norm's output, the sentence is the last position's, padding included.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from .attention import attend
from .clip import word_tokens
from .variant import Variant


def build_visual_trunk(variant: Variant) -> Any:
    """timm's `vit_base_patch16_siglip_224` with the sizes of `variant`, as open_clip's `ViT-B-16-SigLIP2`
    has it.

    Its attention pooling is part of the published files and not used.
    """
    from timm import create_model

    vision = variant.clip
    return create_model(
        "vit_base_patch16_siglip_224",
        num_classes=0,
        global_pool="map",
        img_size=vision.image_size,
        patch_size=vision.patch_size,
        embed_dim=vision.width,
        depth=vision.layers,
        num_heads=vision.width // vision.head_width,
        mlp_ratio=vision.mlp_ratio,
    )


def visual_tokens(trunk: Any, image: Tensor) -> Tensor:
    """The tower's last layer norm, (B, 3, H, W) -> (B, n, D)."""
    x = trunk.patch_embed(image)
    x = x + trunk.pos_embed.to(x.dtype)
    for block in trunk.blocks:
        q, k, v = block.attn.qkv(block.norm1(x)).chunk(3, dim=-1)
        x = x + block.attn.proj(attend(q, k, v, block.attn.num_heads))
        x = x + block.mlp(block.norm2(x))
    return trunk.norm(x)


def text_tokens(tower: Any, ids: Tensor) -> tuple[Tensor, Tensor]:
    """F_w (N, context, W), the last layer norm's output, and F_s (N, D) before normalisation."""
    words = word_tokens(tower, ids)
    return words, tower.text_projection(words[:, -1])
