"""Boxes of known place and angle on a table, seen by a camera that looks down at it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from examples.top_grasp import CameraPose, NoGrasp, plan_top_grasp
from ssp_sam_ros.session.points import Pinhole
from ssp_sam_ros.sim.robot.grasp import STROKE

CAMERA = Pinhole(fx=400.0, fy=400.0, cx=159.5, cy=119.5)
HEIGHT = 0.8
POSE = CameraPose(np.array([0.02, -0.01, HEIGHT]), np.diag([1.0, -1.0, -1.0]))  # straight down


def view(*boxes: tuple[float, float, float, float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Labels and depth of boxes (x, y, length, width, height, yaw); only their tops are seen from there."""
    rows, columns = np.indices((240, 320))
    labels, depth = np.zeros((240, 320), np.uint8), np.full((240, 320), HEIGHT, np.float32)
    for k, (x, y, length, width, height, yaw) in enumerate(boxes):
        z = HEIGHT - height
        px = (columns - CAMERA.cx) / CAMERA.fx * z + POSE.position[0] - x
        py = -(rows - CAMERA.cy) / CAMERA.fy * z + POSE.position[1] - y
        along = math.cos(yaw) * px + math.sin(yaw) * py
        across = -math.sin(yaw) * px + math.cos(yaw) * py
        inside = (np.abs(along) < length / 2) & (np.abs(across) < width / 2)
        labels[inside], depth[inside] = k + 1, z
    return labels, depth


def apart(a: float, b: float) -> float:
    """Between two directions of a gripper, radians."""
    return abs((a - b + math.pi / 2) % math.pi - math.pi / 2)


@pytest.mark.parametrize("yaw", [0.0, 0.6, 1.4, -0.9])
def test_across_the_short_side(yaw: float) -> None:
    labels, depth = view((0.05, 0.03, 0.12, 0.04, 0.05, yaw))
    grasp = plan_top_grasp(labels == 1, depth, CAMERA, POSE)
    assert grasp.position[:2] == pytest.approx((0.05, 0.03), abs=0.004)
    assert 0 < grasp.position[2] < 0.01
    assert apart(grasp.yaw, yaw) < math.radians(8)
    assert 0.05 < grasp.opening < 0.10


def test_the_fingers_keep_out_of_what_is_beside_it() -> None:
    target = (0.0, 0.0, 0.07, 0.06, 0.06, 0.0)
    labels, depth = view(target)
    assert apart(plan_top_grasp(labels == 1, depth, CAMERA, POSE).yaw, 0.0) < 0.2
    labels, depth = view(target, (0.0, 0.055, 0.08, 0.03, 0.06, 0.0), (0.0, -0.055, 0.08, 0.03, 0.06, 0.0))
    assert apart(plan_top_grasp(labels == 1, depth, CAMERA, POSE).yaw, math.pi / 2) < 0.2


def test_of_something_tall_only_the_upper_part_is_reached_for() -> None:
    labels, depth = view((0.0, 0.0, 0.06, 0.05, 0.24, 0.0))
    assert plan_top_grasp(labels == 1, depth, CAMERA, POSE).position[2] == pytest.approx(0.115, abs=0.005)


def test_of_a_mask_in_parts_the_largest_counts() -> None:
    labels, depth = view((0.1, 0.0, 0.08, 0.05, 0.05, 0.0), (-0.1, 0.0, 0.02, 0.02, 0.05, 0.0))
    grasp = plan_top_grasp(labels > 0, depth, CAMERA, POSE)
    assert grasp.position[0] == pytest.approx(0.1, abs=0.004)


def test_no_grasp() -> None:
    labels, depth = view((0.0, 0.0, 0.3, STROKE + 0.01, 0.05, 0.0))
    with pytest.raises(NoGrasp, match="wider"):
        plan_top_grasp(labels == 1, depth, CAMERA, POSE)
    with pytest.raises(NoGrasp, match="empty"):
        plan_top_grasp(labels == 9, depth, CAMERA, POSE)
    with pytest.raises(NoGrasp, match="stand out"):
        plan_top_grasp(labels == 0, depth, CAMERA, POSE)  # the table itself
