from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from ssp_sam_ros.perception.drawing import COLOURS, draw_overlay
from ssp_sam_ros.perception.outcome import tight_box
from ssp_sam_ros.perception.result import Outcome, Result


def found(name: str, rows: slice, columns: slice, size=(120, 160)) -> Result:
    mask = np.zeros(size, np.uint8)
    mask[rows, columns] = 255
    return Result(name, "", Outcome.FOUND, mask=mask, box=tight_box(mask), score=0.9)


def test_a_mask_is_tinted_in_its_colour_and_the_rest_stays():
    image = np.full((120, 160, 3), 100, np.uint8)
    overlay = draw_overlay(
        image, [found("a", slice(40, 100), slice(60, 120)), found("b", slice(0, 0), slice(0, 0))]
    )
    assert overlay.shape == image.shape and overlay.dtype == np.uint8
    np.testing.assert_allclose(overlay[70, 90], 0.55 * 100 + 0.45 * np.array(COLOURS[0]), atol=1)
    assert (overlay[110, 10] == 100).all()
    assert (image == 100).all()


def test_results_have_colours_of_their_own():
    image = np.zeros((120, 160, 3), np.uint8)
    results = [found("a", slice(60, 110), slice(10, 60)), found("b", slice(60, 110), slice(90, 150))]
    overlay = draw_overlay(image, results)
    assert not np.array_equal(overlay[90, 35], overlay[90, 120])


def test_what_is_not_found_is_said_at_the_bottom():
    image = np.full((240, 320, 3), 100, np.uint8)
    absent = Result(
        "x", "", Outcome.NO_TARGET, mask=np.zeros((240, 320), np.uint8), no_target_probability=0.9
    )
    failed = Result("y", "", Outcome.FAILED, reason="no")
    one, two = draw_overlay(image, [absent]), draw_overlay(image, [absent, failed])
    assert (one[:120] == 100).all() and (one[-10:, :20] != 100).any()
    assert (two != 100).any(axis=(1, 2)).sum() > (one != 100).any(axis=(1, 2)).sum()


def test_read_only_small_and_crowded_pictures():
    image = np.zeros((5, 4, 3), np.uint8)
    image.setflags(write=False)
    results = [found("a very long name indeed " * 9, slice(0, 5), slice(0, 4), (5, 4)) for _ in range(20)]
    assert draw_overlay(image, results).shape == (5, 4, 3)
    assert (draw_overlay(image, []) == image).all()


def test_a_mask_of_another_picture_is_refused():
    with pytest.raises(ValueError, match="size"):
        draw_overlay(np.zeros((10, 10, 3), np.uint8), [found("a", slice(0, 5), slice(0, 5))])


def test_results_and_drawing_need_no_torch():
    code = (
        "import sys, ssp_sam_ros.perception.drawing, ssp_sam_ros; ssp_sam_ros.Outcome; "
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
