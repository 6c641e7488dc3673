"""The weights in the package: what they are, and that they answer right on the recorded clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from ssp_sam_ros import Outcome, Result, Segmenter
from ssp_sam_ros.network import Variant, load_variant
from ssp_sam_ros.sim.clip import Clip, load_clip

ASSETS = Path(__file__).resolve().parents[1] / "ssp_sam_ros" / "assets"
WEIGHTS = ASSETS / "ssp_sam_tiny.safetensors"
FRAMES = (0, 20)


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter.load("ssp_sam_tiny", device="cpu", dtype="float32")


@pytest.fixture(scope="module")
def clip() -> Clip:
    return load_clip()


@pytest.fixture(scope="module")
def answers(segmenter: Segmenter, clip: Clip) -> list[list[Result]]:
    """Results to the clip's sentences, by frame."""
    texts = [sentence.text for sentence in clip.sentences]
    return [segmenter.refer(segmenter.encode(clip.image(k)), texts) for k in FRAMES]


def test_file_is_small_half_precision_and_says_what_it_is_for(segmenter: Segmenter) -> None:
    assert WEIGHTS.stat().st_size <= 30e6
    with safe_open(WEIGHTS, framework="np") as file:
        metadata = file.metadata()
        names = list(file.keys())
        floating = {file.get_slice(name).get_dtype() for name in names} - {"I64"}
    assert floating == {"F16"}
    assert metadata["domain"] == segmenter.domain == "simulated bench and tabletop"
    assert Variant.from_json(metadata["variant_json"]) == load_variant("ssp_sam_tiny")


def test_card_is_about_these_weights(segmenter: Segmenter) -> None:
    assert segmenter.weights_digest in (ASSETS / "MODEL_CARD.md").read_text("utf-8")


def test_what_is_there_is_found_and_what_is_not_is_not(clip: Clip, answers: list[list[Result]]) -> None:
    for frame, results in zip(FRAMES, answers, strict=True):
        for sentence, result in zip(clip.sentences, results, strict=True):
            truth = clip.truth(frame, sentence)
            assert result.mask is not None and result.mask.shape == truth.shape, sentence.text
            if not sentence.targets:
                assert result.outcome is Outcome.NO_TARGET, sentence.text
                assert not result.mask.any() and result.box == (0, 0, 0, 0)
                continue
            inside = result.mask > 0
            iou = np.count_nonzero(inside & truth) / np.count_nonzero(inside | truth)
            assert result.outcome is Outcome.FOUND, sentence.text
            assert iou > 0.6, f"frame {frame}: {sentence.text!r} has IoU {iou:.2f}"
