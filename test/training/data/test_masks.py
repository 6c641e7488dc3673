"""Segmentations to masks, against masks drawn by other means."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco_mask

from ssp_sam_training.data import decode_segmentation


def column_major_counts(mask: np.ndarray) -> list[int]:
    """COCO's uncompressed run lengths: columns first, beginning with a run of zeros."""
    flat = np.concatenate([[False], mask.T.ravel()])
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    edges = np.concatenate([[0], changes, [mask.size]])
    return np.diff(edges).tolist()


masks = hnp.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))


@settings(max_examples=50, deadline=None)
@given(masks)
def test_run_lengths_of_every_form_give_the_mask_back(mask: np.ndarray) -> None:
    size = list(mask.shape)
    compressed = coco_mask.encode(np.asfortranarray(mask, np.uint8))
    forms: list[Any] = [
        {"size": size, "counts": column_major_counts(mask)},
        {"size": size, "counts": compressed["counts"]},
        {"size": size, "counts": compressed["counts"].decode()},
        [{"size": size, "counts": compressed["counts"].decode()}],  # ReferIt keeps a list of them
    ]
    for form in forms:
        decoded = decode_segmentation(form, *mask.shape)
        assert decoded.dtype == np.bool_
        np.testing.assert_array_equal(decoded, mask)


def test_overlapping_polygons_are_one_mask() -> None:
    first, second = [2, 2, 12, 2, 12, 12, 2, 12], [6, 6, 18, 6, 18, 16, 6, 16]
    decoded = decode_segmentation([first, second], 20, 30)
    expected = np.zeros((20, 30), bool)
    expected[2:12, 2:12] = expected[6:16, 6:18] = True
    np.testing.assert_array_equal(decoded, expected)


@pytest.mark.parametrize("segmentation", [[], [[]], [[3, 3, 9, 9]]], ids=["none", "empty", "two corners"])
def test_a_segmentation_without_area_is_empty(segmentation: list[Any]) -> None:
    decoded = decode_segmentation(segmentation, 20, 30)
    assert decoded.shape == (20, 30)
    assert not decoded.any()


def test_a_line_does_not_hide_the_polygon_beside_it() -> None:
    decoded = decode_segmentation([[0, 0, 9, 9], [2, 2, 6, 2, 6, 6, 2, 6]], 20, 30)
    assert decoded.sum() == 16


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        ("abc", "not str"),
        (None, "not NoneType"),
        ([3.0, 4.0], "not float"),
        ([[1, 2, 3, 4, 5, 6, 7]], "x and y for every corner"),
        ({"counts": [600]}, "'counts' and 'size'"),
        ({"size": [30, 20], "counts": [600]}, r"\(h, w\) \[30, 20\]"),
        ({"size": [20, 30], "counts": [10, 20]}, "cover 30 pixels"),
    ],
)
def test_what_is_wrong_is_said(segmentation: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decode_segmentation(segmentation, 20, 30)
