"""Intervals by resampling pictures, against what theory says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ssp_sam_training.metrics import bootstrap_interval


def test_width_is_that_of_the_normal_approximation() -> None:
    rng = np.random.default_rng(1)
    values = rng.random(2000)
    low, high = bootstrap_interval(list(range(2000)), values, np.ones(2000), resamples=2000)
    assert high - low == pytest.approx(2 * 1.96 * values.std() / math.sqrt(2000), rel=0.08)
    assert (low + high) / 2 == pytest.approx(values.mean(), abs=0.002)


def test_sentences_of_a_picture_are_drawn_together() -> None:
    rng = np.random.default_rng(2)
    per_picture = rng.random(200)
    alone = bootstrap_interval(list(range(200)), per_picture, np.ones(200))
    repeated = bootstrap_interval(
        np.repeat(range(200), 10).tolist(), np.repeat(per_picture, 10), np.ones(2000)
    )
    assert repeated == pytest.approx(alone)


def test_samples_that_do_not_count_change_nothing() -> None:
    rng = np.random.default_rng(3)
    values = rng.random(50)
    alone = bootstrap_interval(list(range(50)), values, np.ones(50))
    padded = bootstrap_interval(
        list(range(80)), np.concatenate([values, np.zeros(30)]), np.concatenate([np.ones(50), np.zeros(30)])
    )
    assert padded == alone


def test_constant_values_have_no_width() -> None:
    low, high = bootstrap_interval([1, 1, 2, 3], np.full(4, 0.25), np.ones(4))
    assert low == high == 0.25


def test_all_right_and_all_wrong_are_no_certainty() -> None:
    ids = list(range(60))
    low, high = bootstrap_interval(ids, np.ones(60), np.ones(60))
    assert high == 1.0 and low == pytest.approx(0.025 ** (1 / 60))  # 0.940: Clopper-Pearson, 60 of 60
    low, high = bootstrap_interval(ids, np.zeros(60), np.ones(60))
    assert low == 0.0 and high == pytest.approx(1 - 0.025 ** (1 / 60))
    assert bootstrap_interval(ids, np.zeros(60), np.ones(60), bounded=False) == (0.0, 0.0)


def test_columns_of_two_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="got 3, 2, 2"):
        bootstrap_interval([1, 2, 3], np.ones(2), np.ones(2))
