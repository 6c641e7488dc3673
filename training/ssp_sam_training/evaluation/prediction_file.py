"""Anybody's predictions from a file: JSON Lines with COCO run lengths (docs/evaluation.md).

One object per sentence. `sent_id` and `mask` are required; `ref_id` too where the split uses a `sent_id`
twice. `outcome`, `score`, `no_target_probability` and `network_box` are optional, other entries are ignored,
so that a ``samples.jsonl`` is such a file.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import Dataset, Sample, Sentence, decode_segmentation
from ..metrics import EMPTY_BELOW_PIXELS, letterbox_mask
from .evaluator import score_picture
from .predictor import Prediction
from .records import Box, Number, RecordError, SampleRecord, read_lines

_OUTCOMES = ("FOUND", "NO_TARGET", "FAILED")
_SQUARE = (1024, 1024)  # protocol `paper`'s letterbox; a file says nothing of the network's input

Key = tuple[Number | None, int]


class PredictionFile:
    """Predictions by sentence, checked against the split they are about."""

    def __init__(self, path: Path, dataset: Dataset, missing_is_empty: bool = False) -> None:
        """Read and check all but the masks.

        Args:
            path: the file.
            dataset: the split.
            missing_is_empty: take a sentence without a prediction as answered "no target", as PhraseCut's
                rules say; else it is an error.

        Raises:
            FileNotFoundError: there is no such file.
            RecordError: naming the line that cannot be understood, or what is missing, double or foreign.
        """
        self.path, self.dataset, self.missing_is_empty = path, dataset, missing_is_empty
        sentences = [(sample.ref_id, sentence.sent_id) for sample in dataset for sentence in sample.sentences]
        times = Counter(sent_id for _, sent_id in sentences)
        self._shared = {sent_id for sent_id, count in times.items() if count > 1}
        self._lines: dict[Key, tuple[int, dict[str, Any]]] = {}
        for number, plain in read_lines(path):
            key = self._key(number, plain)
            if key in self._lines:
                raise RecordError(
                    f"{path}, line {number}: sent_id {key[1]} was answered in line {self._lines[key][0]}"
                )
            self._lines[key] = number, plain
        self._check(sentences)

    def score(self, image_ids: Sequence[Number] | None = None, paper: bool = False) -> Iterator[SampleRecord]:
        """One record per sentence, as `evaluator.evaluate`; pictures are not opened where the set says sizes.

        Raises:
            RecordError: naming the line with a mask that cannot be used.
            ValueError: a picture that the split does not have.
        """
        groups = {picture.id: samples for picture, samples in self.dataset.by_picture().items()}
        for image_id in groups if image_ids is None else image_ids:
            if image_id not in groups:
                raise ValueError(f"{self.dataset.name} {self.dataset.split} has no picture {image_id}")
            samples = groups[image_id]
            predictions = [
                self._prediction(sample, sentence, paper)
                for sample in samples
                for sentence in sample.sentences
            ]
            yield from score_picture(samples, predictions, _SQUARE if paper else None)

    def _key(self, number: int, plain: Mapping[str, Any]) -> Key:
        where = f"{self.path}, line {number}"
        sent_id = plain.get("sent_id")
        if not isinstance(sent_id, int):
            raise RecordError(f"{where} has no number 'sent_id': the sentence that it answers")
        if "mask" not in plain:
            raise RecordError(f"{where} has no 'mask': COCO run lengths, or null with an 'outcome'")
        if sent_id not in self._shared:
            return None, sent_id
        if plain.get("ref_id") is None:
            raise RecordError(f"{where}: sent_id {sent_id} belongs to several references, add 'ref_id'")
        return plain["ref_id"], sent_id

    def _check(self, sentences: Sequence[tuple[Number, int]]) -> None:
        wanted = {self._wanted(*sentence) for sentence in sentences}
        split = f"{self.dataset.name} {self.dataset.split}"
        if foreign := [key for key in self._lines if key not in wanted]:
            raise RecordError(
                f"{self.path} answers {len(foreign)} sentences that {split} does not have, the first in line "
                f"{self._lines[foreign[0]][0]} (sent_id {foreign[0][1]}): is it of another set or split?"
            )
        missing = [key for key in wanted if key not in self._lines]
        if missing and not self.missing_is_empty:
            raise RecordError(
                f"{self.path} answers {len(wanted) - len(missing)} of {len(wanted)} sentences of {split}; "
                f"sent_id {min(key[1] for key in missing)} is missing: add them, or take them as "
                "'no target' with --missing empty"
            )

    def _wanted(self, ref_id: Number, sent_id: int) -> Key:
        return (ref_id if sent_id in self._shared else None), sent_id

    def _prediction(self, sample: Sample, sentence: Sentence, paper: bool) -> Prediction:
        line = self._lines.get(self._wanted(sample.ref_id, sentence.sent_id))
        size = sample.picture.size
        if line is None:
            number, plain = 0, {"mask": None, "outcome": "NO_TARGET"}
        else:
            number, plain = line
        try:
            return read_prediction(plain, size, paper)
        except (TypeError, ValueError) as error:
            raise RecordError(f"{self.path}, line {number}: {error}") from error


def read_prediction(plain: Mapping[str, Any], size: tuple[int, int], paper: bool) -> Prediction:
    """One line's prediction.

    Args:
        plain: the parsed line.
        size: (height, width) of the picture.
        paper: make protocol `paper`'s mask out of it, too.

    Raises:
        TypeError, ValueError: what is wrong with the line.
    """
    outcome = plain.get("outcome")
    if outcome is not None and outcome not in _OUTCOMES:
        raise ValueError(f"outcome is {outcome!r}: FOUND, NO_TARGET or FAILED")
    mask: NDArray[np.bool_] | None
    if plain["mask"] is not None:
        mask = decode_segmentation(plain["mask"], *size)
    elif outcome is None or outcome == "FOUND":
        raise ValueError("mask is null, which says nothing without outcome NO_TARGET or FAILED")
    else:
        mask = np.zeros(size, np.bool_)
    if outcome == "FAILED":
        return Prediction("FAILED", None, str(plain.get("reason", "")), network_box=None)
    if outcome is None:  # a file without a no-target output of its own: the benchmark's rule
        outcome = "NO_TARGET" if np.count_nonzero(mask) < EMPTY_BELOW_PIXELS else "FOUND"
    return Prediction(
        outcome=outcome,
        mask=mask,
        score=_number(plain, "score"),
        no_target_probability=_number(plain, "no_target_probability"),
        network_box=_box(plain),
        letterbox_mask=letterbox_mask(mask) if paper else None,
    )


def _number(plain: Mapping[str, Any], name: str) -> float:
    value = plain.get(name)
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"{name} is {value!r}: a number, 0 to 1, or null")
    return float(value)


def _box(plain: Mapping[str, Any]) -> Box | None:
    value = plain.get("network_box")
    if value is None:
        return None
    if (
        not isinstance(value, list)
        or len(value) != 4
        or not all(isinstance(side, int | float) and math.isfinite(side) for side in value)
    ):
        raise ValueError(f"network_box is {value!r}: [x1, y1, x2, y2] in pixels, or null")
    x1, y1, x2, y2 = map(float, value)
    return x1, y1, x2, y2
