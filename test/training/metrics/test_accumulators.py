"""Sums over samples: empty sets, merged parts, exact thresholds, intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ssp_sam_training.metrics import (
    PRECISION_THRESHOLDS,
    BoxAccumulator,
    GresAccumulator,
    PaperAccumulator,
    PhraseCutAccumulator,
    SampleScore,
    precision_name,
    score_phrasecut,
)


def random_scores(count: int, seed: int = 0) -> list[SampleScore]:
    rng = np.random.default_rng(seed)
    scores = []
    for _ in range(count):
        union, truth_empty = int(rng.integers(50, 400)), bool(rng.random() < 0.2)
        intersection = 0 if truth_empty else int(rng.integers(0, union + 1))
        scores.append(
            SampleScore(intersection / union, intersection, union, truth_empty, bool(rng.random() < 0.3))
        )
    return scores


def test_nothing_is_not_a_number() -> None:
    gres, paper = GresAccumulator().summary(intervals=True), PaperAccumulator().summary()
    assert (gres.samples, paper.samples) == (0, 0)
    values = (gres.giou, gres.ciou, gres.n_acc, gres.t_acc, paper.giou, paper.ciou, paper.n_acc_paper)
    assert all(math.isnan(value) for value in values)
    assert all(math.isnan(bound) for interval in gres.intervals.values() for bound in interval)
    assert math.isnan(BoxAccumulator().summary())


def test_without_an_empty_truth_gres_is_plain_mean_iou() -> None:
    accumulator = GresAccumulator()
    accumulator.add(SampleScore(0.5, 10, 20, False, False), 1)
    accumulator.add(SampleScore(0.1, 10, 100, False, False), 2)
    summary = accumulator.summary()
    assert summary.giou == pytest.approx(0.3)
    assert summary.ciou == pytest.approx(20 / 120)
    assert math.isnan(summary.n_acc)
    assert summary.t_acc == 1.0


@pytest.mark.parametrize("kind", [GresAccumulator, PaperAccumulator])
def test_merged_parts_are_the_whole(kind: type[GresAccumulator] | type[PaperAccumulator]) -> None:
    whole, first, second = kind(), kind(), kind()
    for number, score in enumerate(random_scores(101)):
        whole.add(score, number)
        (first if number < 37 else second).add(score, number)
    first.merge(second)  # type: ignore[arg-type]
    assert len(first) == 101
    assert first.summary() == whole.summary()
    whole.reset()
    assert len(whole) == 0


@pytest.mark.parametrize("threshold", PRECISION_THRESHOLDS)
def test_an_iou_at_the_threshold_counts(threshold: float) -> None:
    intersection = round(threshold * 100)
    gres, paper = GresAccumulator(), PaperAccumulator()
    gres.add(SampleScore(intersection / 100, intersection, 100, False, False), 1)
    paper.add(
        SampleScore(float(np.float32(intersection) / np.float32(100)), intersection, 100, False, False), 1
    )
    assert gres.summary().precision[threshold] == 1.0
    assert paper.summary().precision[threshold] == 1.0


def test_precision_counts_targets_only_in_gres_and_everything_in_paper() -> None:
    scores = [
        SampleScore(1.0, 0, 0, True, True),
        SampleScore(0.0, 0, 60, True, False),
        SampleScore(0.9, 90, 100, False, False),
        SampleScore(0.0, 0, 100, False, True),
    ]
    gres, paper = GresAccumulator(), PaperAccumulator()
    for score in scores:
        gres.add(score, 1)
        paper.add(score, 1)
    assert gres.summary().precision[0.5] == 0.5
    assert paper.summary().precision[0.5] == 0.5
    assert (gres.summary().precision[0.95], paper.summary().precision[0.95]) == (0.0, 0.25)
    assert (gres.summary().n_acc, gres.summary().t_acc) == (0.5, 0.5)


def test_intervals_hold_the_value_and_are_reproducible() -> None:
    accumulator = GresAccumulator()
    for number, score in enumerate(random_scores(300)):
        accumulator.add(score, number // 3)
    summary = accumulator.summary(intervals=True)
    values = {"giou": summary.giou, "ciou": summary.ciou, "n_acc": summary.n_acc, "t_acc": summary.t_acc} | {
        precision_name(threshold): value for threshold, value in summary.precision.items()
    }
    assert summary.intervals.keys() == values.keys()
    for name, (low, high) in summary.intervals.items():
        assert low <= values[name] <= high
        assert 0 < high - low < 0.35
    assert accumulator.summary(intervals=True) == summary
    assert accumulator.summary().intervals == {}


@pytest.mark.parametrize("kind", [GresAccumulator, PaperAccumulator])
def test_a_repeated_sample_counts_once(kind: type[GresAccumulator] | type[PaperAccumulator]) -> None:
    scores = random_scores(101)
    whole = kind()
    for number, score in enumerate(scores):
        whole.add(score, number, number)
    # A sampler that gives two processes 51 each starts again at the front; the order is another, too.
    halves = kind(), kind()
    for number in [*range(101), 0]:
        halves[number % 2].add(scores[number], number, number)
    halves[1].merge(halves[0])  # type: ignore[arg-type]
    assert len(halves[1]) == 101
    assert halves[1].summary() == whole.summary()


def test_boxes_count_once_too() -> None:
    first, second = BoxAccumulator(), BoxAccumulator()
    for key, hit in (("a", True), ("b", False), ("a", True)):
        first.add(hit, key)
    second.add(True, "a")
    second.add(True, "c")
    second.add(True)
    second.add(True)
    first.merge(second)
    assert len(first) == 5
    assert first.summary() == 4 / 5


def test_phrasecut_compares_strictly_and_counts_small_masks() -> None:
    truth = np.zeros((10, 10), bool)
    truth[:2, :4] = True
    half = truth.copy()
    half[0] = False
    accumulator = PhraseCutAccumulator()
    for number, prediction in enumerate([truth, half, np.zeros_like(truth)]):
        accumulator.add(score_phrasecut(prediction, truth), number)
    summary = accumulator.summary()
    assert (summary.samples, summary.mean_iou) == (3, 0.5)
    assert summary.cumulative_iou == 12 / 24
    assert summary.precision[0.5] == 1 / 3  # exactly one half is not above it
