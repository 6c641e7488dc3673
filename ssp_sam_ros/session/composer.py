"""From the answers on one picture to the messages that go out, in the order they go out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ssp_sam_ros.interface.label_image import label_image
from ssp_sam_ros.perception.result import Outcome, Result
from ssp_sam_ros.session.answers import Answer
from ssp_sam_ros.session.calls import Reply
from ssp_sam_ros.session.messages import MessageBuilder
from ssp_sam_ros.session.outputs import Output, is_answer
from ssp_sam_ros.session.points import Position, Space, thin_out

DrawOverlay = Callable[[NDArray[np.uint8], Sequence[Result]], NDArray[np.uint8]]
Outgoing = list[tuple[Output, Any]]


class Composer:
    """Makes the messages that somebody subscribes to, and no others."""

    def __init__(self, builder: MessageBuilder, draw_overlay: DrawOverlay) -> None:
        """`draw_overlay` takes an RGB picture and results and returns the RGB drawing."""
        self.voxel_size = 0.0
        """Edge of the cubes in which the target points are averaged, metres; 0: every point goes out."""
        self._builder = builder
        self._draw_overlay = draw_overlay

    def compose(
        self,
        stamp: int,
        frame_id: str,
        image: NDArray[np.uint8] | None,
        answers: Sequence[Answer],
        wanted: frozenset[Output],
    ) -> tuple[Outgoing, Outgoing]:
        """The messages of one picture, all but `target_points`: those in the picture, and the results.

        Everything carries the picture's header. Where no expression has an answer (all FAILED) only `result`
        goes out. With several expressions the topics that carry one message a picture speak of the first one.

        Args:
            stamp: of the picture, nanoseconds.
            frame_id: of the picture.
            image: the picture as RGB, None where it could not be decoded.
            answers: in the order of the requests; at least one.
            wanted: outputs to make.
        """
        header = self._builder.header(stamp, frame_id)
        outgoing: Outgoing = []
        answered = any(is_answer(answer.result.outcome) for answer in answers)
        if is_answer(answers[0].result.outcome):
            outgoing += self._about_one(header, answers[0], wanted)
        if Output.OVERLAY in wanted and answered and image is not None:
            drawing = self._draw_overlay(image, [answer.result for answer in answers])
            outgoing.append((Output.OVERLAY, self._builder.image(header, drawing)))
        if not wanted & {Output.RESULT, Output.RESULTS}:
            return outgoing, []
        results = [self._builder.result(header, answer) for answer in answers]
        told: Outgoing = []
        if Output.RESULTS in wanted and answered:
            told.append((Output.RESULTS, self._builder.results(header, results)))
        if Output.RESULT in wanted:
            told += [(Output.RESULT, result) for result in results]
        return outgoing, told

    def place(self, told: Outgoing, positions: Sequence[Position]) -> None:
        """Add where the targets are to the results that `compose` made; one position for each answer."""
        results = [message for output, message in told if output is Output.RESULT]
        for message, position in zip(results or told[0][1].results, positions, strict=True):
            self._builder.place(message, position)  # the array's results are the very same messages

    def points(self, stamp: int, frame_id: str, answer: Answer, space: Space) -> Outgoing:
        """The points of one answer's mask, none of them for NO_TARGET; nothing for FAILED.

        Raises:
            ValueError: depth and mask do not fit.
        """
        if answer.result.mask is None:
            return []
        xyz = thin_out(space.points(answer.result), self.voxel_size)
        return [(Output.TARGET_POINTS, self._builder.points(self._builder.header(stamp, frame_id), xyz))]

    def reply(
        self, stamp: int, frame_id: str, answers: Sequence[Answer], positions: Sequence[Position]
    ) -> Reply:
        """What a call gets for its picture."""
        header = self._builder.header(stamp, frame_id)
        failed = all(answer.result.outcome is Outcome.FAILED for answer in answers)
        reasons = dict.fromkeys(answer.result.reason for answer in answers) if failed else {}
        results = [self._builder.result(header, answer) for answer in answers]
        for result, position in zip(results, positions, strict=False):
            self._builder.place(result, position)
        return Reply(results, "; ".join(reasons))

    def unanswered(self, stamp: int, frame_id: str, answers: Sequence[Answer]) -> Outgoing:
        """The messages for requests that no picture was worked on for; they go to `result` only."""
        header = self._builder.header(stamp, frame_id)
        return [(Output.RESULT, self._builder.result(header, answer)) for answer in answers]

    def _about_one(self, header: Any, answer: Answer, wanted: frozenset[Output]) -> Outgoing:
        outgoing: Outgoing = []
        result = answer.result
        if result.mask is not None:
            if Output.MASK in wanted:
                outgoing.append((Output.MASK, self._builder.image(header, result.mask)))
            if Output.LABEL_IMAGE in wanted:
                labels = label_image(result.mask)
                outgoing.append((Output.LABEL_IMAGE, self._builder.image(header, labels)))
        if Output.BOUNDING_BOX in wanted:
            outgoing.append((Output.BOUNDING_BOX, self._builder.detection(header, answer)))
        if Output.NO_TARGET in wanted:
            absent = result.outcome is Outcome.NO_TARGET
            outgoing.append((Output.NO_TARGET, self._builder.flag(absent)))
        return outgoing
