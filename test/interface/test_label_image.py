from __future__ import annotations

import numpy as np

from ssp_sam_ros.interface.label_image import label_image


def test_each_connected_part_has_its_number() -> None:
    mask = np.zeros((10, 12), np.uint8)
    mask[1:3, 1:4] = 255
    mask[3, 4] = 255  # touches the first at a corner
    mask[7:9, 8:11] = 255
    labels = label_image(mask)
    assert labels.dtype == np.uint16
    assert set(np.unique(labels)) == {0, 1, 2}
    np.testing.assert_array_equal(labels > 0, mask > 0)
    assert labels[1, 1] == labels[3, 4] != labels[8, 9]


def test_an_empty_mask_has_no_parts() -> None:
    assert not label_image(np.zeros((4, 5), np.uint8)).any()


def test_more_parts_than_numbers() -> None:
    mask = np.zeros((600, 600), np.uint8)
    mask[::2, ::2] = 255
    labels = label_image(mask)
    assert labels.max() == 65535
    np.testing.assert_array_equal(labels > 0, mask > 0)
