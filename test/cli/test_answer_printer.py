"""What `ssp-sam say` prints and saves, from real messages."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rosbags", reason="needs the extra dds")

from ssp_sam_ros.cli.answer_printer import AnswerPrinter
from ssp_sam_ros.dds.messages import make
from ssp_sam_ros.perception.image_file import read_image
from ssp_sam_ros.perception.result import ABOUT_MODEL, Outcome, Result
from ssp_sam_ros.session.answers import Answer
from ssp_sam_ros.session.messages import MessageBuilder
from ssp_sam_ros.session.requests import Request

DRAWING = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)


def message(outcome: Outcome = Outcome.FOUND, warnings: tuple[str, ...] = ()) -> Any:
    """A ReferringResult as it comes from a node."""
    builder = MessageBuilder(make)
    mask = np.zeros((4, 6), np.uint8)
    mask[1:3, 2:5] = 255
    answered = outcome is Outcome.FOUND
    result = Result(
        "The red mug!",
        "1",
        outcome,
        "" if answered else "why",
        mask if answered else None,
        (2, 1, 5, 3),
        warnings=warnings,
    )
    return builder.result(builder.header(1_500_000_000, "camera"), Answer(Request("x", "1", 0), result))


@pytest.fixture
def operator() -> Any:
    """Has a drawing for every answer."""
    builder = MessageBuilder(make)
    drawing = builder.image(builder.header(0, ""), DRAWING)
    return SimpleNamespace(overlay=lambda result: drawing)


def test_masks_and_drawings_are_saved(
    tmp_path: Path, operator: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    printer = AnswerPrinter(True, tmp_path / "new" / "folder")
    printer.answer(message(), operator)
    printer.answer(message(Outcome.FAILED), operator)
    found, failed = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert Path(found["mask"]).name == "000_the_red_mug_mask.png"
    assert np.count_nonzero(read_image(Path(found["mask"]))[..., 0]) == found["pixels"] == 6
    np.testing.assert_array_equal(read_image(Path(found["overlay"])), DRAWING)
    assert (failed["mask"], failed["overlay"], failed["reason"]) == (None, None, "why")
    assert printer.any_answered


@pytest.mark.parametrize(
    ("outcome", "answered"), [(Outcome.FOUND, True), (Outcome.FAILED, False), (Outcome.STALE, False)]
)
def test_whether_there_was_an_answer(operator: Any, outcome: Outcome, answered: bool) -> None:
    printer = AnswerPrinter(True, None)
    printer.answer(message(outcome), operator)
    assert printer.any_answered is answered


def test_remarks_about_the_model_are_printed_once(operator: Any, capsys: pytest.CaptureFixture[str]) -> None:
    printer = AnswerPrinter(False, None)
    for _ in range(2):
        printer.answer(message(warnings=("cut", f"{ABOUT_MODEL}for simulated tabletops only")), operator)
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading.startswith("expression")
    assert [line.split()[0] for line in lines] == ["The", "cut", "model:", "The", "cut"]


@pytest.mark.parametrize("name", ["000_the_red_mug_mask.png", "000_the_red_mug.png"])
def test_a_file_that_cannot_be_written_is_an_error_not_a_claim(
    tmp_path: Path, operator: Any, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).mkdir()  # in the way of the file
    printer = AnswerPrinter(True, tmp_path)
    with pytest.raises(OSError, match=name):
        printer.answer(message(), operator)
    assert capsys.readouterr().out == ""
