from __future__ import annotations

from pathlib import Path

import pytest

from ssp_sam_ros.cli import demo
from ssp_sam_ros.cli.demo_page import Answer
from ssp_sam_ros.cli.main import main
from ssp_sam_ros.sim.clip import ClipSentence

NAN = float("nan")


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
