"""The two towers that read pictures and sentences for the prompt encoder: CLIP's, or those in its place.

Every backbone keeps the tensor names of open_clip's class for it, so that open_clip's files load unchanged:
`CLIP` for OpenAI's, `CustomTextCLIP` (image tower `visual.trunk`, text tower `text`) for EVA-CLIP and SigLIP
2.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from . import clip, compat, eva_clip, siglip2  # noqa: F401  (compat prepares the import of torchvision)
from .variant import Variant


class TwoTowers(nn.Module):
    """EVA-CLIP or SigLIP 2 under the tensor names of open_clip's `CustomTextCLIP`."""

    def __init__(self, variant: Variant, vocabulary_size: int) -> None:
        super().__init__()
        from open_clip.transformer import LayerNorm, TextTransformer

        self.visual = nn.Module()
        text = variant.text
        sizes: dict[str, Any] = {
            "context_length": text.context,
            "vocab_size": vocabulary_size,
            "width": text.width,
            "heads": text.heads,
            "layers": text.layers,
            "output_dim": variant.joint_dim,
        }
        if variant.backbone == "siglip2":
            self.visual.trunk = siglip2.build_visual_trunk(variant)
            sizes |= {
                "no_causal_mask": True,
                "proj_bias": True,
                "pool_type": "last",
                "norm_layer": partial(LayerNorm, eps=1e-6),
                "act_layer": partial(nn.GELU, approximate="tanh"),
            }
            self.logit_bias = nn.Parameter(torch.tensor(-10.0))  # in the published files, not used here
        else:
            self.visual.trunk = eva_clip.build_visual_trunk(variant)
        self.text = TextTransformer(**sizes)
        self.logit_scale = nn.Parameter(torch.tensor(1 / 0.07).log())  # the same


def build_backbone(variant: Variant, vocabulary_size: int) -> Any:
    """The towers of `variant`, untrained."""
    if variant.backbone == "clip":
        return clip.build_clip(variant, vocabulary_size)
    return TwoTowers(variant, vocabulary_size)


def visual_tokens(towers: Any, variant: Variant, image: Tensor) -> Tensor:
    """(B, 3, *clip_size), or features of a shared trunk, -> visual tokens (B, class_tokens + n, D)."""
    blocks = variant.clip.surgery_blocks
    if variant.backbone == "clip":
        return clip.visual_tokens(towers, image, blocks)
    if variant.backbone == "eva_clip":
        return eva_clip.visual_tokens(towers.visual.trunk, image, blocks)
    return siglip2.visual_tokens(towers.visual.trunk, image)


def text_tokens(towers: Any, variant: Variant, ids: Tensor) -> tuple[Tensor, Tensor]:
    """ids (N, context) int64 -> F_w (N, context, W) and F_s (N, D) before normalisation."""
    if variant.backbone == "clip":
        return clip.text_tokens(towers, ids)
    if variant.backbone == "eva_clip":
        return clip.text_tokens(towers.text, ids)
    return siglip2.text_tokens(towers.text, ids)
