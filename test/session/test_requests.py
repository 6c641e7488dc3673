from __future__ import annotations

import pytest

from ssp_sam_ros.session.requests import Request, RequestIntake


@pytest.fixture
def intake() -> RequestIntake:
    return RequestIntake(max_expressions=3)


def test_texts_are_numbered(intake: RequestIntake) -> None:
    assert intake.from_text("  the red mug ", now=7) == (Request("the red mug", "1", 7),)
    assert intake.from_text("a can", now=8) == (Request("a can", "2", 8),)


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_an_empty_text_clears(intake: RequestIntake, text: str) -> None:
    assert intake.from_text(text, now=7) == ()


def test_arrays(intake: RequestIntake) -> None:
    assert intake.from_array(["a", "b"], ["x", "y"], stamp=5, now=9) == (
        Request("x", "a", 5),
        Request("y", "b", 5),
    )
    assert intake.from_array([], ["x", "y"], stamp=0, now=9) == (Request("x", "1", 9), Request("y", "2", 9))
    assert intake.from_array([], [], stamp=0, now=9) == ()
    assert intake.from_array([], ["", " "], stamp=0, now=9) == ()
    assert [r.expression for r in intake.from_array([], ["x", ""], 0, 9)] == ["x", ""]


@pytest.mark.parametrize(
    ("ids", "texts", "text"),
    [
        (["a"], ["x", "y"], "1 ids for 2 expressions"),
        (["a", "a"], ["x", "y"], "ids repeat"),
        ([], ["x"] * 4, "max_expressions is 3"),
        ([], ["x" * 1001], "1001 characters"),
    ],
)
def test_arrays_that_are_wrong(intake: RequestIntake, ids: list[str], texts: list[str], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        intake.from_array(ids, texts, 0, 9)
