"""EVA-CLIP (arXiv 2303.15389) in CLIP's place: timm's EVA-02 image tower, CLIP's text tower.

Paper, Table VIII; the authors published no code for it. What is chosen here: architecture surgery as on
CLIP's tower, with the inner norm of EVA's attention kept and no rotary positions in v-v attention (they
belong to queries and keys).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .attention import attend_heads, join_heads, split_heads
from .variant import Variant


def build_visual_trunk(variant: Variant) -> Any:
    """timm's `eva02_base_patch16_clip_224` as open_clip's `EVA02-B-16` has it, sizes from `variant`."""
    from timm import create_model

    vision = variant.clip
    return create_model(
        "eva02_base_patch16_clip_224",
        num_classes=variant.joint_dim,
        global_pool="token",
        img_size=vision.image_size,
        patch_size=vision.patch_size,
        embed_dim=vision.width,
        depth=vision.layers,
        num_heads=vision.width // vision.head_width,
        mlp_ratio=vision.mlp_ratio,
    )


def visual_tokens(trunk: Any, image: Tensor, surgery_blocks: int) -> Tensor:
    """The tower's projected tokens, (B, 3, H, W) -> (B, 1+n, D), after surgery on its last blocks."""
    x = trunk.patch_embed(image)
    token = trunk.cls_token.to(x.dtype).expand(x.shape[0], -1, -1)
    x = torch.cat([token, x], dim=1) + trunk.pos_embed.to(x.dtype)
    rotation = trunk.rope.get_embed()
    split = len(trunk.blocks) - surgery_blocks
    original = new = x
    for index, block in enumerate(trunk.blocks):
        q, k, v = _qkv(block.attn, block.norm1(original), rotation)
        if index >= split:
            new = new + _project(block.attn, attend_heads(v, v, v))
        original = original + _project(block.attn, attend_heads(q, k, v))
        original = original + block.mlp(block.norm2(original))
        if index < split:
            new = original
    out = torch.cat([original[:, :1], new[:, 1:]], dim=1)
    return trunk.head(trunk.norm(out))


def _qkv(attn: Any, x: Tensor, rotation: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values per head, (B, heads, 1+n, d); queries and keys of patches are rotated."""
    from timm.layers import apply_rot_embed_cat

    q, k, v = (split_heads(project(x), attn.num_heads) for project in (attn.q_proj, attn.k_proj, attn.v_proj))

    def rotate(t: Tensor) -> Tensor:
        return torch.cat([t[:, :, :1], apply_rot_embed_cat(t[:, :, 1:], rotation).to(t.dtype)], dim=2)

    return rotate(q), rotate(k), v


def _project(attn: Any, heads: Tensor) -> Tensor:
    """(B, heads, L, d) -> (B, L, W)."""
    return attn.proj(attn.norm(join_heads(heads)))
