"""Calls that want one answer each, beside what is active on the topics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ssp_sam_ros.session.clock import SECOND
from ssp_sam_ros.session.contracts import RgbPicture
from ssp_sam_ros.session.requests import Request
from ssp_sam_ros.session.schedule import Picture, Schedule

ENDING = "the node is ending"


@dataclass(frozen=True)
class Reply:
    """What a call gets: ReferringResult messages, or why nothing could be answered."""

    results: Sequence[Any] = ()
    failure: str = ""


@dataclass(frozen=True, eq=False)
class Call:
    """One call.

    Attributes:
        camera: whose picture, where the caller brings none.
        requests: what to answer; their stamp is the time of the call, nanoseconds.
        finish: takes the reply; called once, from any thread.
        picture: the caller's own; None: the camera's first one stamped at or after the call.
        decode: turns the payload of the caller's own picture into RGB.
    """

    camera: str
    requests: tuple[Request, ...]
    finish: Callable[[Reply], None]
    picture: Picture[Any] | None = None
    decode: Callable[[Any], RgbPicture] | None = None

    @property
    def stamp(self) -> int:
        """Time of the call, nanoseconds."""
        return self.requests[0].stamp

    def stamped(self, stamp: int) -> Call:
        """The same call at another time."""
        return replace(self, requests=tuple(replace(request, stamp=stamp) for request in self.requests))


@dataclass
class Calls:
    """The calls that wait, in their order. Not thread-safe: the session's lock guards it."""

    _waiting: list[Call] = field(default_factory=list)

    def waits_for(self, camera: str) -> bool:
        """Whether a call waits for a picture of this camera."""
        return any(call.picture is None and call.camera == camera for call in self._waiting)

    def add(self, call: Call) -> None:
        """Let a call wait for its turn."""
        self._waiting.append(call)

    def take_due(self, schedules: Mapping[str, Schedule[Any]], now: int) -> tuple[Call, Picture[Any]] | None:
        """The first call whose picture is there, with that picture."""
        for call in self._waiting:
            picture = call.picture or schedules[call.camera].fresh_since(call.stamp, now)
            if picture is not None:
                self._waiting.remove(call)
                return call, picture
        return None

    def take_expired(self, schedules: Mapping[str, Schedule[Any]], now: int) -> list[Call]:
        """Those that have waited for a picture longer than `max_image_age`, and have none to be taken."""
        expired = [
            call
            for call in self._waiting
            if call.picture is None
            and now - call.stamp > schedules[call.camera].limits.max_image_age * SECOND
            # The worker may be busy with something else for longer than that.
            and schedules[call.camera].fresh_since(call.stamp, now) is None
        ]
        self._waiting = [call for call in self._waiting if call not in expired]
        return expired

    def clock_jumped_back(self, now: int) -> None:
        """Time starts anew: so do the calls."""
        self._waiting = [call.stamped(now) for call in self._waiting]

    def take_all(self) -> list[Call]:
        """All of them, none is left."""
        taken, self._waiting = self._waiting, []
        return taken
