"""Networks of the smallest sizes: a picture takes milliseconds, and everything but the answers is real."""

from __future__ import annotations

from functools import cache

from ssp_sam_ros.network import SSPSAM, Variant
from ssp_sam_ros.network.variant import ClipText, ClipVision, PromptEncoderSizes, Sam, SamEncoder
from ssp_sam_ros.perception.segmenter import Segmenter
from ssp_sam_ros.weights import WeightsInfo
from ssp_sam_ros.weights.initialisation import build_unfilled, fill_randomly

WORDS = ("all", "blue", "left", "mug", "plate", "red", "the")

FORMS = ("released", "trunk", "full vocabulary")
"""SAM's ViT with a picture of CLIP's own; a shared trunk; the first with CLIP's byte-pair table."""


def small_variant(form: str) -> Variant:
    """A variant of one of `FORMS`."""
    trunk = form == "trunk"
    encoder = SamEncoder(width=16, depth=1, heads=2, global_attention=(0,), window=2)
    if trunk:
        encoder = SamEncoder(kind="trunk", channels=(4, 4, 8), blocks=(1, 1, 1))
    clip_size, sam_size = ((32, 48), (32, 48)) if trunk else ((16, 16), (32, 32))
    vocabulary = None if form == "full vocabulary" else WORDS
    return Variant(
        name="small",
        joint_dim=16,
        clip=ClipVision(
            clip_size, patch_size=16 if trunk else 8, width=16, layers=2, head_width=8, surgery_blocks=1
        ),
        text=ClipText(width=16, heads=2, layers=1, context=12, vocabulary=vocabulary),
        prompt=PromptEncoderSizes(dim=16, tokens=2, attention_heads=2, layers=1, heads=2, feed_forward=16),
        sam=Sam(sam_size, encoder, dim=16, decoder_heads=2, decoder_feed_forward=16, iou_hidden=8),
    )


def small_network(form: str) -> SSPSAM:
    """Its network with random values."""
    network = build_unfilled(small_variant(form))
    fill_randomly(network, seed=5)
    return network.eval()


@cache
def small_segmenter(form: str) -> Segmenter:
    """A segmenter that caches few pictures, kept between inputs."""
    info = WeightsInfo(digest="0" * 64, domain="", source="fuzz", is_random=True)
    return Segmenter(small_network(form), info, "float32", image_cache_bytes=2**18, text_cache_bytes=2**18)
