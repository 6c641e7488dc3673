"""What the closed loop calls what happened, and what it makes of many episodes."""

from __future__ import annotations

from typing import Any

import pytest
from closed_loop import ABSTAINED, MISSED, RIGHT, UNANSWERED, UNPLANNED, WRONG, summarise, tables, verdict


@pytest.mark.parametrize(
    ("targets", "allowed", "outcome", "removed", "wanted"),
    [
        ((2,), {2}, "FOUND", (2,), RIGHT),
        ((2,), {2, 5}, "FOUND", (2, 5), RIGHT),  # what stood on it may come along
        ((2,), {2}, "FOUND", (2, 5), WRONG),
        ((2,), {2, 5}, "FOUND", (5,), WRONG),
        ((2,), {2}, "FOUND", (), MISSED),
        ((2,), {2}, "FOUND", None, UNPLANNED),
        ((2,), {2}, "NO_TARGET", None, ABSTAINED),
        ((), set(), "NO_TARGET", None, ABSTAINED),
        ((), set(), "FAILED", None, UNANSWERED),  # an unknown word is no abstention
        ((), set(), "FOUND", (1,), WRONG),
    ],
)
def test_verdicts(
    targets: tuple[int, ...], allowed: set[int], outcome: str, removed: tuple[int, ...] | None, wanted: str
) -> None:
    assert verdict(targets, allowed, outcome, removed) == wanted


def row(masks: str, sort: str, verdict: str, seconds: float | None = None) -> dict[str, Any]:
    times = {} if seconds is None else {"planning_s": seconds, "motion_s": 3.0}
    return {
        "masks": masks, "sort": sort, "verdict": verdict, "kind": "place", "perception_s": 0.1, **times,
    }  # fmt: skip


def test_counts_and_times_of_both_masks() -> None:
    episodes = [
        row("model", "present", RIGHT, 0.2),
        row("model", "present", ABSTAINED),
        row("model", "absent", WRONG, 9.0),  # its time is none from a sentence to what was meant
        row("truth", "present", RIGHT, 0.4),
        row("truth", "absent", ABSTAINED),
    ]
    result = summarise(episodes)
    assert result["counts"]["model"]["present"][RIGHT] == 1
    assert result["counts"]["model"]["absent"][WRONG] == 1
    assert result["kinds"]["place"][WRONG] == 1
    assert result["times"]["model"]["sentence_to_command_s"]["p50"] == pytest.approx(0.3)
    assert result["times"]["truth"]["sentence_to_grasp_s"]["p50"] == pytest.approx(3.5)
    printed = tables(result)
    assert "1/2: 50.0 %" in printed and "sentence to grasp" in printed


def test_nobody_moved() -> None:
    result = summarise([row("model", "present", ABSTAINED), row("truth", "absent", ABSTAINED)])
    assert result["times"] == {"model": {}, "truth": {}} and tables(result)
