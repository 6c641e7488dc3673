"""Expressions on encoded pictures: bounded batches, cached text features, and memory that runs out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from ssp_sam_ros.network import TextFeatures
from ssp_sam_ros.perception.caches import ByteBoundedCache
from ssp_sam_ros.perception.expressions import Reading
from ssp_sam_ros.perception.inference import EncodedPicture, Inference, Pictures
from ssp_sam_ros.perception.outcome import NoTargetRule, Verdict
from ssp_sam_ros.perception.result import NO_BOX, Outcome
from ssp_sam_ros.perception.shortage import OutOfMemoryError, attempt

NetworkBox = tuple[float, float, float, float]
Row = tuple[EncodedPicture, Reading]


@dataclass(frozen=True, eq=False)
class Answer:
    """The verdict on one expression and the box of the network's own head, pixels of the picture."""

    verdict: Verdict
    network_box: NetworkBox


@dataclass
class StageClock:
    """Milliseconds spent so far; attempts that ran out of memory count too."""

    prompt: float = 0.0
    decode: float = 0.0


class Answering:
    """Asks the network. Not thread-safe."""

    def __init__(
        self, inference: Inference, texts: ByteBoundedCache[TextFeatures], make_room: Callable[[], None]
    ) -> None:
        """`make_room` gives memory back, before a second attempt where the first ran out of it."""
        self._inference = inference
        self._texts = texts
        self._make_room = make_room

    def answer(
        self, pictures: Sequence[EncodedPicture], readings: Sequence[Reading], rule: NoTargetRule
    ) -> tuple[list[list[Answer]], StageClock]:
        """For each picture one answer for each of the readings, which all differ; the time of each stage.

        Where memory runs out for a batch, even with room made, it goes on with half as many at a time. All
        need the same, so when a single one does not fit, it and those after it are FAILED.
        """
        clock = StageClock()
        rows = [(picture, reading) for picture in pictures for reading in readings]
        answers: list[Answer] = []
        size = min((picture.largest_batch for picture in pictures), default=1)
        while len(answers) < len(rows):
            batch = rows[len(answers) : len(answers) + size]
            try:
                answers += attempt(partial(self._one_batch, batch, rule, clock), self._make_room)
            except OutOfMemoryError as error:
                size = len(batch) // 2
                if not size:
                    answers += [_no_memory(error)] * (len(rows) - len(answers))
        count = len(readings)
        return [answers[i * count : (i + 1) * count] for i in range(len(pictures))], clock

    def _one_batch(self, batch: Sequence[Row], rule: NoTargetRule, clock: StageClock) -> list[Answer]:
        inference = self._inference
        each = [picture for picture, _ in batch]
        one = all(picture is each[0] for picture in each)  # whose features then serve all rows as they are
        pictures: Pictures = each[0] if one else each
        started = time.perf_counter()
        try:
            prompts = inference.prompt(pictures, self._text_features([reading for _, reading in batch]))
            inference.synchronise()
        finally:
            clock.prompt += ms_since(started)
        started = time.perf_counter()
        try:
            verdicts = inference.decode(pictures, prompts, rule)
            corners = prompts.boxes.double().tolist()
            boxes = [
                picture.clip.box_to_image(tuple(box)) for picture, box in zip(each, corners, strict=True)
            ]
        finally:
            clock.decode += ms_since(started)
        return [Answer(verdict, box) for verdict, box in zip(verdicts, boxes, strict=True)]

    def _text_features(self, batch: Sequence[Reading]) -> TextFeatures:
        """One row per reading, which may repeat; those not in the cache are encoded in one batch."""
        distinct = {reading.key: reading for reading in batch}
        known = {key: row for key in distinct if (row := self._texts.get(key)) is not None}
        missing = [key for key in distinct if key not in known]
        if missing:
            fresh = self._inference.encode_text(np.stack([distinct[key].ids for key in missing]))
            for key, encoded in zip(missing, _split(fresh), strict=True):
                known[key] = encoded
                self._texts.put(key, encoded)
        return TextFeatures.cat([known[reading.key] for reading in batch])


def _no_memory(error: OutOfMemoryError) -> Answer:
    reason = f"out of memory, even for one expression at a time and without caches: {error}"
    return Answer(Verdict(Outcome.FAILED, None, NO_BOX, math.nan, math.nan, reason), (0.0, 0.0, 0.0, 0.0))


def _split(text: TextFeatures) -> list[TextFeatures]:
    """Rows with memory of their own: a view kept in the cache would keep its whole batch."""
    with torch.inference_mode():
        return [text[i].clone() for i in range(len(text))]


def ms_since(started: float) -> float:
    """Milliseconds since a reading of `time.perf_counter`."""
    return (time.perf_counter() - started) * 1e3
