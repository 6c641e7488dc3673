"""Contact sheets: what the model marks, beside the numbers."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..data import Dataset, Sample
from .records import SampleRecord

SUCCESS_IOU = 0.5

_CELL_WIDTH, _PICTURE_HEIGHT = 320, 240
_FONT_SIZE, _LINE_HEIGHT, _CAPTION_LINES = 15, 19, 3
_MARGIN = 8
_TRUTH = (0, 230, 90)  # contour, green
_PREDICTION = (255, 0, 220)  # tint and contour, magenta: objects of that colour are rare
_LEGEND = "green: truth    magenta: prediction"


def choose_successes(records: Sequence[SampleRecord], count: int, seed: int = 0) -> list[SampleRecord]:
    """Random sentences with IoU >= 0.5 under protocol `gres` (a no-target sentence answered so has 1)."""
    good = [record for record in records if record.gres.iou >= SUCCESS_IOU]
    rng = np.random.default_rng(seed)
    return [good[i] for i in rng.permutation(len(good))[:count]]


def choose_failures(records: Sequence[SampleRecord], count: int, seed: int = 0) -> list[SampleRecord]:
    """The sentences with the lowest IoU below 0.5, taking turns among the kinds of sentence.

    Random order where IoUs are equal (many are 0). Without the turns one bad kind would fill the sheet.
    """
    bad = [record for record in records if record.gres.iou < SUCCESS_IOU]
    order = np.random.default_rng(seed).permutation(len(bad))
    worst_first = sorted((bad[i] for i in order), key=lambda record: record.gres.iou)
    turns: Counter[str | None] = Counter()
    ranked = []
    for place, record in enumerate(worst_first):
        ranked.append((turns[record.kind], place, record))
        turns[record.kind] += 1
    return [record for _, _, record in sorted(ranked, key=lambda entry: entry[:2])[:count]]


def contact_sheet(
    dataset: Dataset, records: Sequence[SampleRecord], title: str, columns: int = 4
) -> NDArray[np.uint8]:
    """One cell per record: the picture, the truth's contour, the predicted mask as a tint, sentence and IoU.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    wanted = {record.ref_id for record in records}
    samples = {sample.ref_id: sample for sample in dataset if sample.ref_id in wanted}
    cells = [_cell(samples[record.ref_id], record) for record in records]
    rows = max(1, -(-len(cells) // columns))
    cell_height = _PICTURE_HEIGHT + _CAPTION_LINES * _LINE_HEIGHT + _MARGIN
    top = 2 * _MARGIN + _LINE_HEIGHT
    sheet = Image.new(
        "RGB",
        (columns * (_CELL_WIDTH + _MARGIN) + _MARGIN, rows * (cell_height + _MARGIN) + top),
        (24, 24, 24),
    )
    ImageDraw.Draw(sheet).text((_MARGIN, _MARGIN), f"{title}    {_LEGEND}", (255, 255, 255), _font())
    for number, cell in enumerate(cells):
        row, column = divmod(number, columns)
        place = (_MARGIN + column * (_CELL_WIDTH + _MARGIN), top + row * (cell_height + _MARGIN))
        sheet.paste(cell, place)
    return np.asarray(sheet)


def _cell(sample: Sample, record: SampleRecord) -> Image.Image:
    picture = overlay(sample.image(), sample.mask(), record, _CELL_WIDTH, _PICTURE_HEIGHT)
    cell = Image.new(
        "RGB", (_CELL_WIDTH, _PICTURE_HEIGHT + _CAPTION_LINES * _LINE_HEIGHT + _MARGIN), (40, 40, 40)
    )
    cell.paste(picture, ((_CELL_WIDTH - picture.width) // 2, (_PICTURE_HEIGHT - picture.height) // 2))
    draw, top = ImageDraw.Draw(cell), _PICTURE_HEIGHT + _MARGIN // 2
    lines = textwrap.wrap(record.sentence, 42, max_lines=_CAPTION_LINES - 1, placeholder=" ...")
    for line in lines:
        draw.text((6, top), line, (255, 255, 255), _font())
        top += _LINE_HEIGHT
    good = record.gres.iou >= SUCCESS_IOU
    draw.text((6, top), verdict(record), (140, 235, 160) if good else (255, 150, 130), _font())
    return cell


def verdict(record: SampleRecord) -> str:
    """The line under the sentence: IoU, what was meant, what was answered."""
    meant = (
        "no target"
        if record.targets == 0
        else "1 target"
        if record.targets == 1
        else f"{record.targets} targets"
    )
    kind = f"{record.kind}, " if record.kind else ""
    return f"IoU {record.gres.iou:.2f}   {kind}{meant}, answered {record.outcome}"


def overlay(
    image: NDArray[np.uint8], truth: NDArray[np.bool_], record: SampleRecord, max_width: int, max_height: int
) -> Image.Image:
    """The picture within a size, with truth and prediction, which are drawn after resizing: lines stay sharp.

    image: (H, W, 3) uint8 RGB; truth: (H, W) bool.
    """
    height, width = image.shape[:2]
    scale = min(max_width / width, max_height / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    canvas = np.array(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))
    prediction = record.predicted_mask()
    if prediction is not None and record.outcome == "FOUND":
        inside = _resize_mask(prediction, size)
        canvas[inside] = (0.55 * canvas[inside] + 0.45 * np.array(_PREDICTION)).astype(np.uint8)
        cv2.drawContours(canvas, _contours(inside), -1, _PREDICTION, 1, cv2.LINE_AA)
    contours = _contours(_resize_mask(truth, size))
    cv2.drawContours(canvas, contours, -1, (0, 0, 0), 3, cv2.LINE_AA)  # a dark rim shows on any ground
    cv2.drawContours(canvas, contours, -1, _TRUTH, 1, cv2.LINE_AA)
    return Image.fromarray(canvas)


def _contours(mask: NDArray[np.bool_]) -> Sequence[Any]:
    return cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)[0]


def _resize_mask(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    resized = Image.fromarray(mask.astype(np.uint8) * 255).resize(size, Image.Resampling.BILINEAR)
    return np.asarray(resized) >= 128


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(_FONT_SIZE)
