from __future__ import annotations

import pytest

from ssp_sam_ros.session.requests import Request, RequestIntake, same_questions


@pytest.fixture
def intake() -> RequestIntake:
    return RequestIntake(max_expressions=3)


def test_texts_are_numbered(intake: RequestIntake) -> None:
    assert intake.take([], ["  the red mug "], 0, now=7) == (Request("the red mug", "1", 7),)
    assert intake.take([], ["a can"], 0, now=8) == (Request("a can", "2", 8),)


@pytest.mark.parametrize("texts", [[], [""], ["  "], ["", "\n"]])
def test_empty_texts_clear(intake: RequestIntake, texts: list[str]) -> None:
    intake.take([], ["the red mug"], 0, now=7)
    assert intake.take([], texts, 0, now=8) == ()


def test_arrays(intake: RequestIntake) -> None:
    assert intake.take(["a", "b"], ["x", "y"], 5, now=9) == (Request("x", "a", 5), Request("y", "b", 5))
    assert intake.take([], ["x", "y"], 0, now=9) == (Request("x", "1", 9), Request("y", "2", 9))
    assert [request.expression for request in intake.take([], ["x", ""], 0, 9)] == ["x", ""]


def test_the_same_once_more_is_the_same_request(intake: RequestIntake) -> None:
    first = intake.take([], ["the red mug"], 0, now=7)
    assert intake.take([], ["the red mug "], 0, now=8) is first
    assert intake.take(["id"], ["the red mug"], 0, now=9) is not first
    assert intake.take([], ["the red mug"], 0, now=10) == (Request("the red mug", "2", 10),)
    assert intake.take([], ["the red mug"], 11, now=12)[0].stamp == 11
    intake.take([], [""], 0, now=13)
    assert intake.take([], ["the red mug"], 0, now=14)[0].stamp == 14


def test_after_a_jump_back_the_same_is_stamped_anew(intake: RequestIntake) -> None:
    intake.take([], ["the red mug"], 0, now=700)
    intake.forget()
    assert intake.take([], ["the red mug"], 0, now=8)[0].stamp == 8


@pytest.mark.parametrize(
    ("ids", "texts", "text"),
    [
        (["a"], ["x", "y"], "1 ids for 2 expressions"),
        (["a", "a"], ["x", "y"], "ids repeat"),
        ([], ["x"] * 4, "max_expressions is 3"),
        ([], ["x" * 1001], "1001 characters"),
    ],
)
def test_messages_that_are_wrong(intake: RequestIntake, ids: list[str], texts: list[str], text: str) -> None:
    kept = intake.take([], ["the red mug"], 0, 8)
    with pytest.raises(ValueError, match=text):
        intake.take(ids, texts, 0, 9)
    assert intake.take([], ["the red mug"], 0, 9) is kept


def test_the_same_with_another_stamp_keeps_its_ids(intake: RequestIntake) -> None:
    first = intake.take([], ["x", "y"], 5, now=9)
    again = intake.take([], ["x", "y"], 7, now=9)
    assert again == (Request("x", "1", 7), Request("y", "2", 7))
    assert same_questions(first, again)
    assert not same_questions(first, intake.take(["1", "3"], ["x", "y"], 7, now=9))
    assert not same_questions(first, first[:1])
