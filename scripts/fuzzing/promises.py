"""What must hold for every input (docs/inputs.md)."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

import numpy as np

from ssp_sam_ros.perception.drawing import draw_overlay
from ssp_sam_ros.perception.result import NO_BOX, Outcome, Result


class BrokenPromiseError(AssertionError):
    """A promise is broken: a wrong shape, a box outside the picture, a reason that is missing."""


def promise(holds: bool, what: str) -> None:
    """Raise `BrokenPromiseError` unless it holds."""
    if not holds:
        raise BrokenPromiseError(what)


def one_line(error: Exception) -> None:
    """An error's text is one line that says something."""
    text = str(error)
    promise(bool(text.strip()), f"{type(error).__name__} says nothing")
    promise("\n" not in text, f"the error has several lines: {text!r}")


def check_result(result: Result, image_size: tuple[int, int]) -> None:
    """Mask, box and numbers of a result fit its outcome and the picture's (height, width)."""
    height, width = image_size
    promise(result.outcome in (Outcome.FOUND, Outcome.NO_TARGET, Outcome.FAILED), f"{result.outcome}")
    if result.outcome is Outcome.FAILED:
        promise(bool(result.reason) and "\n" not in result.reason, f"reason {result.reason!r}")
        promise(len(result.reason) < 1000, "the reason has no end")
        promise(result.mask is None and result.box == NO_BOX, "FAILED with a mask or a box")
        result.reason.encode("utf-8")
        return
    mask = result.mask
    promise(mask is not None and mask.shape == (height, width), f"mask {getattr(mask, 'shape', None)}")
    assert mask is not None
    promise(mask.dtype == np.uint8 and not mask.flags.writeable, f"mask {mask.dtype}")
    promise(bool(np.isin(mask, (0, 255)).all()), "mask values")
    promise(0 <= result.no_target_probability <= 1, f"no-target probability {result.no_target_probability}")
    for value, side in zip(result.network_box, (width, height) * 2, strict=True):
        promise(0 <= value <= side, f"network box {result.network_box}")
    x1, y1, x2, y2 = result.box
    if result.outcome is Outcome.NO_TARGET:
        promise(result.box == NO_BOX and not mask.any() and math.isnan(result.score), "NO_TARGET with one")
        return
    promise(0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height, f"box {result.box} in {width} x {height}")
    promise(int(np.count_nonzero(mask[y1:y2, x1:x2])) == result.pixels > 0, "the box does not hold the mask")
    promise(0.5 <= result.score <= 1, f"score {result.score}")


def check_showing(image: np.ndarray, results: Sequence[Result]) -> None:
    """Results can be drawn into their picture and written as JSON, whatever their texts are."""
    promise(draw_overlay(image, results).shape == image.shape, "the drawing has another size")
    for result in results:
        json.dumps([result.expression, result.reason, *result.unknown_words, *result.warnings]).encode()
