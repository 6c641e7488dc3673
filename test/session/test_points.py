from __future__ import annotations

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from ssp_sam_ros.session.clock import SECOND
from ssp_sam_ros.session.points import DepthBuffer, Pinhole, points_of, thin_out

CAMERA = Pinhole(fx=100.0, fy=200.0, cx=2.0, cy=1.0)


def test_projection_and_back() -> None:
    depth = np.full((4, 6), 2.0, np.float32)
    mask = np.zeros((4, 6), np.uint8)
    mask[1, 2] = mask[3, 5] = 255
    points = points_of(mask, depth, CAMERA)
    np.testing.assert_allclose(points, np.array([[0, 0, 2], [0.06, 0.02, 2]]), atol=1e-6)
    pixels = points[:, :2] / points[:, 2:] * [100, 200] + [2, 1]
    np.testing.assert_allclose(pixels, [[2, 1], [5, 3]], atol=1e-4)


def test_pixels_without_depth_are_left_out() -> None:
    depth = np.array([[1.0, np.nan, 3.0]], np.float32)
    points = points_of(np.full((1, 3), 255, np.uint8), depth, CAMERA)
    assert points.dtype == np.float32
    assert points[:, 2].tolist() == [1.0, 3.0]


def test_no_mask_no_points() -> None:
    assert points_of(np.zeros((2, 3), np.uint8), np.ones((2, 3), np.float32), CAMERA).shape == (0, 3)


def test_depth_must_be_aligned() -> None:
    with pytest.raises(ValueError, match="3 x 2, the picture 6 x 4"):
        points_of(np.zeros((4, 6), np.uint8), np.ones((2, 3), np.float32), CAMERA)


def test_calibration() -> None:
    k = [100.0, 0, 2, 0, 200, 1, 0, 0, 1]
    p = [110.0, 0, 3, 0, 0, 210, 4, 0, 0, 0, 1, 0]
    assert Pinhole.from_camera_info(SimpleNamespace(k=k, p=p)) == Pinhole(110, 210, 3, 4)
    assert Pinhole.from_camera_info(SimpleNamespace(k=k, p=[0.0] * 12)) == CAMERA
    with pytest.raises(ValueError, match="not calibrated"):
        Pinhole.from_camera_info(SimpleNamespace(k=[0.0] * 9, p=[0.0] * 12))


def test_the_closest_depth_within_the_offset() -> None:
    buffer = DepthBuffer()
    assert buffer.match(0).message(1.0) is None
    for i in range(100):
        buffer.add(i * SECOND, f"depth {i}")
    match = buffer.match(round(98.4 * SECOND))
    assert match.message(0.5) == "depth 98"
    assert match.message(0.3) is None
    assert buffer.match(50 * SECOND).message(1.0) is None  # long forgotten


def test_depth_that_comes_while_a_picture_is_worked_on_counts_however_much_follows() -> None:
    buffer = DepthBuffer()
    buffer.add(0, "before")
    match = buffer.match(SECOND // 30)
    for i in range(1, 1000):
        buffer.add(i * SECOND // 30, f"depth {i}")
    assert match.message(0.05) == "depth 1"


def test_the_right_depth_is_waited_for_where_only_its_neighbour_is_there() -> None:
    buffer = DepthBuffer()
    buffer.add(0, "neighbour")
    match = buffer.match(SECOND // 30)
    late = threading.Timer(0.05, buffer.add, (SECOND // 30, "its own"))
    late.start()
    assert match.message(0.05, patience=10) == "its own"
    late.join()


@pytest.mark.parametrize("last", [None, -2 * SECOND, 1])
def test_nothing_is_waited_for_in_vain(last: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without depth, with depth that has ended, and where no closer one can come."""
    buffer = DepthBuffer()
    if last is not None:
        buffer.add(last, "depth")
    match = buffer.match(0)
    monkeypatch.setattr(match._changed, "wait", lambda timeout: pytest.fail("waits"))
    assert match.message(0.05, patience=10) == ("depth" if last == 1 else None)


def test_forgotten_depth_is_not_found() -> None:
    buffer = DepthBuffer()
    buffer.add(0, "depth")
    match = buffer.match(SECOND)
    buffer.clear()
    buffer.add(SECOND, "of another time")
    assert match.message(0.5) is None
    assert buffer.match(0).message(0.5) is None


def test_thinning_out_keeps_one_mean_a_cube() -> None:
    xyz = np.array([[0.01, 0, 0.5], [0.03, 0, 0.5], [0.06, 0, 0.5], [-0.01, 0, 0.5]], np.float32)
    thin = thin_out(xyz, 0.05)
    np.testing.assert_allclose(thin[np.argsort(thin[:, 0]), 0], [-0.01, 0.02, 0.06], atol=1e-6)
    assert thin.dtype == np.float32
    assert thin_out(xyz, 0.0) is xyz
    assert thin_out(xyz[:0], 0.05).shape == (0, 3)
