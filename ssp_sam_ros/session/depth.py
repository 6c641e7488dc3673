"""Depth pictures, and the one that goes with a picture."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from ssp_sam_ros.interface.image_codec import decode_depth
from ssp_sam_ros.session.clock import SECOND
from ssp_sam_ros.session.outputs import Output
from ssp_sam_ros.session.points import Pinhole, Space

NEEDING_DEPTH = frozenset({Output.RESULT, Output.RESULTS, Output.TARGET_POINTS})
"""Outputs that say where the target is in space."""

_KEPT = 16  # depth pictures; at 30 Hz half a second, as long as a picture waits for the worker by default
_ALIVE = SECOND  # nanoseconds without depth after which none is waited for


class MissingDepthError(ValueError):
    """A picture has no depth, or its camera no calibration; neither is needed for a mask."""


class DepthMatch:
    """The depth picture closest to the stamp of a picture, of those before and all that arrive meanwhile."""

    def __init__(self, stamp: int) -> None:
        """`stamp` of the picture, nanoseconds."""
        self._stamp = stamp
        self._closest: tuple[int, Any] | None = None
        self._newest: int | None = None
        self._interval = 0  # nanoseconds between depth pictures; 0: not known, the next one may be closer
        self._changed = threading.Condition()

    def see(self, stamp: int, message: Any) -> None:
        """A depth picture; `stamp` in nanoseconds."""
        with self._changed:
            if self._newest is not None and stamp > self._newest:
                between = stamp - self._newest
                self._interval = min(between, self._interval or between)  # one that is lost makes it longer
            self._newest = stamp
            if self._closest is None or abs(stamp - self._stamp) < abs(self._closest[0] - self._stamp):
                self._closest = stamp, message
            self._changed.notify_all()

    def message(self, max_offset: float, patience: float = 0.0) -> Any | None:
        """The closest depth message, None where none is within `max_offset` seconds of the picture.

        Depth often arrives after its picture: as long as only earlier ones have, and the next one may be
        closer than the last, it is waited for, `patience` seconds at most.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._may_get_closer(), patience)
            if self._closest is None:
                return None
            found, message = self._closest
        return message if abs(found - self._stamp) <= max_offset * SECOND else None

    def _may_get_closer(self) -> bool:
        if self._newest is None:
            return False
        behind = self._stamp - self._newest
        return 0 < behind <= _ALIVE and 2 * behind > self._interval


class DepthBuffer:
    """The last few depth pictures of a camera, its calibration, and the match of the picture worked on."""

    def __init__(self) -> None:
        self.camera: Pinhole | None = None
        self._pictures: deque[tuple[int, Any]] = deque(maxlen=_KEPT)
        self._match: DepthMatch | None = None
        self._lock = threading.Lock()

    @property
    def matching(self) -> bool:
        """Whether the depth of a picture is being looked for."""
        return self._match is not None

    def add(self, stamp: int, message: Any) -> None:
        """Keep a depth picture; `stamp` in nanoseconds."""
        with self._lock:
            self._pictures.append((stamp, message))
            if self._match is not None:
                self._match.see(stamp, message)

    def match(self, stamp: int) -> DepthMatch:
        """What finds the depth for a picture of this stamp, until `done`."""
        match = DepthMatch(stamp)
        with self._lock:
            for picture in self._pictures:
                match.see(*picture)
            self._match = match
        return match

    def done(self) -> None:
        """The picture's depth is not looked for any more."""
        with self._lock:
            self._match = None

    def clear(self) -> None:
        """Forget the pictures, not the calibration."""
        with self._lock:
            self._pictures.clear()
            self._match = None

    def space(self, match: DepthMatch, max_offset: float, patience: float) -> Space:
        """The points behind the pixels of a picture.

        Args:
            match: the picture's.
            max_offset: seconds between the stamps of picture and depth, at most.
            patience: seconds to wait for depth that is on its way, at most.

        Raises:
            MissingDepthError: there is no depth for the picture, or no calibration.
            ValueError: the depth picture cannot be read.
        """
        if self.camera is None:
            raise MissingDepthError("no camera_info has arrived yet")
        message = match.message(max_offset, patience)
        if message is None:
            raise MissingDepthError("no depth picture within depth_max_offset of the picture")
        return Space(decode_depth(message), self.camera)
