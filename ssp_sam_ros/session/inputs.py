"""What comes in: messages of the input topics and calls, from the thread that listens."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ssp_sam_ros.perception.result import Outcome
from ssp_sam_ros.session.calls import Call, Reply
from ssp_sam_ros.session.contracts import Graph, RgbPicture
from ssp_sam_ros.session.depth import NEEDING_DEPTH
from ssp_sam_ros.session.diagnostics import Level
from ssp_sam_ros.session.health import Health
from ssp_sam_ros.session.messages import nanoseconds_of
from ssp_sam_ros.session.outputs import Output
from ssp_sam_ros.session.points import Pinhole
from ssp_sam_ros.session.problems import Problems
from ssp_sam_ros.session.requests import LONGEST_EXPRESSION, MOST_EXPRESSIONS, Request
from ssp_sam_ros.session.schedule import Picture
from ssp_sam_ros.session.state import State

Decode = Callable[[Any], RgbPicture]
Refuse = Callable[[str, Sequence[Request], Outcome, str], None]

log = logging.getLogger("ssp_sam")


class Inputs:
    """Takes what arrives into the session's state."""

    def __init__(
        self, state: State, graph: Graph, health: Health, problems: Problems, refuse: Refuse
    ) -> None:
        """`refuse` sends requests of a camera back, with outcome and reason."""
        self._state = state
        self._graph = graph
        self._health = health
        self._problems = problems
        self._refuse = refuse

    def taker(self, key: str, camera: str) -> Callable[[Any], None]:
        """What takes the messages of an input topic, named by its key in the interface table."""
        takers: dict[str, Callable[[Any], None]] = {
            "image": partial(self.picture, camera),
            "compressed_image": partial(self.picture, camera),
            "depth_image": partial(self.depth, camera),
            "camera_info": partial(self.camera_info, camera),
            "referring_expression": lambda message: self.refer(message.data),
            "expressions": self.refer_array,
        }
        return takers[key]

    def refer(self, text: str) -> None:
        """A referring expression for all cameras; an empty text clears, one too long is answered FAILED."""
        self._ask([], [text], 0)

    def refer_array(self, message: Any) -> None:
        """An ssp_sam_msgs/ReferringExpressionArray for all cameras; a wrong one is answered FAILED."""
        self._ask(message.ids, message.texts, nanoseconds_of(message.header.stamp))

    def picture(self, camera: str, message: Any) -> None:
        """A picture message of one camera."""
        state = self._state
        needed = bool(self._graph.wanted(camera)) and not state.paused
        with state.changed:
            picture = _picture(message, state.now())
            state.schedules[camera].offer(picture, needed)
            self._health.arrived(camera, picture.arrival)
            state.changed.notify()

    def depth(self, camera: str, message: Any) -> None:
        """A depth picture aligned with the camera's pictures; kept only while somebody wants positions."""
        buffer = self._state.depth[camera]
        needed = buffer.matching or bool(self._graph.wanted(camera) & NEEDING_DEPTH)
        if not needed:
            with self._state.changed:
                needed = self._state.calls.waits_for(camera)
        if needed:
            buffer.add(nanoseconds_of(message.header.stamp), message)

    def camera_info(self, camera: str, message: Any) -> None:
        """Calibration of the camera's depth."""
        try:
            self._state.depth[camera].camera = Pinhole.from_camera_info(message)
        except ValueError as error:
            if Output.TARGET_POINTS in self._graph.wanted(camera):
                self._problems.report("calibration", camera, str(error), error, Level.WARN)
            return
        self._problems.solved("calibration", camera)

    def segment(
        self,
        texts: Sequence[str],
        finish: Callable[[Reply], None],
        camera: str = "",
        image: Any | None = None,
        decode: Decode | None = None,
    ) -> None:
        """Answer expressions once, whatever is active on the topics.

        Args:
            texts: referring expressions.
            finish: takes the reply; called once, at once or from another thread.
            camera: whose next picture to use; "" for the first one.
            image: sensor_msgs/Image to use instead.
            decode: turns `image` into RGB.
        """
        state = self._state
        camera = camera or state.cameras[0]
        with state.changed:
            now = state.now()
            failure = self._refusal(texts, camera)
            if not failure:
                requests = tuple(Request(text.strip(), str(i), now) for i, text in enumerate(texts, 1))
                picture = None if image is None else _picture(image, now)
                state.calls.add(Call(camera, requests, finish, picture, decode))
                state.changed.notify()
        if failure:
            finish(Reply(failure=failure))

    def _refusal(self, texts: Sequence[str], camera: str) -> str:
        """Why a call cannot be taken, "" where it can."""
        state = self._state
        if state.paused:
            return state.paused
        if camera not in state.cameras:
            return f"there is no camera {camera!r}; these are: {', '.join(map(repr, state.cameras))}"
        return state.intake.refusal(texts)

    def _ask(self, ids: Sequence[str], texts: Sequence[str], stamp: int) -> None:
        state = self._state
        with state.changed:
            now = state.now()
            try:
                self._activate(state.intake.take(ids, texts, stamp, now))
                return
            except ValueError as error:
                reason = f"refused: {error}"
        log.error("%s", reason)
        names = ids if len(ids) == len(texts) else [""] * len(texts)
        kept = list(zip(texts, names, strict=True))[:MOST_EXPRESSIONS]
        requests = [Request(text[:LONGEST_EXPRESSION], name, stamp or now) for text, name in kept]
        for camera in state.cameras:
            if Output.RESULT in self._graph.wanted(camera):
                self._refuse(camera, requests, Outcome.FAILED, reason)

    def _activate(self, requests: tuple[Request, ...]) -> None:
        schedules = list(self._state.schedules.values())
        if requests == schedules[0].requests:
            log.debug("the same once more")
        elif requests:
            log.info("looking for %s", ", ".join(repr(request.expression) for request in requests))
        else:
            log.info("nothing to look for any more")
        for schedule in schedules:
            schedule.set_requests(requests)
        self._state.changed.notify()


def _picture(message: Any, now: int) -> Picture[Any]:
    stamp = nanoseconds_of(message.header.stamp)
    return Picture(stamp, message.header.frame_id, message, now, arrival=time.monotonic())
