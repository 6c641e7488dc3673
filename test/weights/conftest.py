from __future__ import annotations

import pytest

from ssp_sam_ros.network import SSPSAM, Variant
from ssp_sam_ros.network.variant import ClipText, ClipVision, PromptEncoderSizes, Sam, SamEncoder
from ssp_sam_ros.weights.initialisation import build_unfilled, fill_randomly


@pytest.fixture(scope="session")
def small_variant() -> Variant:
    """The released architecture, every part of it, in small."""
    return Variant(
        name="small",
        joint_dim=32,
        clip=ClipVision(
            image_size=(32, 32), patch_size=8, width=32, layers=3, head_width=16, surgery_blocks=2
        ),
        text=ClipText(width=32, heads=2, layers=1, context=16, vocabulary=("mug", "red", "the")),
        prompt=PromptEncoderSizes(dim=32, tokens=4, attention_heads=2, layers=1, heads=2, feed_forward=32),
        sam=Sam(
            image_size=(64, 64),
            encoder=SamEncoder(width=32, depth=2, heads=2, global_attention=(1,), window=2),
            dim=32,
            decoder_heads=2,
            decoder_feed_forward=32,
            iou_hidden=16,
        ),
    )


@pytest.fixture
def small_network(small_variant: Variant) -> SSPSAM:
    network = build_unfilled(small_variant)
    fill_randomly(network, seed=3)
    return network.eval()
