"""Reliability and trade-off against their definitions."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ssp_sam_training.metrics.calibration import reliability, trade_off


def test_a_calibrated_probability_has_no_error() -> None:
    rng = np.random.default_rng(0)
    probability = rng.random(200_000)
    event = rng.random(200_000) < probability
    right, wrong = reliability(probability, event), reliability(1 - probability, event)
    assert right.ece < 0.01 < 0.3 < wrong.ece
    assert right.brier == pytest.approx(1 / 6, abs=0.01)  # the integral of p (1 - p)
    assert right.nll < wrong.nll


def test_errors_by_hand() -> None:
    measured = reliability(np.array([0.1, 0.1, 0.9, 1.0]), np.array([False, True, True, True]), bins=2)
    low, high = measured.bins
    assert (low.count, low.confidence, low.frequency) == (2, 0.1, 0.5)
    assert (high.count, high.confidence, high.frequency) == (2, pytest.approx(0.95), 1.0)
    assert measured.ece == pytest.approx((2 * 0.4 + 2 * 0.05) / 4)
    assert measured.mce == pytest.approx(0.4)
    assert measured.brier == pytest.approx((0.01 + 0.81 + 0.01 + 0) / 4)
    assert measured.nll == pytest.approx(-np.log([0.9, 0.1, 0.9, 1.0]).mean())


def test_empty_bins_and_certain_mistakes_stay_numbers() -> None:
    measured = reliability(np.array([1.0, 0.0]), np.array([False, True]))
    assert np.isfinite(measured.nll) and measured.ece == 1.0
    plain = json.loads(json.dumps(measured.as_dict(), allow_nan=False))
    assert plain["bins"][7]["frequency"] is None


SCORES = np.array([0.9, 0.6, 0.6, 0.2, 0.7, 0.6, 0.1, 0.0])
ABSENT = np.array([True, True, True, True, False, False, False, False])


@pytest.mark.parametrize("threshold", [0.0, 0.05, 0.1, 0.2, 0.5, 0.6, 0.65, 0.7, 0.9, 0.95, 1.0])
def test_both_shares_at_a_threshold(threshold: float) -> None:
    denied = np.array([one >= threshold for one in SCORES])
    expected = denied[ABSENT].mean(), (~denied[~ABSENT]).mean()
    assert trade_off(SCORES, ABSENT).at(threshold) == expected


def test_wanted_shares_cost_as_little_as_possible() -> None:
    curve = trade_off(SCORES, ABSENT)
    for wanted in (0.0, 0.25, 0.3, 0.75, 0.8, 1.0):
        threshold = curve.for_n_acc(wanted)
        assert curve.at(threshold)[0] >= wanted
        higher = [t for t in curve.threshold if t > threshold]
        assert all(curve.at(t)[0] < wanted for t in higher)
        kept = curve.for_t_acc(wanted)
        assert kept is not None and curve.at(kept)[1] >= wanted
        assert all(curve.at(t)[1] < wanted for t in curve.threshold if t < kept)


def test_the_area_is_the_chance_of_the_right_order() -> None:
    rng = np.random.default_rng(1)
    probability, absent = np.round(rng.random(60), 1), rng.random(60) < 0.4
    pairs = probability[absent][:, None] - probability[~absent][None]
    expected = (pairs > 0).mean() + (pairs == 0).mean() / 2
    assert trade_off(probability, absent).area() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("probability", "event", "message"),
    [
        ([], [], "one probability and one event"),
        ([0.5], [True, False], "one probability and one event"),
        ([1.5], [True], "not between 0 and 1"),
        ([float("nan")], [True], "not between 0 and 1"),
    ],
)
def test_what_cannot_be_compared(probability: list[float], event: list[bool], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        reliability(np.array(probability), np.array(event, bool))


def test_a_trade_off_needs_both_kinds() -> None:
    with pytest.raises(ValueError, match="0 sentences without a target and 2 with one"):
        trade_off(np.array([0.1, 0.2]), np.array([False, False]))
