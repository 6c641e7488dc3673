"""The gallery's cells: truth and prediction, visual attention (Fig. 8) and phrase attention (Fig. 9)."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..data import Dataset, Sample
from ..evaluation.attention import Attention
from ..evaluation.contact_sheet import SUCCESS_IOU, overlay, verdict
from ..evaluation.gallery import Gallery
from ..evaluation.records import RecordError, SampleRecord
from . import markup

TITLES = {
    "best": "Best: the highest IoU, by turns among pictures",
    "worst": "Worst: the lowest IoU, by turns among kinds of sentence",
    "random": "Random",
}
_MAX_WIDTH, _MAX_HEIGHT = 360, 300
_HEAT = 0.55  # of the map over the picture


def gallery_html(gallery: Gallery, dataset: Dataset, records: Sequence[SampleRecord]) -> str:
    """All sections.

    Raises:
        RecordError: the gallery names a sentence that the records or the split do not have.
    """
    by_key = {record.key: record for record in records}
    wanted = {key for members in gallery.sections.values() for key in members}
    samples = {
        (sample.ref_id, sentence.sent_id): sample
        for sample in dataset
        for sentence in sample.sentences
        if (sample.ref_id, sentence.sent_id) in wanted
    }
    if missing := [key for key in wanted if key not in by_key or key not in samples]:
        raise RecordError(
            f"the gallery shows sentence {missing[0][1]} of reference {missing[0][0]}, which {dataset.name} "
            f"{dataset.split} or samples.jsonl does not have: give the set that was evaluated"
        )
    parts = []
    for name, members in gallery.sections.items():
        cells = [_cell(samples[key], by_key[key], gallery.attention.get(key)) for key in members]
        if cells:
            parts.append(f'<h3>{TITLES[name]}</h3><div class="gallery">{"".join(cells)}</div>')
    return "".join(parts)


def _cell(sample: Sample, record: SampleRecord, attention: Attention | None) -> str:
    image = sample.image()
    drawn = overlay(image, sample.mask(), record, _MAX_WIDTH, _MAX_HEIGHT)
    if attention is None:
        pictures = markup.picture(drawn, record.sentence, "alone")
    else:
        pictures = markup.picture(drawn, record.sentence) + markup.picture(
            heat_map(image, attention.visual, drawn.size), "visual attention"
        )
    css = "good" if record.gres.iou >= SUCCESS_IOU else "bad"
    return (
        f'<div class="cell"><div class="pictures">{pictures}</div>'
        f'<p class="sentence">{sentence_html(record.sentence, attention)}</p>'
        f'<p class="verdict"><span class="{css}">{escape(verdict(record))}</span><br>'
        f"{escape(record.file_name)}, reference {escape(str(record.ref_id))}</p></div>"
    )


def heat_map(image: NDArray[np.uint8], attention: NDArray[np.float32], size: tuple[int, int]) -> Image.Image:
    """The picture at (width, height) `size` under its attention, blue for little, red for much."""
    picture = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS), np.float32)
    resized = cv2.resize(np.asarray(attention, np.float32), size, interpolation=cv2.INTER_LINEAR)
    levels = np.clip(255 * resized, 0, 255).astype(np.uint8)
    colours = cv2.applyColorMap(levels, cv2.COLORMAP_JET)[..., ::-1].astype(np.float32)
    return Image.fromarray(((1 - _HEAT) * picture + _HEAT * colours).astype(np.uint8))


def sentence_html(sentence: str, attention: Attention | None) -> str:
    """The sentence, each word on the darker a ground the more of the phrase attention it has."""
    if attention is None or not attention.words:
        return escape(sentence)
    most = max(weight for _, weight in attention.words) or 1.0
    return " ".join(
        f'<span style="background: rgba(209, 72, 15, {0.75 * weight / most:.2f})" '
        f'title="{100 * weight:.1f} %">{escape(word)}</span>'
        for word, weight in attention.words
    )
