"""Answers to the requests on pictures, whatever happens."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from ssp_sam_ros.perception.result import Outcome, Result
from ssp_sam_ros.session.answers import Answer, without_answer
from ssp_sam_ros.session.calls import Call
from ssp_sam_ros.session.contracts import RgbPicture, Segmenter
from ssp_sam_ros.session.depth import DepthMatch
from ssp_sam_ros.session.problems import Problems
from ssp_sam_ros.session.requests import Request
from ssp_sam_ros.session.schedule import Picture
from ssp_sam_ros.session.still_scene import StillScene

log = logging.getLogger("ssp_sam")


@dataclass(frozen=True)
class Job:
    """A picture to be worked on for the requests active at that time, or those of a call.

    `started` as `Picture.arrival`; `depth` finds the depth that goes with the picture.
    """

    camera: str
    picture: Picture[Any]
    requests: tuple[Request, ...]
    started: float
    depth: DepthMatch
    call: Call | None = None

    @property
    def key(self) -> Hashable | None:
        """What tells the picture apart from all others; None: its bytes alone do."""
        unknown = not self.picture.stamp or (self.call is not None and self.call.picture is not None)
        return None if unknown else (self.camera, self.picture.epoch, self.picture.stamp)


@dataclass
class Answered:
    """What became of a job: the picture, where it could be decoded, and an answer to each request."""

    job: Job
    image: RgbPicture | None
    answers: list[Answer]


class Answerer:
    """Decodes pictures and asks the segmenter; what goes wrong becomes FAILED with the reason."""

    def __init__(self, segmenter: Segmenter, decode: Callable[[Any], RgbPicture], problems: Problems) -> None:
        """`decode` turns a picture message into RGB and raises ValueError where it cannot."""
        self.failures = 0
        self.last_error = ""
        self.still_scene = StillScene()
        self._segmenter = segmenter
        self._decode = decode
        self._problems = problems

    def answer(self, jobs: Sequence[Job]) -> list[Answered]:
        """What became of each job, in order.

        Several, which all have the same requests, go through the network as one batch. Should that fail, one
        after the other does, so that the picture that is to blame fails alone.
        """
        done: list[Answered] = []
        decoded: list[tuple[Job, RgbPicture, Hashable | None]] = []
        for job in jobs:
            try:
                decoded.append((job, *self._decoded(job)))
            except Exception as error:
                # Broad on purpose, here and below: whatever a picture or a device does, who asked is told,
                # and the node lives on.
                done.append(self._failed(job, None, error))
        if len(decoded) > 1:
            try:
                batch = self._together(decoded)
            except Exception as error:
                log.debug("%d pictures go one by one: %s: %s", len(decoded), type(error).__name__, error)
            else:
                done += batch
                decoded = []
        for job, image, key in decoded:
            try:
                frame = self._segmenter.encode(image, key=key)
                done.append(self._well(job, image, self._segmenter.refer(frame, *_questions(job))))
            except Exception as error:
                done.append(self._failed(job, image, error))
        order = {id(job): place for place, job in enumerate(jobs)}
        return sorted(done, key=lambda answered: order[id(answered.job)])

    def without_answer(self, request: Request, outcome: Outcome, reason: str) -> Answer:
        """FAILED or STALE, in this model's name."""
        model, digest = self._segmenter.model_name, self._segmenter.weights_digest
        return without_answer(request, outcome, reason, model, digest)

    def _decoded(self, job: Job) -> tuple[RgbPicture, Hashable | None]:
        """The picture, and what its features are kept by."""
        image = ((job.call and job.call.decode) or self._decode)(job.picture.payload)
        key = job.key
        if key is not None:
            key = self.still_scene.key(job.camera, image, job.picture.stamp, key)
        return image, key

    def _together(self, decoded: Sequence[tuple[Job, RgbPicture, Hashable | None]]) -> list[Answered]:
        jobs, images, keys = zip(*decoded, strict=True)
        frames = self._segmenter.encode_batch(images, keys)
        results = self._segmenter.refer_batch(frames, *_questions(jobs[0]))
        return [self._well(*row) for row in zip(jobs, images, results, strict=True)]

    def _well(self, job: Job, image: RgbPicture, results: Sequence[Result]) -> Answered:
        self._problems.solved("inference", job.camera)
        answers = [Answer(r, result) for r, result in zip(job.requests, results, strict=True)]
        return Answered(job, image, answers)

    def _failed(self, job: Job, image: RgbPicture | None, error: Exception) -> Answered:
        reason = f"{type(error).__name__}: {error}"
        if job.call is None:  # a caller is told by the reply
            self._problems.report("inference", job.camera, reason, error)
        self.failures += 1
        self.last_error = reason
        return Answered(job, image, [self.without_answer(r, Outcome.FAILED, reason) for r in job.requests])


def _questions(job: Job) -> tuple[list[str], list[str]]:
    """Expressions and ids."""
    return [request.expression for request in job.requests], [request.id for request in job.requests]
