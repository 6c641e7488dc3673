"""Answers to the requests on one picture, whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from ssp_sam_ros.perception.result import Outcome
from ssp_sam_ros.session.answers import Answer, without_answer
from ssp_sam_ros.session.calls import Call
from ssp_sam_ros.session.contracts import RgbPicture, Segmenter
from ssp_sam_ros.session.points import DepthMatch
from ssp_sam_ros.session.problems import Problems
from ssp_sam_ros.session.requests import Request
from ssp_sam_ros.session.schedule import Picture
from ssp_sam_ros.session.still_scene import StillScene


@dataclass(frozen=True)
class Job:
    """A picture to be worked on for the requests active at that time, or those of a call.

    `started` as `Picture.arrival`; `depth` finds the depth that goes with the picture.
    """

    camera: str
    picture: Picture[Any]
    requests: tuple[Request, ...]
    started: float
    call: Call | None = None
    depth: DepthMatch | None = None

    @property
    def key(self) -> Hashable | None:
        """What tells the picture apart from all others; None: its bytes alone do."""
        unknown = not self.picture.stamp or (self.call is not None and self.call.picture is not None)
        return None if unknown else (self.camera, self.picture.epoch, self.picture.stamp)


class Answerer:
    """Decodes a picture and asks the segmenter; what goes wrong becomes FAILED with the reason."""

    def __init__(self, segmenter: Segmenter, decode: Callable[[Any], RgbPicture], problems: Problems) -> None:
        """`decode` turns a picture message into RGB and raises ValueError where it cannot."""
        self.failures = 0
        self.last_error = ""
        self.still_scene = StillScene()
        self._segmenter = segmenter
        self._decode = decode
        self._problems = problems

    def answer(self, job: Job) -> tuple[RgbPicture | None, list[Answer]]:
        """The picture, where it could be decoded, and an answer to each request."""
        image = None
        decode = (job.call and job.call.decode) or self._decode
        try:
            image = decode(job.picture.payload)
            key = job.key
            if key is not None:
                key = self.still_scene.key(job.camera, image, job.picture.stamp, key)
            frame = self._segmenter.encode(image, key=key)
            results = self._segmenter.refer(
                frame, [request.expression for request in job.requests], [r.id for r in job.requests]
            )
        except Exception as error:
            # Broad on purpose: whatever a picture or a device does, who asked is told, and the node lives on.
            reason = f"{type(error).__name__}: {error}"
            if job.call is None:  # a caller is told by the reply
                self._problems.report("inference", job.camera, reason, error)
            self.failures += 1
            self.last_error = reason
            return image, [self.without_answer(r, Outcome.FAILED, reason) for r in job.requests]
        self._problems.solved("inference", job.camera)
        return image, [Answer(r, result) for r, result in zip(job.requests, results, strict=True)]

    def without_answer(self, request: Request, outcome: Outcome, reason: str) -> Answer:
        """FAILED or STALE, in this model's name."""
        model, digest = self._segmenter.model_name, self._segmenter.weights_digest
        return without_answer(request, outcome, reason, model, digest)
