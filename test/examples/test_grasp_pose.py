"""Boxes of known size, place and angle, seen by a pinhole camera over a table."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from examples.grasp_pose import Grasp, NoGrasp, grasp_pose, principal_angle
from ssp_sam_ros.session.points import Pinhole

CAMERA = Pinhole(fx=400.0, fy=420.0, cx=159.5, cy=119.5)
SIZE = (240, 320)
TABLE = 0.9
TOP = 0.8


def view(
    yaw: float, length: float = 0.16, width: float = 0.05, at: tuple[float, float] = (0.04, -0.03)
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Mask and depth of a box's top, 0.1 m above a table that the camera looks straight down at."""
    rows, columns = np.indices(SIZE)
    x = (columns - CAMERA.cx) / CAMERA.fx * TOP - at[0]
    y = (rows - CAMERA.cy) / CAMERA.fy * TOP - at[1]
    along = math.cos(yaw) * x + math.sin(yaw) * y
    across = -math.sin(yaw) * x + math.cos(yaw) * y
    mask = (np.abs(along) <= length / 2) & (np.abs(across) <= width / 2)
    return mask.astype(np.uint8) * 255, np.where(mask, TOP, TABLE).astype(np.float32)


def turn(first: float, second: float) -> float:
    """The difference of two directions of an axis, radians, 0 to pi/2."""
    return abs((first - second + math.pi / 2) % math.pi - math.pi / 2)


@pytest.mark.parametrize("degrees", [0, 20, 45, 70, 90, 110, 160, 179])
def test_a_box_is_grasped_in_its_middle_across_its_short_side(degrees: int) -> None:
    grasp = grasp_pose(*view(math.radians(degrees)), CAMERA)
    assert grasp.position == pytest.approx((0.04, -0.03, TOP), abs=0.001)
    assert turn(grasp.yaw, math.radians(degrees)) < math.radians(1.5)
    assert -math.pi / 2 < grasp.yaw <= math.pi / 2
    assert grasp.length == pytest.approx(0.16, abs=0.006)
    assert grasp.width == pytest.approx(0.05, abs=0.006)


def test_quaternion_turns_the_grippers_x_axis_by_the_yaw() -> None:
    x, y, z, w = Grasp((0, 0, 1), math.radians(30), 0.1, 0.05).quaternion
    assert (x, y) == (0, 0)
    turned = (1 - 2 * (y * y + z * z), 2 * (x * y + z * w))  # the rotation matrix's first column
    assert turned == pytest.approx((math.cos(math.radians(30)), math.sin(math.radians(30))))


def test_depth_of_the_background_inside_the_mask_moves_nothing() -> None:
    mask, depth = view(math.radians(30))
    exact = grasp_pose(mask, depth, CAMERA)
    generous = np.array(mask)
    rows, columns = np.nonzero(mask)
    generous[rows, np.minimum(columns + 3, SIZE[1] - 1)] = 255
    grasp = grasp_pose(generous, depth, CAMERA)
    assert grasp.position == pytest.approx(exact.position, abs=1e-6)
    assert grasp.yaw == pytest.approx(exact.yaw)


def test_an_inclined_surface_is_used_as_a_whole() -> None:
    mask, _ = view(0.0, length=0.16, width=0.1, at=(0.0, 0.0))
    rows, _ = np.indices(SIZE)
    slope = (rows - CAMERA.cy) / CAMERA.fy
    depth = (TOP / (1 - slope)).astype(np.float32)  # the plane z = TOP + y: 45 degrees
    used = grasp_pose(mask, depth, CAMERA)
    rows_of_mask = np.nonzero(mask)[0]
    top, bottom = (
        TOP / (1 - (row - CAMERA.cy) / CAMERA.fy) - TOP for row in (rows_of_mask.min(), rows_of_mask.max())
    )
    assert used.width == pytest.approx(bottom - top, abs=0.002)


def test_holes_in_the_depth_are_left_out() -> None:
    mask, depth = view(math.radians(60))
    holes = np.random.default_rng(0).random(SIZE) < 0.6
    grasp = grasp_pose(mask, np.where(holes, np.nan, depth).astype(np.float32), CAMERA)
    assert grasp.position == pytest.approx((0.04, -0.03, TOP), abs=0.003)
    assert turn(grasp.yaw, math.radians(60)) < math.radians(3)


def test_nothing_to_grasp_says_why() -> None:
    mask, depth = view(0.0)
    with pytest.raises(NoGrasp, match="the mask is empty"):
        grasp_pose(np.zeros_like(mask), depth, CAMERA)
    with pytest.raises(NoGrasp, match="only 0 of the mask's pixels have depth"):
        grasp_pose(mask, np.full_like(depth, np.nan), CAMERA)
    with pytest.raises(NoGrasp, match=r"0\.0[45]\d m wide, the gripper opens 0\.020 m"):
        grasp_pose(mask, depth, CAMERA, max_width=0.02)


def test_depth_of_another_size_is_an_error_not_a_grasp() -> None:
    mask, depth = view(0.0)
    with pytest.raises(ValueError, match="aligned") as caught:
        grasp_pose(mask, depth[:-1], CAMERA)
    assert not isinstance(caught.value, NoGrasp)


def test_direction_of_a_line() -> None:
    steps = np.linspace(-1, 1, 9)
    assert principal_angle(np.stack([steps, steps], axis=1)) == pytest.approx(math.pi / 4)
    assert principal_angle(np.stack([steps, -steps], axis=1)) == pytest.approx(-math.pi / 4)
    assert principal_angle(np.stack([0 * steps, steps], axis=1)) == pytest.approx(math.pi / 2)
