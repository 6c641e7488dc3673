from __future__ import annotations

import math

import numpy as np
import pytest

from ssp_sam_ros.sim.robot import TopGrasp, UnreachableError
from ssp_sam_ros.sim.robot.grasp import STROKE


@pytest.mark.parametrize("yaw", [-1.2, 0.0, 0.7, 3.0])
def test_a_pose_and_back(yaw: float) -> None:
    grasp = TopGrasp((0.1, -0.2, 0.03), yaw, 0.08)
    axes = grasp.rotation()
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1.0)
    again = TopGrasp.from_pose(np.array(grasp.position), axes, 0.08)
    assert again.position == grasp.position
    assert again.yaw == pytest.approx(yaw)


def test_only_from_above() -> None:
    tilt = math.radians(20)
    c, s = math.cos(tilt), math.sin(tilt)
    tilted = np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ TopGrasp((0, 0, 0.1), 0.0, 0.1).rotation()
    with pytest.raises(UnreachableError, match="from above"):
        TopGrasp.from_pose(np.zeros(3), tilted, 0.1)


@pytest.mark.parametrize(
    ("position", "opening", "text"),
    [
        ((2.0, 0.0, 0.1), 0.1, "out of reach"),
        ((0.0, 0.0, -0.1), 0.1, "out of reach"),
        ((0.0, 0.0, 0.1), STROKE + 0.01, "opens up to"),
        ((0.0, 0.0, 0.1), 0.0, "opens up to"),
        ((math.nan, 0.0, 0.1), 0.1, "finite"),
    ],
)
def test_what_cannot_be_reached(position: tuple[float, float, float], opening: float, text: str) -> None:
    with pytest.raises(UnreachableError, match=text):
        TopGrasp(position, 0.0, opening)
