from __future__ import annotations

import numpy as np

from ssp_sam_ros.sim.camera import Camera, random_camera


def test_the_target_is_in_the_middle_and_axes_are_orthonormal() -> None:
    camera = random_camera(np.random.default_rng(0))
    np.testing.assert_allclose(camera.axes @ camera.axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(camera.axes) > 0
    np.testing.assert_allclose(camera.project(np.array(camera.target), 320, 240), [159.5, 119.5])


def test_right_and_away_on_the_ground_are_right_and_up_in_the_picture() -> None:
    for seed in range(20):
        camera = random_camera(np.random.default_rng(seed))
        middle, right, away = (
            camera.project(np.array([*camera.ground(*step), camera.target[2]]), 320, 240)
            for step in ((0, 0), (0.1, 0), (0, 0.1))
        )
        assert right[0] > middle[0] + 20
        np.testing.assert_allclose(right[1], middle[1], atol=1e-9)
        assert away[1] < middle[1] - 10
        np.testing.assert_allclose(away[0], middle[0], atol=1e-9)


def test_one_metre_at_the_target_spans_the_focal_length() -> None:
    camera = Camera((0, 0, 0), 0.3, np.radians(90), 2.0, np.radians(90))
    a, b = camera.project(np.array([(*camera.ground(0, 0), 0.0), (*camera.ground(1, 0), 0.0)]), 320, 240)
    np.testing.assert_allclose(b[0] - a[0], 120 / 2.0)


def test_random_cameras_keep_to_their_ranges() -> None:
    cameras = [random_camera(np.random.default_rng(seed)) for seed in range(200)]
    assert all(np.radians(30) <= c.elevation <= np.radians(60) for c in cameras)
    scales = [1 / (c.distance * np.tan(c.fovy / 2)) for c in cameras]
    assert max(scales) / min(scales) < 1.3
