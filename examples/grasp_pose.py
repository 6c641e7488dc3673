"""A grasp from a mask, depth and the camera's calibration: where to close the gripper, and how it is turned.

NumPy only; `grasp_node.py` is the ROS node around it. The grasp is the simplest one that is of use: straight
along the optical axis onto the visible surface, fingers closing across the target's short side. It knows
neither what is around the target nor what is behind it; planners that do are in docs/planners.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ssp_sam_ros.session.points import Pinhole, points_of

Vector = tuple[float, float, float]

MIN_POINTS = 30
"""Fewer points say too little about a direction."""

_STRAY = 3 * 1.4826  # median absolute deviations of the inverse depth: three standard deviations
_NEVER_STRAY = 0.02  # of the median: noise and steps of a depth camera on an even surface


class NoGrasp(ValueError):  # noqa: N818, it is an answer like "it is not there", not a fault
    """There is nothing to grasp; the text says why."""


@dataclass(frozen=True)
class Grasp:
    """A grasp in the optical frame (REP-103: x right, y down, z forward).

    The gripper's frame: z is the approach, x lies along the target's long side, y is the direction in which
    the fingers close.

    Attributes:
        position: of the point between the fingers, metres: the mean of the visible points.
        yaw: of the gripper's x axis about the optical axis, from x towards y, radians in (-pi/2, pi/2]; a
            gripper turned by half a turn is the same.
        length: of the visible surface along the gripper's x, metres.
        width: what the fingers close upon: along the gripper's y, metres.
    """

    position: Vector
    yaw: float
    length: float
    width: float

    @property
    def quaternion(self) -> tuple[float, float, float, float]:
        """The gripper's orientation, (x, y, z, w)."""
        return 0.0, 0.0, math.sin(self.yaw / 2), math.cos(self.yaw / 2)


def grasp_pose(
    mask: NDArray[np.uint8], depth: NDArray[np.float32], camera: Pinhole, max_width: float = math.inf
) -> Grasp:
    """The grasp of a mask.

    Args:
        mask: (height, width), 0 or not.
        depth: (height, width), metres along the optical axis, NaN where there is none; of the same camera and
            moment.
        camera: of the mask and the depth.
        max_width: how far the gripper opens, metres.

    Raises:
        NoGrasp: the mask is empty, too few of its pixels have depth, or the gripper does not open that far.
        ValueError: mask and depth differ in size.
    """
    if not mask.any():
        raise NoGrasp("the mask is empty")
    points = without_stray(points_of(mask, depth, camera))
    if len(points) < MIN_POINTS:
        raise NoGrasp(f"only {len(points)} of the mask's pixels have depth, {MIN_POINTS} are needed")
    centre = points.mean(axis=0)
    yaw = principal_angle(points[:, :2])
    along = np.array([math.cos(yaw), math.sin(yaw)])
    across = np.array([-along[1], along[0]])
    length, width = (float(np.ptp(points[:, :2] @ axis)) for axis in (along, across))
    if width > max_width:
        raise NoGrasp(f"the target is {width:.3f} m wide, the gripper opens {max_width:.3f} m")
    x, y, z = centre.tolist()
    return Grasp((x, y, z), yaw, length, width)


def without_stray(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """Points but for those whose depth is not the target's, such as of the background at a mask's edge.

    Told by the median and the median absolute deviation of the inverse depth, which is linear over the
    picture of any plane: no part of an inclined surface counts as stray.

    Args:
        points: (N, 3), metres; z > 0.

    Returns:
        (M, 3) float64, M <= N.
    """
    if not len(points):
        return points.astype(np.float64)
    inverse = 1.0 / points[:, 2].astype(np.float64)
    median = np.median(inverse)
    away = np.abs(inverse - median)
    return points[away <= max(_STRAY * np.median(away), _NEVER_STRAY * median)].astype(np.float64)


def principal_angle(xy: NDArray[np.float64]) -> float:
    """The direction in which points spread most, radians in (-pi/2, pi/2].

    Args:
        xy: (N, 2).
    """
    covariance = np.cov(xy, rowvar=False)
    # Half the angle of the double-angle vector: the closed form for two dimensions, without a sign to choose.
    return 0.5 * math.atan2(2.0 * covariance[0, 1], covariance[0, 0] - covariance[1, 1])
