"""The 3D points of a mask, from depth aligned with the picture, and where they lie."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ssp_sam_ros.perception.result import Outcome, Result

Vector = tuple[float, float, float]

_STRAY = 3 * 1.4826  # median absolute deviations; 1.4826 of them are a standard deviation of normal noise
_NEVER_STRAY = 0.02  # of the median: what noise and steps of a depth camera make up on a surface that is even


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

    def cropped(self, x: int, y: int) -> Pinhole:
        """The camera of the part of the picture that begins at pixel (x, y)."""
        return Pinhole(self.fx, self.fy, self.cx - x, self.cy - y)


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
    check_aligned(mask, depth)
    rows, columns = np.nonzero((mask != 0) & np.isfinite(depth))
    z = depth[rows, columns]
    x = (columns - camera.cx) / camera.fx * z
    y = (rows - camera.cy) / camera.fy * z
    return np.stack([x, y, z], axis=1).astype(np.float32)


def check_aligned(mask: NDArray[np.uint8], depth: NDArray[np.float32]) -> None:
    """Raises ValueError where mask and depth differ in size."""
    if mask.shape != depth.shape:
        raise ValueError(
            f"the depth picture is {depth.shape[1]} x {depth.shape[0]}, the picture {mask.shape[1]} x "
            f"{mask.shape[0]}; depth must be aligned with the picture"
        )


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


@dataclass(frozen=True)
class Position:
    """Where a target is: the fields of ssp_sam_msgs/msg/ReferringResult, metres in the optical frame.

    `pixels` is the number of pixels whose depth was used; 0: centroid and extent are NaN.
    """

    pixels: int
    centroid: Vector
    extent: Vector


NO_POSITION = Position(0, (math.nan,) * 3, (math.nan,) * 3)


def position_of(xyz: NDArray[np.float32]) -> Position:
    """Mean and extent of a mask's points, but for stray ones; `NO_POSITION` where there are none.

    At the edge of a mask there is depth of the background, or of neither (depth cameras mix the two). Such
    pixels are told by the median and the median absolute deviation, which hold as long as most pixels are
    the target's; of the inverse depth, which is linear over the picture of any plane, so that even a floor
    seen at a flat angle has no part that counts as stray.

    Args:
        xyz: (N, 3), metres; z > 0.
    """
    if not len(xyz):
        return NO_POSITION
    inverse = 1.0 / xyz[:, 2].astype(np.float64)
    median = np.median(inverse)
    away = np.abs(inverse - median)
    kept = xyz[away <= max(_STRAY * np.median(away), _NEVER_STRAY * median)].astype(np.float64)
    return Position(len(kept), _vector(kept.mean(axis=0)), _vector(np.ptp(kept, axis=0)))


class Space:
    """The depth of one picture, as points and positions of what lies in it."""

    def __init__(self, depth: NDArray[np.float32], camera: Pinhole) -> None:
        """`depth` as in `points_of`."""
        self._depth = depth
        self._camera = camera
        self._latest: tuple[Result, NDArray[np.float32]] | None = None

    def points(self, result: Result) -> NDArray[np.float32]:
        """As `points_of`, of a result's mask; none where it has none. Raises as that does."""
        if self._latest is None or self._latest[0] is not result:
            self._latest = result, self._points(result)
        return self._latest[1]

    def position(self, result: Result) -> Position:
        """Where a result's target is. Raises as `points_of` does."""
        return position_of(self.points(result))

    def _points(self, result: Result) -> NDArray[np.float32]:
        mask = result.mask
        if mask is None or result.outcome is not Outcome.FOUND:
            return np.zeros((0, 3), np.float32)
        check_aligned(mask, self._depth)
        x1, y1, x2, y2 = result.box  # a target is small, as a rule
        part = np.s_[y1:y2, x1:x2]
        return points_of(mask[part], self._depth[part], self._camera.cropped(x1, y1))


def _vector(values: NDArray[np.float64]) -> Vector:
    x, y, z = values.tolist()
    return x, y, z
