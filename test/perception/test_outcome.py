from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ssp_sam_ros.perception.outcome import (
    NoTargetRule,
    finite_rows,
    judge,
    kth_largest,
    mean_probability,
    no_target_pixels,
    no_target_probability,
    tight_box,
)
from ssp_sam_ros.perception.result import NO_BOX, Outcome


@pytest.mark.parametrize(
    ("size", "least", "k"),
    [((512, 512), 50, 50), ((480, 640), 50, 78), ((64, 64), 50, 1), ((1, 1), 0, 1), ((1024, 10), 50, 200)],
)
def test_least_pixels_of_a_target(size, least, k):
    assert no_target_pixels(size, least) == k


def logits_with(positive: int, size: tuple[int, int] = (20, 30)) -> torch.Tensor:
    values = -torch.rand(size, generator=torch.Generator().manual_seed(0)) - 1e-6
    values.view(-1)[
        torch.randperm(values.numel(), generator=torch.Generator().manual_seed(1))[:positive]
    ] *= -1
    return values[None]


@given(st.integers(0, 600), st.integers(1, 600))
def test_half_means_fewer_than_k_positive_pixels(positive, k):
    probability = no_target_probability(kth_largest(logits_with(positive), k).item())
    assert (probability >= 0.5) == (positive < k)


@pytest.mark.parametrize("logit", [1e-300, 1e-12, 0.3, 40.0, 1e4])
def test_a_positive_logit_stays_below_a_half(logit):
    assert no_target_probability(logit) < 0.5
    assert no_target_probability(-logit) >= 0.5


def test_probability_values():
    assert no_target_probability(0.0) == 0.5
    assert no_target_probability(-math.inf) == 1.0
    assert no_target_probability(1.5) == pytest.approx(1 - 1 / (1 + math.exp(-1.5)))
    assert no_target_probability(-800.0) == 1.0 and no_target_probability(800.0) == 0.0


def test_no_probability_is_made_of_what_is_no_number():
    assert math.isnan(no_target_probability(math.nan))


def test_one_value_that_is_not_finite_spoils_its_row_alone():
    logits, boxes = torch.zeros(4, 1, 3, 3), torch.zeros(4, 4)
    logits[0, 0, 1, 2] = math.nan
    logits[1, 0, 0, 0] = -math.inf
    boxes[2, 3] = math.nan
    assert finite_rows(logits, boxes).tolist() == [False, False, False, True]


def test_kth_largest_of_each_row():
    values = torch.tensor([[[5.0, 1.0], [3.0, -2.0]], [[0.0, 0.0], [7.0, 7.0]]])
    assert kth_largest(values, 1).tolist() == [5.0, 7.0]
    assert kth_largest(values, 3).tolist() == [1.0, 0.0]
    assert kth_largest(values, 5).tolist() == [-math.inf, -math.inf]


@pytest.mark.parametrize("size", [(5, 7), (8, 8), (37, 41), (120, 160), (480, 640)])
@pytest.mark.parametrize("levels", [3, 100_000])
def test_kth_largest_is_the_sorted_one(size: tuple[int, int], levels: int):
    """Wherever the largest lie, in one place or everywhere, with many equal ones or none."""
    generator = torch.Generator().manual_seed(size[0] + levels)
    scattered = torch.randint(levels, (2, *size), generator=generator).float()
    heaped = scattered[0].flatten().sort().values.reshape(size)
    masks = torch.cat([scattered, heaped[None], heaped.flip(0)[None]])
    for k in {1, 2, 34, 78, 300, size[0] * size[1]} & set(range(1, size[0] * size[1] + 1)):
        expected = masks.flatten(1).sort(dim=1, descending=True).values[:, k - 1]
        assert torch.equal(kth_largest(masks, k), expected)


def test_mean_probability_counts_the_mask_only():
    values = torch.tensor([[[2.0, -9.0], [0.0, 1.0]], [[-1.0, -1.0], [-1.0, 0.0]]])
    first, second = mean_probability(values).tolist()
    assert first == pytest.approx((1 / (1 + math.exp(-2)) + 1 / (1 + math.exp(-1))) / 2)
    assert math.isnan(second)


def test_tight_box_is_half_open():
    mask = np.zeros((10, 12), np.uint8)
    mask[3, 4] = mask[6, 9] = 255
    assert tight_box(mask) == (4, 3, 10, 7)
    assert tight_box(np.ones((10, 12), np.uint8)) == (0, 0, 12, 10)
    assert tight_box(np.zeros((10, 12), np.uint8)) == NO_BOX


def some_mask(pixels: int) -> np.ndarray:
    mask = np.zeros((8, 9), np.uint8)
    mask.reshape(-1)[:pixels] = 255
    return mask


def test_found():
    verdict = judge(some_mask(12), kth_logit=1.0, score=0.8, rule=NoTargetRule())
    assert verdict.outcome is Outcome.FOUND
    assert verdict.box == (0, 0, 9, 2) and verdict.score == 0.8
    assert verdict.no_target_probability == pytest.approx(0.2689, abs=1e-4)
    np.testing.assert_array_equal(verdict.mask, some_mask(12))


def test_no_target_has_an_empty_mask_even_if_some_pixels_were_positive():
    verdict = judge(some_mask(2), kth_logit=-0.1, score=0.6, rule=NoTargetRule())
    assert verdict.outcome is Outcome.NO_TARGET
    assert not verdict.mask.any() and verdict.box == NO_BOX and math.isnan(verdict.score)


def test_the_threshold_decides():
    for threshold, outcome in ((0.2, Outcome.NO_TARGET), (0.3, Outcome.FOUND)):
        assert judge(some_mask(5), 1.0, 0.7, NoTargetRule(threshold)).outcome is outcome
    assert judge(some_mask(5), 1.0, 0.7, NoTargetRule(0.0)).outcome is Outcome.NO_TARGET


def test_nothing_is_found_in_an_empty_mask():
    verdict = judge(some_mask(0), kth_logit=-0.1, score=math.nan, rule=NoTargetRule(threshold=0.9))
    assert verdict.outcome is Outcome.NO_TARGET


def test_masks_have_their_own_memory_and_cannot_be_changed():
    batch = np.stack([some_mask(4)] * 2)
    verdict = judge(batch[0], 1.0, 0.7, NoTargetRule())
    assert not np.shares_memory(verdict.mask, batch)
    with pytest.raises(ValueError, match="read-only"):
        verdict.mask[0, 0] = 1


@pytest.mark.parametrize(
    ("threshold", "least"), [(-0.1, 50), (1.1, 50), (math.nan, 50), (0.5, -1), (0.5, math.inf)]
)
def test_rules_that_mean_nothing(threshold, least):
    with pytest.raises(ValueError, match="no_target"):
        NoTargetRule(threshold, least)
