from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from ssp_sam_ros.cli.demo_truth import ClipTruth
from ssp_sam_ros.perception.drawing import draw_overlay
from ssp_sam_ros.perception.result import Outcome, Result
from ssp_sam_ros.sim.clip import Clip, load_clip

EVERYTHING, NOTHING = np.ones((480, 640), bool), np.zeros((480, 640), bool)


@pytest.fixture(scope="module")
def clip() -> Clip:
    return load_clip()


@pytest.fixture(scope="module")
def truth(clip: Clip) -> ClipTruth:
    return ClipTruth(clip)


@dataclass(frozen=True)
class Saved:
    """What `ssp-sam say --save` leaves behind for a mask on a frame."""

    text: str
    mask: Path
    overlay: Path


Save = Callable[[int, str, np.ndarray], Saved]


@pytest.fixture
def save(tmp_path: Path, clip: Clip) -> Save:
    def save(frame: int, text: str, mask: np.ndarray) -> Saved:
        outcome = Outcome.FOUND if mask.any() else Outcome.NO_TARGET
        height, width = mask.shape
        result = Result(text, "", outcome, "", mask=mask.astype(np.uint8) * 255, box=(0, 0, width, height))
        saved = Saved(text, tmp_path / "mask.png", tmp_path / "overlay.png")
        cv2.imwrite(str(saved.mask), result.mask)
        cv2.imwrite(str(saved.overlay), draw_overlay(clip.image(frame), [result])[..., ::-1])
        return saved

    return save


@pytest.mark.parametrize("frame", [0, 13, 37])
def test_truth_of_the_shown_frame_is_found(clip: Clip, truth: ClipTruth, save: Save, frame: int) -> None:
    sentence = clip.sentences[0]
    saved = save(frame, sentence.text, clip.truth(frame, sentence))
    assert truth.iou(saved.text, saved.mask, saved.overlay) == pytest.approx(1.0, abs=0.02)


def test_iou_counts_what_is_too_much(clip: Clip, truth: ClipTruth, save: Save) -> None:
    sentence = clip.sentences[0]
    saved = save(20, sentence.text, EVERYTHING)
    iou = truth.iou(saved.text, saved.mask, saved.overlay)
    assert iou == pytest.approx(clip.truth(20, sentence).mean(), rel=0.1)


def test_empty_mask_is_right_for_an_absent_target_only(clip: Clip, truth: ClipTruth, save: Save) -> None:
    absent = next(s for s in clip.sentences if not s.targets)
    for sentence, iou in ((absent, 1.0), (clip.sentences[0], 0.0)):
        saved = save(5, sentence.text, NOTHING)
        assert truth.iou(saved.text, saved.mask, saved.overlay) == iou


def test_sentence_that_the_clip_does_not_know_has_no_iou(truth: ClipTruth, save: Save) -> None:
    saved = save(5, "something else", EVERYTHING)
    assert truth.iou(saved.text, saved.mask, saved.overlay) is None


def test_missing_drawing_is_named(clip: Clip, truth: ClipTruth, save: Save, tmp_path: Path) -> None:
    saved = save(5, clip.sentences[0].text, NOTHING)
    with pytest.raises(OSError, match=r"nowhere\.png is missing"):
        truth.iou(saved.text, saved.mask, tmp_path / "nowhere.png")
