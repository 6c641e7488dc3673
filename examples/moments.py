"""Depth pictures and calibrations by their stamps: an answer comes as much later as the network takes."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from ssp_sam_ros.session.clock import SECOND
from ssp_sam_ros.session.messages import nanoseconds_of

_MOST = 600  # messages of each kind: about 350 MiB of depth at 640x480


class Moments:
    """What the camera sent in the last seconds.

    Args:
        seconds: between the stamps of the newest and the oldest message that is kept.
    """

    def __init__(self, seconds: float) -> None:
        """Nothing yet."""
        self._span = round(seconds * SECOND)
        self._depths: OrderedDict[int, Any] = OrderedDict()
        self._infos: OrderedDict[int, Any] = OrderedDict()

    def add_depth(self, message: Any) -> None:
        """A sensor_msgs/Image."""
        self._add(self._depths, message)

    def add_info(self, message: Any) -> None:
        """A sensor_msgs/CameraInfo."""
        self._add(self._infos, message)

    def of(self, stamp: int) -> tuple[Any, Any] | None:
        """Depth and calibration with this very stamp (nanoseconds); None while one of them is missing."""
        if stamp in self._depths and stamp in self._infos:
            return self._depths[stamp], self._infos[stamp]
        return None

    def clear(self) -> None:
        """Forget everything."""
        self._depths.clear()
        self._infos.clear()

    def _add(self, kept: OrderedDict[int, Any], message: Any) -> None:
        stamp = nanoseconds_of(message.header.stamp)
        if kept and stamp < next(reversed(kept)):  # time has jumped back
            kept.clear()
        kept[stamp] = message
        while stamp - next(iter(kept)) > self._span or len(kept) > _MOST:
            kept.popitem(last=False)
