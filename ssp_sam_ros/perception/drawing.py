"""A picture with its results drawn into it, for people. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ssp_sam_ros.perception.result import Outcome, Result

Colour = tuple[int, int, int]

COLOURS: tuple[Colour, ...] = (
    (255, 64, 129),  # pink
    (0, 200, 255),  # cyan
    (255, 196, 0),  # amber
    (124, 77, 255),  # violet
    (0, 230, 118),  # green
    (255, 110, 64),  # orange
)
"""Colours of the results in order, repeated; far from most objects' own."""

_TINT = 0.45
_PLATE = (24, 24, 28)
_QUIET = (200, 200, 205)
_LONGEST_LABEL = 60


def draw_overlay(image_rgb: np.ndarray, results: Sequence[Result]) -> np.ndarray:
    """Tinted masks with outlines, boxes and labels; what was not found is said at the bottom.

    Args:
        image_rgb: uint8 (H, W, 3); not written to.
        results: of this picture.

    Returns:
        uint8 RGB (H, W, 3), a new array.

    Raises:
        ValueError: if a mask has another size than the picture.
    """
    canvas = np.array(image_rgb, dtype=np.uint8, order="C")
    height, width = canvas.shape[:2]
    stroke = max(1, round(max(height, width) / 400))
    for colour, result in _coloured(results):
        if result.mask is not None and result.mask.shape != (height, width):
            raise ValueError(
                f"the mask of '{result.expression}' has size {result.mask.shape}, "
                f"the picture {(height, width)}"
            )
        if result.outcome is Outcome.FOUND and result.mask is not None:
            _paint_mask(canvas, result.mask, colour, stroke)
            x1, y1, x2, y2 = result.box
            cv2.rectangle(canvas, (x1, y1), (x2 - 1, y2 - 1), colour, stroke, cv2.LINE_AA)
    return _write_labels(canvas, results, stroke)


def _coloured(results: Sequence[Result]) -> list[tuple[Colour, Result]]:
    return [(COLOURS[i % len(COLOURS)], result) for i, result in enumerate(results)]


def _paint_mask(canvas: np.ndarray, mask: np.ndarray, colour: Colour, stroke: int) -> None:
    inside = mask > 0
    canvas[inside] = (canvas[inside] * (1 - _TINT) + np.array(colour) * _TINT).astype(np.uint8)
    outlines, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(canvas, outlines, -1, (255, 255, 255), stroke + 2, cv2.LINE_AA)
    cv2.drawContours(canvas, outlines, -1, colour, stroke, cv2.LINE_AA)


def _write_labels(canvas: np.ndarray, results: Sequence[Result], stroke: int) -> np.ndarray:
    """Names beside the boxes, moved off each other; a line each at the bottom for the rest."""
    picture = Image.fromarray(canvas)
    draw = ImageDraw.Draw(picture)
    font = _font(max(11, round(max(picture.size) / 38)))
    pad = stroke + 2
    taken: list[tuple[int, int, int, int]] = []
    _, above, _, below = draw.textbbox((0, 0), "Égp", font=font)  # one height for all labels
    height = int(below - above) + 2 * pad
    bottom = picture.height
    # Last first, so that the lines at the bottom, stacked upwards, read in order.
    for colour, result in reversed(_coloured(results)):
        text = _label(result)
        width = int(draw.textlength(text, font=font)) + 2 * pad
        if result.outcome is Outcome.FOUND:
            x1, y1, x2, y2 = _free_place(result.box, (width, height), picture.size, taken)
            plate, ink = colour, _ink(colour)
        else:
            x1, y1, x2, y2 = 0, bottom - height, width, bottom
            bottom -= height
            plate, ink = _PLATE, _QUIET
        taken.append((x1, y1, x2, y2))
        draw.rectangle((x1, y1, x2 - 1, y2 - 1), fill=plate)
        draw.text((x1 + pad, y1 + pad - above), text, font=font, fill=ink)
    return np.array(picture)


def _label(result: Result) -> str:
    expression = _drawable(result.expression, _LONGEST_LABEL)
    if result.outcome is Outcome.FOUND:
        return f"{expression}  {result.score:.2f}"
    if result.outcome is Outcome.NO_TARGET:
        return f"not here: {expression}  ({result.no_target_probability:.2f})"
    return f"{result.outcome.value.lower()}: {expression}: {_drawable(result.reason, 2 * _LONGEST_LABEL)}"


def _drawable(text: str, longest: int) -> str:
    """The text on one line, cut where it is long, without characters that have no shape, such as controls."""
    shown = text[: 4 * longest]
    shown = " ".join("".join(c if c.isprintable() else " " for c in shown).split())
    return shown if len(shown) <= longest and len(text) <= 4 * longest else shown[: longest - 1] + "…"


def _free_place(
    box: tuple[int, int, int, int],
    size: tuple[int, int],
    picture: tuple[int, int],
    taken: Sequence[tuple[int, int, int, int]],
) -> tuple[int, int, int, int]:
    """Where a label goes: above the box, else below or inside it, within the picture and off other labels."""
    width, height = size
    x = max(0, min(box[0], picture[0] - width))
    places = [
        (x, max(0, min(y, picture[1] - height)))
        for y in (box[1] - height, box[3], box[1], box[3] - height, *range(0, picture[1] - height, height))
    ]
    for left, top in places:
        place = (left, top, left + width, top + height)
        if not any(_overlap(place, other) for other in taken):
            return place
    left, top = places[0]
    return (left, top, left + width, top + height)


def _overlap(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _ink(plate: Colour) -> Colour:
    """Black on light plates, white on dark ones."""
    luminance = 0.299 * plate[0] + 0.587 * plate[1] + 0.114 * plate[2]
    return (0, 0, 0) if luminance > 140 else (255, 255, 255)


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
