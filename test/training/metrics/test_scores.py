"""Both protocols, on the recorded cases and row by row of the benchmark's table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco_mask

from ssp_sam_training.metrics import (
    GresAccumulator,
    PaperAccumulator,
    SampleScore,
    intersection_and_union,
    score_failure,
    score_gres,
    score_paper,
)

Cases = tuple[list[tuple[np.ndarray, np.ndarray]], dict[str, Any]]


@pytest.fixture(scope="module")
def cases(reference_fixtures: Path) -> Cases:
    recorded = json.loads((reference_fixtures / "metric_cases.json").read_text())
    bits = np.load(reference_fixtures / "metric_cases.npz")
    shape = tuple(recorded["shape"])
    unpacked = (
        [np.unpackbits(row).reshape(shape).astype(bool) for row in bits[name]]
        for name in ("prediction_bits", "truth_bits")
    )
    return list(zip(*unpacked, strict=True)), recorded


@pytest.mark.parity
def test_gres_gives_the_recorded_results(cases: Cases) -> None:
    pairs, recorded = cases
    accumulator = GresAccumulator()
    for number, (prediction, truth) in enumerate(pairs):
        accumulator.add(score_gres(prediction, truth), number)
    summary, expected = accumulator.summary(), recorded["gres"]
    assert summary.samples == recorded["count"]
    for name in ("giou", "ciou", "n_acc", "t_acc"):
        assert getattr(summary, name) == pytest.approx(expected[name], rel=0, abs=1e-9)
    precision = {f"{x:.2f}": value for x, value in summary.precision.items()}
    assert precision == pytest.approx(expected["pr"], rel=0, abs=1e-9)


@pytest.mark.parity
def test_paper_gives_the_recorded_results(cases: Cases) -> None:
    pairs, recorded = cases
    accumulator = PaperAccumulator()
    for number, (prediction, truth) in enumerate(pairs):
        accumulator.add(score_paper(prediction, truth), number)
    summary, expected = accumulator.summary(), recorded["paper"]
    for name in ("giou", "ciou", "n_acc_paper"):
        assert getattr(summary, name) == pytest.approx(expected[name], rel=0, abs=1e-9)
    precision = {f"{x:.2f}": value for x, value in summary.precision.items() if x <= 0.9}
    assert precision == pytest.approx(expected["pr"], rel=0, abs=1e-9)


def square(pixels: int, start: int = 0) -> np.ndarray:
    """(40, 50) mask with `pixels` set, from flat position `start` on."""
    mask = np.zeros(2000, bool)
    mask[start : start + pixels] = True
    return mask.reshape(40, 50)


EMPTY = square(0)


@pytest.mark.parametrize(
    ("prediction", "truth", "says_empty", "expected"),
    [
        (square(0), EMPTY, None, SampleScore(1.0, 0, 0, True, True)),
        (square(49), EMPTY, None, SampleScore(1.0, 0, 0, True, True)),
        (square(50), EMPTY, None, SampleScore(0.0, 0, 50, True, False)),
        (square(49), square(100), None, SampleScore(0.0, 0, 100, False, True)),
        (square(49, 80), square(100), None, SampleScore(0.0, 0, 129, False, True)),
        (square(50), square(100), None, SampleScore(0.5, 50, 100, False, False)),
        # The model's own output wins over the count, both ways.
        (square(900), EMPTY, True, SampleScore(1.0, 0, 0, True, True)),
        (square(0), EMPTY, False, SampleScore(0.0, 0, 0, True, False)),
        (square(100), square(100), True, SampleScore(0.0, 0, 100, False, True)),
        (square(10), square(20), False, SampleScore(0.5, 10, 20, False, False)),
    ],
)
def test_gres_table(
    prediction: np.ndarray, truth: np.ndarray, says_empty: bool | None, expected: SampleScore
) -> None:
    assert score_gres(prediction, truth, says_empty) == expected


@pytest.mark.parametrize(
    ("prediction", "truth", "expected"),
    [
        (square(49), EMPTY, SampleScore(1.0, 0, 0, True, True)),
        (square(50), EMPTY, SampleScore(0.0, 0, 50, True, False)),
        (square(49), square(98), SampleScore(0.5, 49, 98, False, True)),  # no rule for small predictions here
        (square(0), square(98), SampleScore(0.0, 0, 98, False, True)),
    ],
)
def test_paper_rules(prediction: np.ndarray, truth: np.ndarray, expected: SampleScore) -> None:
    assert score_paper(prediction, truth) == expected


def test_no_answer_is_wrong_whatever_the_truth() -> None:
    accumulator = GresAccumulator()
    accumulator.add(score_failure(EMPTY), 1)
    accumulator.add(score_failure(square(60)), 1)
    summary = accumulator.summary()
    assert (summary.giou, summary.ciou, summary.n_acc, summary.t_acc) == (0, 0, 0, 0)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_iou_is_that_of_pycocotools(data: st.DataObject) -> None:
    shape = data.draw(st.tuples(st.integers(1, 30), st.integers(1, 30)))
    prediction, truth = (data.draw(hnp.arrays(bool, shape)) for _ in range(2))
    intersection, union = intersection_and_union(prediction, truth)
    encoded = [coco_mask.encode(np.asfortranarray(mask, np.uint8)) for mask in (prediction, truth)]
    expected = coco_mask.iou(encoded[:1], encoded[1:], [0])[0, 0]
    assert (intersection / union if union else 0.0) == pytest.approx(expected, abs=1e-12)


def test_masks_of_two_sizes_or_of_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(40, 50\) and truth \(50, 40\) differ in size"):
        score_gres(EMPTY, EMPTY.T)
    with pytest.raises(ValueError, match="uint8 and bool: pass mask > 0"):
        score_paper(EMPTY.astype(np.uint8), EMPTY)
