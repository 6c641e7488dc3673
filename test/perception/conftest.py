from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from ssp_sam_ros.network import SSPSAM, Variant
from ssp_sam_ros.network.variant import ClipText, ClipVision, PromptEncoderSizes, Sam, SamEncoder
from ssp_sam_ros.perception.segmenter import Segmenter
from ssp_sam_ros.weights import WeightsInfo
from ssp_sam_ros.weights.initialisation import build_unfilled, fill_randomly

WORDS = ("blue", "mug", "plate", "red", "the")


def small_variant(vocabulary: tuple[str, ...] | None = WORDS, shared_trunk: bool = False) -> Variant:
    """The released architecture in small, or the form with a shared trunk (and rectangular inputs)."""
    encoder = SamEncoder(width=32, depth=2, heads=2, global_attention=(1,), window=2)
    clip_size, sam_size = (32, 32), (64, 64)
    if shared_trunk:
        encoder = SamEncoder(kind="trunk", channels=(8, 16, 32), blocks=(1, 1, 1))
        clip_size = sam_size = (48, 64)
    return Variant(
        name="small",
        joint_dim=32,
        clip=ClipVision(
            clip_size,
            patch_size=16 if shared_trunk else 8,
            width=32,
            layers=3,
            head_width=16,
            surgery_blocks=2,
        ),
        text=ClipText(width=32, heads=2, layers=1, context=12, vocabulary=vocabulary),
        prompt=PromptEncoderSizes(dim=32, tokens=4, attention_heads=2, layers=1, heads=2, feed_forward=32),
        sam=Sam(sam_size, encoder, dim=32, decoder_heads=2, decoder_feed_forward=32, iou_hidden=16),
    )


def small_network(variant: Variant) -> SSPSAM:
    network = build_unfilled(variant)
    fill_randomly(network, seed=5)
    return network.eval()


def make_segmenter(variant: Variant | None = None, **options) -> Segmenter:
    network = small_network(variant or small_variant())
    info = WeightsInfo(digest="d" * 64, domain="", source="test")
    return Segmenter(network, info, **{"dtype": "float32", **options})


@pytest.fixture
def segmenter() -> Segmenter:
    return make_segmenter()


@pytest.fixture
def segmenters():
    """Makes segmenters of small networks."""
    return make_segmenter


@pytest.fixture
def networks():
    """Makes small networks."""
    return small_network


@pytest.fixture
def variants():
    """Makes small variants."""
    return small_variant


@pytest.fixture
def shortage(segmenter, monkeypatch):
    """Lets one of the network's methods run out of memory, `times` often or for more than `rows` rows.

    Gives the rows of each call.
    """
    network = segmenter._inference.network

    @contextmanager
    def short(name: str, times: int = 0, rows: int | None = None) -> Iterator[list[int]]:
        original, calls = getattr(network, name), []

        def method(*arguments):
            *_, last = arguments
            calls.append(len(last.sparse if name == "decode" else last))
            if len(calls) <= times or (rows is not None and calls[-1] > rows):
                raise torch.OutOfMemoryError(
                    "CUDA out of memory. Tried to allocate 20.00 GiB.\nSee the manual."
                )
            return original(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(network, name, method)
            yield calls

    return short


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (30, 41, 3), np.uint8)


@pytest.fixture
def same():
    """Asserts that two results say the same."""

    def check(a, b, tolerance=1e-5):
        assert (a.expression, a.outcome, a.box) == (b.expression, b.outcome, b.box)
        np.testing.assert_array_equal(a.mask, b.mask)
        assert a.network_box == pytest.approx(b.network_box, abs=1e-3)
        assert a.no_target_probability == pytest.approx(b.no_target_probability, abs=tolerance)
        assert a.score == pytest.approx(b.score, abs=tolerance, nan_ok=True)

    return check


@pytest.fixture
def sentences() -> list[str]:
    """Expressions of the small variant's words."""
    return ["the red mug", "the blue plate", "red", "the mug", "blue blue mug"]
