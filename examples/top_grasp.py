"""A grasp from straight above from a mask, depth and the camera's pose: for the gantry of `ssp-sam sim`.

NumPy and OpenCV only. Unlike `grasp_pose.py` it knows where "up" is, so it can measure the target from above,
keep the fingers out of what stands around it, and reach down to the table.
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

_LOWEST = 0.003  # metres above the table that the tips keep
_DEEPEST = FINGER - 0.025  # metres below the target's top that they reach
_DIRECTIONS = 24  # of the gripper, over half a turn
_CLEARANCES = (0.022, 0.014, 0.008)  # metres between target and finger on the way down
_MARGIN = 0.004  # metres around the fingers that other things should keep
_NEAR = 0.35  # metres around the target that are looked at for obstacles
_ENDS = (0.5, 99.5)  # percentiles taken for the target's ends


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
    tips = max(_LOWEST, top - _DEEPEST)
    target = target[target[:, 2] > min(tips, 0.8 * top)]
    outside = np.where(cv2.dilate(part, np.ones((5, 5), np.uint8)) > 0, 0, 1).astype(np.uint8)
    others = pose.in_world(points_of(outside, depth, camera))
    middle = target[:, :2].mean(0)
    close = (others[:, 2] > _LOWEST + 2 * _MARGIN) & (np.abs(others[:, :2] - middle).max(1) < _NEAR)
    sight = middle - pose.position[:2]
    grasp = _best(target[:, :2], tips, others[close], sight / max(1e-6, float(np.linalg.norm(sight))))
    if grasp is None:
        raise NoGrasp(f"the target is wider than the {STROKE} m that the gripper opens")
    return grasp


def _largest_part(mask: NDArray[np.uint8] | NDArray[np.bool_]) -> NDArray[np.uint8]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats((mask != 0).astype(np.uint8))
    if count < 2:
        raise NoGrasp("the mask is empty")
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    return np.asarray(labels == largest, np.uint8)


def _best(target: Points, tips: float, others: Points, sight: Points) -> TopGrasp | None:
    """Of all directions the one with the least in its way, then the narrowest, best seen one."""
    found: tuple[float, TopGrasp] | None = None
    for yaw in np.linspace(-math.pi / 2, math.pi / 2, _DIRECTIONS, endpoint=False):
        along = np.array([math.cos(yaw), math.sin(yaw)])
        across = np.array([-along[1], along[0]])
        (a0, a1), (c0, c1) = (np.percentile(target @ axis, _ENDS) for axis in (along, across))
        centre = (a0 + a1) / 2 * along + (c0 + c1) / 2 * across
        for clearance in _CLEARANCES:
            opening = float(c1 - c0) + 2 * clearance
            if opening > STROKE:
                continue
            blocked = _in_the_way(others, centre, along, across, opening, tips)
            # what is hidden behind the target makes its end along the line of sight uncertain
            cost = (
                0.004 * blocked
                + float(c1 - c0)
                + 0.015 * abs(float(across @ sight))
                + 0.2 * (_CLEARANCES[0] - clearance)
            )
            if found is None or cost < found[0]:
                x, y = centre.tolist()
                found = cost, TopGrasp((x, y, tips), float(yaw), opening)
    return None if found is None else found[1]


def _in_the_way(
    others: Points, centre: Points, along: Points, across: Points, opening: float, tips: float
) -> int:
    """How many points the open gripper would touch on its way down, fingers and palm."""
    a = np.abs((others[:, :2] - centre) @ along)
    c = np.abs((others[:, :2] - centre) @ across)
    near, far = opening / 2 - _MARGIN, opening / 2 + FINGER_THICKNESS + _MARGIN
    fingers = (a < FINGER_WIDTH / 2 + _MARGIN) & (c > near) & (c < far) & (others[:, 2] > tips)
    palm = (a < PALM_WIDTH / 2) & (c < PALM_LENGTH / 2) & (others[:, 2] > tips + FINGER)
    return int(np.count_nonzero(fingers | palm))
