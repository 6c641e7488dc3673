"""The 3D points of a mask, from depth aligned with the picture."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ssp_sam_ros.session.clock import SECOND

_KEPT = 16  # depth pictures; at 30 Hz half a second, as long as a picture waits for the worker by default
_ALIVE = SECOND  # nanoseconds without depth after which none is waited for


@dataclass(frozen=True)
class Pinhole:
    """Focal lengths and centre of a rectified camera, pixels."""

    fx: float
    fy: float
    cx: float
    cy: float

    @classmethod
    def from_camera_info(cls, message: Any) -> Pinhole:
        """From sensor_msgs/CameraInfo: its P, or K where P is not filled.

        Raises:
            ValueError: the camera is not calibrated.
        """
        for matrix, columns in ((message.p, 4), (message.k, 3)):
            values = [float(value) for value in matrix]
            if values[0] > 0 and values[columns + 1] > 0:
                return cls(fx=values[0], fy=values[columns + 1], cx=values[2], cy=values[columns + 2])
        raise ValueError("camera_info has no focal length: the camera is not calibrated")


def points_of(mask: NDArray[np.uint8], depth: NDArray[np.float32], camera: Pinhole) -> NDArray[np.float32]:
    """The mask's points in the optical frame (REP-103: x right, y down, z forward).

    Args:
        mask: (height, width), 0 or not.
        depth: (height, width), metres along the optical axis, NaN where there is none.
        camera: of the depth picture.

    Returns:
        (N, 3) float32, metres; pixels without depth are left out.

    Raises:
        ValueError: mask and depth differ in size.
    """
    if mask.shape != depth.shape:
        raise ValueError(
            f"the depth picture is {depth.shape[1]} x {depth.shape[0]}, the picture {mask.shape[1]} x "
            f"{mask.shape[0]}; depth must be aligned with the picture"
        )
    rows, columns = np.nonzero((mask != 0) & np.isfinite(depth))
    z = depth[rows, columns]
    x = (columns - camera.cx) / camera.fx * z
    y = (rows - camera.cy) / camera.fy * z
    return np.stack([x, y, z], axis=1).astype(np.float32)


def thin_out(xyz: NDArray[np.float32], voxel_size: float) -> NDArray[np.float32]:
    """One point for each occupied cube of a grid: the mean of the points in it.

    Args:
        xyz: (N, 3), metres.
        voxel_size: edge of a cube, metres; 0: nothing changes.

    Returns:
        (M, 3) float32, M <= N.
    """
    if voxel_size <= 0 or not len(xyz):
        return xyz
    cells = np.floor(xyz / voxel_size).astype(np.int64)
    cells -= cells.min(axis=0)
    _, columns, layers = cells.max(axis=0) + 1
    flat = (cells[:, 0] * columns + cells[:, 1]) * layers + cells[:, 2]
    _, cube, count = np.unique(flat, return_inverse=True, return_counts=True)
    sums = [np.bincount(cube, weights=xyz[:, axis]) for axis in range(3)]
    return (np.stack(sums, axis=1) / count[:, None]).astype(np.float32)


class DepthMatch:
    """The depth picture closest to the stamp of a picture, of those before and all that arrive meanwhile."""

    def __init__(self, stamp: int) -> None:
        """`stamp` of the picture, nanoseconds."""
        self._stamp = stamp
        self._closest: tuple[int, Any] | None = None
        self._newest: int | None = None
        self._changed = threading.Condition()

    def see(self, stamp: int, message: Any) -> None:
        """A depth picture; `stamp` in nanoseconds."""
        with self._changed:
            self._newest = stamp
            if self._closest is None or abs(stamp - self._stamp) < abs(self._closest[0] - self._stamp):
                self._closest = stamp, message
            self._changed.notify_all()

    def message(self, max_offset: float, patience: float = 0.0) -> Any | None:
        """The closest depth message, None where none is within `max_offset` seconds of the picture.

        Depth often arrives after its picture: as long as only earlier ones have, and the last one not long
        before, the right one is waited for, `patience` seconds at most.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._may_get_closer(), patience)
            if self._closest is None:
                return None
            found, message = self._closest
        return message if abs(found - self._stamp) <= max_offset * SECOND else None

    def _may_get_closer(self) -> bool:
        return self._newest is not None and 0 < self._stamp - self._newest <= _ALIVE


class DepthBuffer:
    """The last few depth pictures of a camera, its calibration, and the match of the picture worked on."""

    def __init__(self) -> None:
        self.camera: Pinhole | None = None
        self._pictures: deque[tuple[int, Any]] = deque(maxlen=_KEPT)
        self._match: DepthMatch | None = None
        self._lock = threading.Lock()

    def add(self, stamp: int, message: Any) -> None:
        """Keep a depth picture; `stamp` in nanoseconds."""
        with self._lock:
            self._pictures.append((stamp, message))
            if self._match is not None:
                self._match.see(stamp, message)

    def match(self, stamp: int) -> DepthMatch:
        """What finds the depth for a picture of this stamp, until the next one is asked for."""
        match = DepthMatch(stamp)
        with self._lock:
            for picture in self._pictures:
                match.see(*picture)
            self._match = match
        return match

    def clear(self) -> None:
        """Forget the pictures, not the calibration."""
        with self._lock:
            self._pictures.clear()
            self._match = None
