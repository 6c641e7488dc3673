from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ssp_sam_ros.cli import demo
from ssp_sam_ros.cli.demo_page import Answer
from ssp_sam_ros.cli.main import main
from ssp_sam_ros.perception.drawing import draw_overlay
from ssp_sam_ros.perception.result import Outcome, Result
from ssp_sam_ros.sim.clip import Clip, ClipSentence, load_clip

NAN = float("nan")


@pytest.fixture(scope="module")
def clip() -> Clip:
    return load_clip()


def _record(folder: Path, clip: Clip, frame: int, text: str, mask: np.ndarray) -> dict[str, Any]:
    """What `ssp-sam say --json --save` leaves behind for a mask on a frame."""
    outcome = Outcome.FOUND if mask.any() else Outcome.NO_TARGET
    height, width = mask.shape
    result = Result(text, "", outcome, "", mask=mask.astype(np.uint8) * 255, box=(0, 0, width, height))
    drawing = draw_overlay(clip.image(frame), [result])
    paths = {name: str(folder / f"{frame}_{name}.png") for name in ("mask", "overlay")}
    cv2.imwrite(paths["mask"], result.mask)
    cv2.imwrite(paths["overlay"], drawing[..., ::-1])
    return {"expression": text, "outcome": outcome.value, "reason": "", "box": result.box, "score": None} | {
        "ms": {"total": 12.0},
        **paths,
    }


@pytest.mark.parametrize("frame", [0, 13, 37])
def test_truth_of_the_shown_frame_is_found(tmp_path: Path, clip: Clip, frame: int) -> None:
    sentence = clip.sentences[0]
    record = _record(tmp_path, clip, frame, sentence.text, clip.truth(frame, sentence))
    assert demo._answer(record, clip).iou == pytest.approx(1.0, abs=0.02)


def test_iou_counts_what_is_too_much(tmp_path: Path, clip: Clip) -> None:
    sentence = clip.sentences[0]
    everything = np.ones((480, 640), bool)
    record = _record(tmp_path, clip, 20, sentence.text, everything)
    iou = demo._answer(record, clip).iou
    assert iou == pytest.approx(clip.truth(20, sentence).mean(), rel=0.1)


def test_empty_mask_is_right_for_an_absent_target_only(tmp_path: Path, clip: Clip) -> None:
    nothing = np.zeros((480, 640), bool)
    absent = next(s for s in clip.sentences if not s.targets)
    assert demo._answer(_record(tmp_path, clip, 5, absent.text, nothing), clip).iou == 1.0
    assert demo._answer(_record(tmp_path, clip, 6, clip.sentences[0].text, nothing), clip).iou == 0.0


def test_sentence_without_truth_has_no_iou(tmp_path: Path, clip: Clip) -> None:
    record = _record(tmp_path, clip, 5, "something else", np.ones((480, 640), bool))
    assert demo._answer(record, clip).iou is None
    assert demo._answer(record | {"expression": clip.sentences[0].text}, None).iou is None


def _said(text: str, outcome: str, iou: float | None) -> Answer:
    return Answer(text, outcome, (0, 0, 0, 0), NAN, 1.0, iou, None)


def test_verdict_counts_agreement_with_the_truth() -> None:
    sentences = [ClipSentence("a", "attribute", (0,)), ClipSentence("b", "absent", ())]
    right, wrong = _said("a", "FOUND", 0.9), _said("b", "FOUND", 0.0)
    assert demo._verdict([right, wrong], sentences).startswith("1 of 2")
    assert demo._verdict([_said("a", "FOUND", 0.3)], sentences).startswith("0 of 1")
    live = demo._verdict([_said("a", "FOUND", None), _said("b", "NO_TARGET", None)], sentences)
    assert live.startswith("2 of 2")
    assert "outcome only" in live
    assert "none of them" in demo._verdict([_said("c", "FOUND", None)], sentences)


@pytest.mark.slow
def test_three_processes_answer_and_a_failure_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentences = ["--sentence", "the red plate", "--sentence", "the red zebra"]
    code = main(["demo", "--out", str(tmp_path), "--weights", "random", "--device", "cpu", *sentences])
    table = capsys.readouterr().out
    page = (tmp_path / "index.html").read_text("utf-8")
    assert code == 1  # one of the two has no answer
    assert "the red zebra  FAILED" in table
    assert "zebra" in page.partition('title="')[2].partition('"')[0]
    assert page.count("<img") == 1
    assert len(list((tmp_path / "answers").glob("*_mask.png"))) == 1


@pytest.mark.slow
def test_node_that_cannot_start_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["demo", "--out", str(tmp_path), "--weights", str(tmp_path / "lost.safetensors")])
    said = capsys.readouterr().err
    assert code == 1
    assert "node ended early with exit code 1" in said
    assert "lost.safetensors" in said
