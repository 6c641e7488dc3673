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


@pytest.mark.parametrize(
    ("support", "height"),
    [
        pytest.param((0.0, 0.0, 0.20, 0.16, 0.05, 0.3), 0.10, id="a box on a box"),
        pytest.param((0.0, 0.0, 0.10, 0.07, 0.05, 0.3), 0.10, id="a box on one hardly larger"),
        pytest.param((0.0, 0.0, 0.18, 0.18, 0.006, 0.0), 0.07, id="a box on a plate"),
        pytest.param((0.0, 0.0, 0.20, 0.16, 0.05, 0.3), 0.054, id="a sheet on a box"),
        pytest.param((0.0, 0.0, 0.20, 0.16, 0.05, 0.3), 0.21, id="something tall on a box"),
    ],
)
def test_the_fingers_stay_above_what_the_target_stands_on(
    support: tuple[float, float, float, float, float, float], height: float
) -> None:
    labels, depth = view(support, (0.0, 0.0, 0.08, 0.04, height, 0.3))
    grasp = plan_top_grasp(labels == 2, depth, CAMERA, POSE)
    under = support[4]
    assert under < grasp.position[2] <= max(under + 0.004, height - 0.12)
    assert grasp.position[2] <= (under + height) / 2 + 1e-6  # enough of it is between the fingers
    assert apart(grasp.yaw, 0.3) < math.radians(8)


@pytest.mark.slow
@pytest.mark.sim
def test_a_jar_is_taken_off_a_book_without_the_book() -> None:
    pytest.importorskip("mujoco", reason="needs the extra sim")
    from ssp_sam_ros.sim import SimulatorUnavailableError
    from ssp_sam_ros.sim.robot import RobotBench

    try:
        bench = RobotBench(3, "bench", width=320, height=240)
    except SimulatorUnavailableError as error:
        pytest.skip(str(error))
    with bench:
        names = [bench.name(k) for k in range(len(bench.scene.objects))]
        jar, book = names.index("small green jar"), names.index("small green book")
        assert bench.with_held([book]) == {book, jar}
        focal, centre = bench.focal_length, ((bench.width - 1) / 2, (bench.height - 1) / 2)
        grasp = plan_top_grasp(
            bench.scene.mask([jar]),
            bench.first.depth,
            Pinhole(focal, focal, *centre),
            CameraPose(*bench.camera_in_world),
        )
        assert bench.pick(grasp).removed == (jar,)


def test_what_is_lower_and_beside_it_is_gone_round_not_gripped_above() -> None:
    target = (0.0, 0.0, 0.07, 0.06, 0.06, 0.0)
    beside = [(0.0, y, 0.08, 0.03, 0.04, 0.0) for y in (0.055, -0.055)]
    labels, depth = view(target, *beside)
    grasp = plan_top_grasp(labels == 1, depth, CAMERA, POSE)
    assert apart(grasp.yaw, math.pi / 2) < 0.2
    assert grasp.position[2] < 0.01
    on_all_sides = [(x, 0.0, 0.03, 0.2, 0.04, 0.0) for x in (0.06, -0.06)]
    labels, depth = view(target, *beside, *on_all_sides)
    assert 0.04 < plan_top_grasp(labels == 1, depth, CAMERA, POSE).position[2] < 0.05


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
