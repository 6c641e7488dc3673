"""Box IoU and Acc@0.5."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from ssp_sam_training.metrics import BoxAccumulator, box_hit, box_iou

number = st.floats(0, 500, allow_nan=False, width=32)
size = st.floats(1, 300, allow_nan=False, width=32)


@given(st.tuples(number, number, size, size), st.tuples(number, number, size, size))
def test_iou_is_that_of_pycocotools(first: tuple[float, ...], second: tuple[float, ...]) -> None:
    expected = coco_mask.iou(np.array([first]), np.array([second]), [0])[0, 0]
    corners = [(x, y, x + w, y + h) for x, y, w, h in (first, second)]
    assert box_iou(*corners) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("prediction", "truth", "truth_empty", "hit"),
    [
        ((0, 0, 10, 10), (0, 0, 10, 5), False, True),  # IoU is exactly 0.5
        ((0, 0, 10, 10), (0, 0, 10, 4.9), False, False),
        ((0, 0, 0, 0), (0, 0, 10, 10), False, False),
        ((0, 0, 0, 0), (0, 0, 0, 0), False, False),
        ((5, 5, 8, 8.3), (0, 0, 0, 0), True, True),
        ((5, 5, 8, 8.4), (0, 0, 0, 0), True, False),
        ((8, 8, 5, 5), (0, 0, 0, 0), True, True),
    ],
)
def test_hits(prediction: tuple[float, ...], truth: tuple[float, ...], truth_empty: bool, hit: bool) -> None:
    assert box_hit(prediction, truth, truth_empty) is hit


def test_accuracy_is_the_share_of_hits() -> None:
    accumulator, other = BoxAccumulator(), BoxAccumulator()
    for hit in (True, False, True):
        accumulator.add(hit)
    other.add(False)
    accumulator.merge(other)
    assert (len(accumulator), accumulator.summary()) == (4, 0.5)
