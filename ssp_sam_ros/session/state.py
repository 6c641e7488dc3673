"""What the listening thread and the worker share: pictures, questions and calls, guarded by one lock."""

from __future__ import annotations

import logging
import threading
from typing import Any

from ssp_sam_ros.interface.parameters import Parameters
from ssp_sam_ros.session.calls import Call, Calls
from ssp_sam_ros.session.clock import JUMP_BACK, SECOND, Clock
from ssp_sam_ros.session.depth import DepthBuffer
from ssp_sam_ros.session.requests import RequestIntake
from ssp_sam_ros.session.schedule import Limits, Schedule

log = logging.getLogger("ssp_sam")


class State:
    """The state of one session.

    `changed` guards all of it, except `depth`, which guards itself, and is notified when there may be work.

    Attributes:
        cameras: their names, "" for a single one.
        schedules: by camera, which picture is next.
        depth: by camera.
        calls: those that wait.
        intake: turns messages into requests.
        parameters: checked values.
        paused: why nothing is worked on at present, "" where it is.
    """

    def __init__(self, clock: Clock, parameters: Parameters) -> None:
        """Nothing has arrived yet."""
        self.changed = threading.Condition()
        self.cameras: tuple[str, ...] = parameters.names("cameras") or ("",)
        self.schedules: dict[str, Schedule[Any]] = {name: Schedule(Limits()) for name in self.cameras}
        self.depth = {name: DepthBuffer() for name in self.cameras}
        self.calls = Calls()
        self.intake = RequestIntake(parameters.count("max_expressions"))
        self.parameters = parameters
        self.paused = ""
        self._clock = clock
        self._latest_time = 0

    def now(self) -> int:
        """The node's time, nanoseconds; where it has jumped back, ages start anew. With `changed` held."""
        now = self._clock()
        if now < self._latest_time - JUMP_BACK:
            jump = (self._latest_time - now) / SECOND
            log.warning("the clock jumped back by %.3f s: ages start anew", jump)
            for schedule in self.schedules.values():
                schedule.clock_jumped_back(now)
            self.calls.clock_jumped_back(now)
            self.intake.forget()
            for buffer in self.depth.values():
                buffer.clear()
            self._latest_time = now
        self._latest_time = max(self._latest_time, now)
        return now

    def pause(self, reason: str) -> None:
        """Let nothing be worked on from here on."""
        with self.changed:
            self.paused = reason

    def resume(self) -> None:
        """Let work go on; a camera has `max_image_age` before its requests become stale."""
        with self.changed:
            now = self.now()
            for schedule in self.schedules.values():
                schedule.resume(now)
            self.paused = ""
            self.changed.notify()

    def take_all_calls(self) -> list[Call]:
        """All that wait; none is left."""
        with self.changed:
            return self.calls.take_all()
