"""Which picture of one camera is worked on when, and when it is time to say that there is none.

Pure: time comes in as an argument, nothing is waited for here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from ssp_sam_ros.session.clock import SECOND
from ssp_sam_ros.session.requests import Request, same_questions

Payload = TypeVar("Payload")


@dataclass(frozen=True)
class Picture(Generic[Payload]):
    """A picture that arrived.

    `received` is the node's time of arrival, nanoseconds like the stamp; `arrival` the same in seconds of a
    clock that only measures durations. `epoch` tells pictures with equal stamps apart when time has jumped
    back between them.
    """

    stamp: int
    frame_id: str
    payload: Payload
    received: int
    arrival: float
    epoch: int = 0

    @property
    def since(self) -> int:
        """From when its age counts, nanoseconds: it was not taken after it arrived, whatever its stamp."""
        return min(self.stamp, self.received)


@dataclass(frozen=True)
class Limits:
    """What may change while running: seconds, and pictures a second (0: no limit)."""

    max_image_age: float = 0.5
    max_rate: float = 0.0


@dataclass
class Counters:
    """Pictures so far: arrived, worked on, and replaced by a newer one while they waited to be worked on."""

    received: int = 0
    started: int = 0
    dropped: int = 0
    stale: int = 0


class Schedule(Generic[Payload]):
    """One camera: the newest picture wins, and is used at most once for a set of requests."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.counters = Counters()
        self.requests: tuple[Request, ...] = ()
        self.newest: Picture[Payload] | None = None
        self._waiting: Picture[Payload] | None = None
        self._last_start: int | None = None
        self._stale = False
        self._reset_at: int | None = None
        self._epoch = 0

    def set_requests(self, requests: tuple[Request, ...]) -> None:
        """Replace what is asked for; an empty tuple clears, the very same once more changes nothing.

        A picture that was used for the requests before is there for these too, if it is stamped late enough.
        The same questions with another stamp are not STALE anew.
        """
        if requests == self.requests:
            return
        if not same_questions(requests, self.requests):
            self._stale = False
        self.requests = requests
        self._waiting = self.newest

    def offer(self, picture: Picture[Payload], needed: bool = True) -> None:
        """Take the newest picture in; drops are counted only while it is `needed`, that is, waited for."""
        if self.newest is not None and picture.stamp < self.newest.stamp:
            self._epoch += 1
        if self._waiting is not None and needed and self._usable(self._waiting):
            self.counters.dropped += 1
        self.counters.received += 1
        self.newest = self._waiting = replace(picture, epoch=self._epoch)

    def take(self, now: int) -> Picture[Payload] | None:
        """The picture to work on now, if it is time for one."""
        picture = self._waiting
        if (
            picture is None
            or not self._usable(picture)
            or not self._fresh(picture, now)
            or self.wait(now) > 0
        ):
            return None
        self._waiting = None
        self._last_start = now
        self.counters.started += 1
        return picture

    def fresh_since(self, stamp: int, now: int) -> Picture[Payload] | None:
        """The newest picture, if it is stamped at or after `stamp` and fresh; whoever else uses it."""
        picture = self.newest
        return picture if picture and picture.stamp >= stamp and self._fresh(picture, now) else None

    def wait(self, now: int) -> float:
        """Seconds until `max_rate` allows the next picture."""
        if self.limits.max_rate <= 0 or self._last_start is None:
            return 0.0
        return max(0.0, (self._last_start - now) / SECOND + 1.0 / self.limits.max_rate)

    def newly_stale(self, now: int) -> bool:
        """Whether the active requests have just lost their last fresh picture; true once per transition."""
        if not self.requests:
            return False
        stale = not self._has_fresh_picture(now)
        changed = stale and not self._stale
        self._stale = stale
        self.counters.stale += changed
        return changed

    def answered(self) -> None:
        """An answer has gone out: should there be no fresh picture, STALE is to be said after it (again)."""
        self._stale = False

    def age(self, now: int) -> float | None:
        """Age of the newest picture in seconds, None where there has been none."""
        return None if self.newest is None else (now - self.newest.since) / SECOND

    def ahead(self) -> float:
        """Seconds that the newest picture's stamp was ahead of the node's time on arrival; 0: it was not."""
        return 0.0 if self.newest is None else (self.newest.stamp - self.newest.since) / SECOND

    def clock_jumped_back(self, now: int) -> None:
        """Forget everything measured on the time before: the picture waiting, ages, the last start.

        The camera then has `max_image_age` to send a picture on the new time before the requests become
        stale.
        """
        self.newest = self._waiting = self._last_start = None
        self._reset_at = now
        self._epoch += 1
        self.requests = tuple(replace(r, stamp=min(r.stamp, now)) for r in self.requests)

    def resume(self, now: int) -> None:
        """Work goes on after a pause: the camera has `max_image_age` before the requests become stale."""
        self._stale = False
        self._reset_at = now

    def _usable(self, picture: Picture[Payload]) -> bool:
        return bool(self.requests) and picture.stamp >= max(request.stamp for request in self.requests)

    def _has_fresh_picture(self, now: int) -> bool:
        if self.newest is not None and self._fresh(self.newest, now):
            return True
        return self._reset_at is not None and now - self._reset_at <= self.limits.max_image_age * SECOND

    def _fresh(self, picture: Picture[Payload], now: int) -> bool:
        return now - picture.since <= self.limits.max_image_age * SECOND
