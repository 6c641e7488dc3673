"""A grasp from straight above from a mask, depth and the camera's pose: for the gantry of `ssp-sam sim`.

NumPy and OpenCV only. Unlike `grasp_pose.py` it knows where "up" is, so it can measure the target from above,
keep the fingers out of what stands around it, and reach down to what it stands on, table or other thing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

try:  # beside this file where it is run as a script, a module of the repository where it is imported
    from grasp_pose import MIN_POINTS, NoGrasp, without_stray
except ModuleNotFoundError:
    from examples.grasp_pose import MIN_POINTS, NoGrasp, without_stray

from ssp_sam_ros.session.points import Pinhole, points_of
from ssp_sam_ros.sim.robot.grasp import (
    FINGER,
    FINGER_THICKNESS,
    FINGER_WIDTH,
    PALM_LENGTH,
    PALM_WIDTH,
    STROKE,
    TopGrasp,
)

__all__ = ["CameraPose", "NoGrasp", "plan_top_grasp"]

Points = NDArray[np.float64]

_LOWEST = (
    0.003  # metres that the tips keep above the table, and above anything else that the target stands on
)
_DEEPEST = FINGER - 0.025  # metres below the target's top that they reach
_DIRECTIONS = 24  # of the gripper, over half a turn
_CLEARANCES = (0.022, 0.014, 0.008)  # metres between target and finger on the way down
_MARGIN = 0.004  # metres around the fingers that other things should keep
_NEAR = 0.35  # metres around the target that are looked at for obstacles
_ENDS = (0.5, 99.5)  # percentiles taken for the target's ends
_LOW = 10.0  # percentile of the target's heights; what is lower may carry it, what is higher stands beside it


@dataclass(frozen=True)
class CameraPose:
    """Where the camera's optical frame is in a world whose z points up and whose table top is at 0.

    Attributes:
        position: (3,) metres.
        axes: (3, 3); columns are the frame's x (right), y (down) and z (forward).
    """

    position: Points
    axes: Points

    def in_world(self, points: NDArray[np.floating]) -> Points:
        """Points (N, 3) of the optical frame, in the world."""
        return np.asarray(points @ self.axes.T + self.position, np.float64)


def plan_top_grasp(
    mask: NDArray[np.uint8] | NDArray[np.bool_], depth: NDArray[np.float32], camera: Pinhole, pose: CameraPose
) -> TopGrasp:
    """The grasp of a mask's largest part: across its short side, out of other things' way if possible.

    Args:
        mask: (height, width), 0 or not.
        depth: (height, width), metres along the optical axis, NaN where there is none.
        camera: of the mask and the depth.
        pose: of the camera.

    Raises:
        NoGrasp: too few of the mask's points stand out of the table, or it is wider than the gripper opens.
        ValueError: mask and depth differ in size.
    """
    part = _largest_part(mask)
    target = pose.in_world(without_stray(points_of(part, depth, camera)))
    target = target[target[:, 2] > _LOWEST]
    if len(target) < MIN_POINTS:
        raise NoGrasp(
            f"only {len(target)} of the mask's pixels stand out of the table, {MIN_POINTS} are needed"
        )
    top = float(np.percentile(target[:, 2], _ENDS[1]))
    low = float(np.percentile(target[:, 2], _LOW))
    tips = max(_LOWEST, top - _DEEPEST)
    target = target[target[:, 2] > min(tips, 0.8 * top)]
    outside = np.where(cv2.dilate(part, np.ones((5, 5), np.uint8)) > 0, 0, 1).astype(np.uint8)
    others = pose.in_world(points_of(outside, depth, camera))
    middle = target[:, :2].mean(0)
    others = others[(others[:, 2] > _LOWEST) & (np.abs(others[:, :2] - middle).max(1) < _NEAR)]
    sight = middle - pose.position[:2]
    sight /= max(1e-6, float(np.linalg.norm(sight)))
    grasp = _best(target[:, :2], _Heights(tips, low, top), others, sight)
    if grasp is None:
        raise NoGrasp(f"the target is wider than the {STROKE} m that the gripper opens")
    return grasp


def _largest_part(mask: NDArray[np.uint8] | NDArray[np.bool_]) -> NDArray[np.uint8]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats((mask != 0).astype(np.uint8))
    if count < 2:
        raise NoGrasp("the mask is empty")
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    return np.asarray(labels == largest, np.uint8)


@dataclass(frozen=True)
class _Heights:
    """Metres above the table: the tips at their deepest, the lowest and the highest part of the target."""

    tips: float
    low: float
    top: float


def _best(target: Points, heights: _Heights, others: Points, sight: Points) -> TopGrasp | None:
    """Of all directions the one with the least in its way, then the narrowest, deepest, best seen one."""
    found: tuple[float, TopGrasp] | None = None
    for yaw in np.linspace(-math.pi / 2, math.pi / 2, _DIRECTIONS, endpoint=False):
        along = np.array([math.cos(yaw), math.sin(yaw)])
        across = np.array([-along[1], along[0]])
        (a0, a1), (c0, c1) = (np.percentile(target @ axis, _ENDS) for axis in (along, across))
        centre = (a0 + a1) / 2 * along + (c0 + c1) / 2 * across
        a, c = (np.abs((others[:, :2] - centre) @ axis) for axis in (along, across))
        for clearance in _CLEARANCES:
            opening = float(c1 - c0) + 2 * clearance
            if opening > STROKE:
                continue
            tips = _above_support(others[:, 2], a, c, float(c1 - c0), opening, heights)
            blocked = _in_the_way(others[:, 2], a, c, opening, tips)
            # what is hidden behind the target makes its end along the line of sight uncertain
            cost = (
                0.004 * blocked
                + float(c1 - c0)
                + (tips - heights.tips)
                + 0.015 * abs(float(across @ sight))
                + 0.2 * (_CLEARANCES[0] - clearance)
            )
            if found is None or cost < found[0]:
                x, y = centre.tolist()
                found = cost, TopGrasp((x, y, tips), float(yaw), opening)
    return None if found is None else found[1]


def _above_support(z: Points, a: Points, c: Points, width: float, opening: float, heights: _Heights) -> float:
    """How far down the tips may go: onto what the target stands on, where a finger comes down or closes.

    Args:
        z, a, c: (N,) of each point of other things: its height, and how far it is from the gripper's middle
            along and across the fingers, metres.
        width: of the target, metres.
        opening: of the fingers, metres.
        heights: of the target.
    """
    reach = opening / 2 + FINGER_THICKNESS + _MARGIN
    below = (a < FINGER_WIDTH / 2 + _MARGIN) & (c > width / 2 + _MARGIN) & (c < reach) & (z < heights.low)
    if not below.any():
        return heights.tips
    support = float(z[below].max())
    # of something flat there must be something left to hold
    return max(heights.tips, min(support + _LOWEST, (support + heights.top) / 2))


def _in_the_way(z: Points, a: Points, c: Points, opening: float, tips: float) -> int:
    """How many points (as in `_above_support`) the open gripper would touch on its way down."""
    near, far = opening / 2 - _MARGIN, opening / 2 + FINGER_THICKNESS + _MARGIN
    fingers = (a < FINGER_WIDTH / 2 + _MARGIN) & (c > near) & (c < far) & (z > tips)
    palm = (a < PALM_WIDTH / 2) & (c < PALM_LENGTH / 2) & (z > tips + FINGER)
    return int(np.count_nonzero((fingers | palm) & (z > _LOWEST + 2 * _MARGIN)))
