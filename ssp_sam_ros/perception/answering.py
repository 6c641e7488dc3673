"""Expressions on one encoded picture: bounded batches, cached text features, and memory that runs out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ssp_sam_ros.network import TextFeatures
from ssp_sam_ros.perception.caches import ByteBoundedCache
from ssp_sam_ros.perception.expressions import Reading
from ssp_sam_ros.perception.inference import EncodedPicture, Inference
from ssp_sam_ros.perception.outcome import NoTargetRule, Verdict
from ssp_sam_ros.perception.result import NO_BOX, Outcome
from ssp_sam_ros.perception.shortage import OutOfMemoryError, attempt

NetworkBox = tuple[float, float, float, float]


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
        self, picture: EncodedPicture, readings: Sequence[Reading], rule: NoTargetRule
    ) -> tuple[list[Answer], StageClock]:
        """One answer for each of the readings, which all differ, and the time of each stage.

        Where memory runs out for a batch, even with room made, it goes on with half as many at a time. All
        need the same, so when a single one does not fit, it and those after it are FAILED.
        """
        clock = StageClock()
        answers: list[Answer] = []
        size = picture.largest_batch
        while len(answers) < len(readings):
            batch = readings[len(answers) : len(answers) + size]
            try:
                answers += self._within_memory(picture, batch, rule, clock)
            except OutOfMemoryError as error:
                size = len(batch) // 2
                if not size:
                    missing = len(readings) - len(answers)
                    return answers + [_no_memory(error)] * missing, clock
        return answers, clock

    def _within_memory(
        self, picture: EncodedPicture, batch: Sequence[Reading], rule: NoTargetRule, clock: StageClock
    ) -> list[Answer]:
        return attempt(lambda: self._one_batch(picture, batch, rule, clock), self._make_room)

    def _one_batch(
        self, picture: EncodedPicture, batch: Sequence[Reading], rule: NoTargetRule, clock: StageClock
    ) -> list[Answer]:
        inference = self._inference
        started = time.perf_counter()
        try:
            prompts = inference.prompt(picture, self._text_features(batch))
            inference.synchronise()
        finally:
            clock.prompt += ms_since(started)
        started = time.perf_counter()
        try:
            verdicts = inference.decode(picture, prompts, rule)
            boxes = [picture.clip.box_to_image(tuple(box)) for box in prompts.boxes.double().tolist()]
        finally:
            clock.decode += ms_since(started)
        return [Answer(verdict, box) for verdict, box in zip(verdicts, boxes, strict=True)]

    def _text_features(self, batch: Sequence[Reading]) -> TextFeatures:
        """One row per reading; those not in the cache are encoded in one batch."""
        rows = [self._texts.get(reading.key) for reading in batch]
        missing = [i for i, row in enumerate(rows) if row is None]
        if missing:
            fresh = self._inference.encode_text(np.stack([batch[i].ids for i in missing]))
            for i, row in zip(missing, _split(fresh), strict=True):
                rows[i] = row
                self._texts.put(batch[i].key, row)
        return TextFeatures.cat([row for row in rows if row is not None])


def _no_memory(error: OutOfMemoryError) -> Answer:
    reason = f"out of memory, even for one expression at a time and without caches: {error}"
    return Answer(Verdict(Outcome.FAILED, None, NO_BOX, math.nan, math.nan, reason), (0.0, 0.0, 0.0, 0.0))


def _split(text: TextFeatures) -> list[TextFeatures]:
    """Rows with memory of their own: a view kept in the cache would keep its whole batch."""
    with torch.inference_mode():
        return [
            TextFeatures(row.ids.clone(), row.words.clone(), row.sentence.clone())
            for row in (text[i] for i in range(len(text)))
        ]


def ms_since(started: float) -> float:
    """Milliseconds since a reading of `time.perf_counter`."""
    return (time.perf_counter() - started) * 1e3
