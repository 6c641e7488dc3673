"""A contact sheet of a set: pictures with what is meant in them, and the sentences."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..data import Sample

_WIDTH, _HEIGHT, _LINE, _LINES, _MARGIN, _FONT_SIZE = 320, 240, 19, 3, 8, 15
_COLOURS = ((255, 60, 200), (60, 220, 255), (255, 200, 40), (120, 255, 90), (255, 110, 60))


def choose_samples(samples: Sequence[Sample], cells: int, seed: int = 0) -> list[Sample]:
    """Samples of different pictures where there are enough: drawn at random, those with no target or several
    by turns with those of one."""
    rng = np.random.default_rng(seed)
    drawn = [samples[i] for i in rng.permutation(len(samples))[: 40 * cells].tolist()]
    kinds: list[list[Sample]] = [[], [], []]
    seen: set[object] = set()
    repeated = []
    for sample in drawn:
        kind = kinds[min(sample.target_count, 2)]
        if sample.picture in seen:
            repeated.append(sample)
        else:
            seen.add(sample.picture)
            kind.append(sample)
    chosen: list[Sample] = []
    while len(chosen) < cells and any(kinds):
        chosen += [kind.pop(0) for kind in (kinds[1], kinds[0], kinds[2]) if kind]
    return (chosen + repeated)[:cells]


def contact_sheet(samples: Sequence[Sample], title: str, columns: int = 4) -> NDArray[np.uint8]:
    """One cell per sample: masks as tints with contours, boxes, the first sentence.

    Returns:
        (H, W, 3) uint8 RGB. A picture that cannot be read is a grey cell that says so.
    """
    rows = max(1, -(-len(samples) // columns))
    cell_height = _HEIGHT + _LINES * _LINE + _MARGIN
    top = 2 * _MARGIN + _LINE
    size = columns * (_WIDTH + _MARGIN) + _MARGIN, rows * (cell_height + _MARGIN) + top
    sheet = Image.new("RGB", size, (24, 24, 24))
    ImageDraw.Draw(sheet).text((_MARGIN, _MARGIN), title, (255, 255, 255), _font())
    for number, sample in enumerate(samples):
        row, column = divmod(number, columns)
        place = (_MARGIN + column * (_WIDTH + _MARGIN), top + row * (cell_height + _MARGIN))
        sheet.paste(_cell(sample, cell_height), place)
    return np.asarray(sheet)


def _cell(sample: Sample, height: int) -> Image.Image:
    cell = Image.new("RGB", (_WIDTH, height), (40, 40, 40))
    draw = ImageDraw.Draw(cell)
    try:
        picture = _overlay(sample)
    except (ValueError, OSError) as error:
        text = "\n".join(textwrap.wrap(str(error), 42, max_lines=10))
        draw.text((6, _MARGIN), text, (255, 150, 130), _font())
    else:
        cell.paste(picture, ((_WIDTH - picture.width) // 2, (_HEIGHT - picture.height) // 2))
    top = _HEIGHT + _MARGIN // 2
    sentence = sample.sentences[0].text if sample.sentences else ""
    for line in textwrap.wrap(sentence, 42, max_lines=_LINES - 1, placeholder=" ..."):
        draw.text((6, top), line, (255, 255, 255), _font())
        top += _LINE
    targets = {0: "no target", 1: "1 target"}.get(sample.target_count, f"{sample.target_count} targets")
    draw.text((6, top), f"{targets}, {len(sample.sentences)} sentences", (160, 200, 255), _font())
    return cell


def _overlay(sample: Sample) -> Image.Image:
    """The picture at the cell's size; masks and boxes are drawn after resizing, so that lines stay sharp."""
    image = sample.image()
    scale = min(_WIDTH / image.shape[1], _HEIGHT / image.shape[0])
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    canvas = np.array(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))
    for number, mask in enumerate(sample.masks() if sample.has_mask else ()):
        colour = _COLOURS[number % len(_COLOURS)]
        small = cv2.resize(mask.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) >= 128
        canvas[small] = (0.6 * canvas[small] + 0.4 * np.array(colour)).astype(np.uint8)
        contours = cv2.findContours(small.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)[0]
        cv2.drawContours(canvas, contours, -1, colour, 1, cv2.LINE_AA)
    for number, (x, y, width, height) in enumerate((sample.boxes * scale).round().astype(int).tolist()):
        cv2.rectangle(canvas, (x, y), (x + width, y + height), _COLOURS[number % len(_COLOURS)], 1)
    return Image.fromarray(canvas)


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(_FONT_SIZE)
