"""The 3D points of a mask, from depth aligned with the picture."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ssp_sam_ros.session.clock import SECOND

_KEPT = 8  # depth pictures; at 30 Hz a quarter of a second, more than a picture and its depth are apart


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


class DepthBuffer:
    """The last few depth pictures of a camera and its calibration."""

    def __init__(self) -> None:
        self.camera: Pinhole | None = None
        self._pictures: deque[tuple[int, Any]] = deque(maxlen=_KEPT)

    def add(self, stamp: int, message: Any) -> None:
        """Keep a depth picture; `stamp` in nanoseconds."""
        self._pictures.append((stamp, message))

    def clear(self) -> None:
        """Forget the pictures, not the calibration."""
        self._pictures.clear()

    def nearest(self, stamp: int, max_offset: float) -> Any | None:
        """The depth message closest to a stamp, None where none is within `max_offset` seconds."""
        pictures = list(self._pictures)
        if not pictures:
            return None
        found, message = min(pictures, key=lambda picture: abs(picture[0] - stamp))
        return message if abs(found - stamp) <= max_offset * SECOND else None
