"""Small networks of every form: the published one shrunk, and the shipped one."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch

from ssp_sam_ros.network import SSPSAM, Variant, load_variant


def small_published(**changes: Any) -> Variant:
    """The published form with small sizes: full CLIP vocabulary, SAM's ViT, no extension."""
    raw: dict[str, Any] = {
        "name": "small_published",
        "joint_dim": 32,
        "clip": {
            "image_size": [64, 64], "patch_size": 16, "width": 64, "layers": 3, "head_width": 32,
            "surgery_blocks": 2,
        },
        "text": {"width": 32, "heads": 2, "layers": 2},
        "prompt": {"dim": 32, "tokens": 4, "attention_heads": 2, "layers": 2, "heads": 2, "feed_forward": 64},
        "sam": {
            "image_size": [128, 128],
            "encoder": {
                "kind": "vit", "width": 32, "depth": 2, "heads": 2, "global_attention": [1], "window": 4,
            },
            "dim": 32, "decoder_heads": 2, "decoder_feed_forward": 64, "iou_hidden": 32,
        },
    }  # fmt: skip
    return Variant.from_json(json.dumps(raw | changes))


def small_eva_clip() -> Variant:
    """`small_published` on EVA-CLIP's towers."""
    return small_published(
        name="small_eva_clip",
        backbone="eva_clip",
        clip={
            "image_size": [64, 64], "patch_size": 16, "width": 64, "layers": 3, "head_width": 32,
            "surgery_blocks": 2, "mlp_ratio": 2.5,
        },
    )  # fmt: skip


def small_siglip2() -> Variant:
    """`small_published` on SigLIP 2's towers."""
    return small_published(
        name="small_siglip2",
        backbone="siglip2",
        joint_dim=64,
        clip={
            "image_size": [64, 64], "patch_size": 16, "width": 64, "layers": 2, "head_width": 32,
            "surgery_blocks": 0,
        },
        text={
            "width": 32, "heads": 2, "layers": 2, "context": 8,
            "tokenizer_file": "small_tokenizer.json", "tokenizer_pieces": 50,
        },
        prompt={
            "dim": 32, "tokens": 4, "attention_heads": 2, "layers": 2, "heads": 2, "feed_forward": 64,
            "input_projections": True,
        },
    )  # fmt: skip


def seeded(variant: Variant, seed: int = 0) -> SSPSAM:
    """A network in eval mode whose weights depend on `seed` alone."""
    torch.manual_seed(seed)
    return SSPSAM(variant).eval()


@pytest.fixture(scope="session")
def published() -> SSPSAM:
    """The published form, small."""
    return seeded(small_published())


@pytest.fixture(scope="session")
def tiny() -> SSPSAM:
    """The shipped form with all extensions, untrained."""
    return seeded(load_variant("ssp_sam_tiny"))


def picture(size: tuple[int, int], seed: int = 0, count: int = 1) -> torch.Tensor:
    """Normalised noise, (count, 3, *size)."""
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.standard_normal((count, 3, *size), dtype=np.float32))
