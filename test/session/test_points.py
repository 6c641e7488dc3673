from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from ssp_sam_ros.perception.result import Outcome, Result
from ssp_sam_ros.session.points import NO_POSITION, Pinhole, Space, points_of, position_of, thin_out

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


def test_thinning_out_keeps_one_mean_a_cube() -> None:
    xyz = np.array([[0.01, 0, 0.5], [0.03, 0, 0.5], [0.06, 0, 0.5], [-0.01, 0, 0.5]], np.float32)
    thin = thin_out(xyz, 0.05)
    np.testing.assert_allclose(thin[np.argsort(thin[:, 0]), 0], [-0.01, 0.02, 0.06], atol=1e-6)
    assert thin.dtype == np.float32
    assert thin_out(xyz, 0.0) is xyz
    assert thin_out(xyz[:0], 0.05).shape == (0, 3)


def scene(kind: str) -> np.ndarray:
    """Depth of a target in rows 20 to 39, columns 30 to 69, before a wall at 3 m."""
    depth = np.full((60, 100), 3.0, np.float32)
    rows, columns = np.mgrid[20:40, 30:70]
    if kind == "flat":
        depth[20:40, 30:70] = 1.0
    elif kind == "slanted":  # a plane that reaches from 1 m to 4 m
        depth[20:40, 30:70] = 1 / (1 - 0.75 * (columns - 30) / 39)
    elif kind == "round":
        away = np.hypot((rows - 29.5) / 10, (columns - 49.5) / 20)
        depth[20:40, 30:70] = 1.0 - 0.05 * np.sqrt(np.clip(1 - away**2, 0, None))
    return depth


LENS = Pinhole(fx=100.0, fy=100.0, cx=49.5, cy=29.5)


def target(grown: int = 0) -> np.ndarray:
    """The mask of the scene's target, with a margin of the wall around it."""
    mask = np.zeros((60, 100), np.uint8)
    mask[20 - grown : 40 + grown, 30 - grown : 70 + grown] = 255
    return mask


@pytest.mark.parametrize(("kind", "deep"), [("flat", 0.0), ("slanted", 3.0), ("round", 0.05)])
def test_centroid_and_extent_of_a_clean_mask_are_those_of_all_its_points(kind: str, deep: float) -> None:
    xyz = points_of(target(), scene(kind), LENS)
    position = position_of(xyz)
    assert position.pixels == 800
    np.testing.assert_allclose(position.centroid, xyz.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(position.extent, np.ptp(xyz, axis=0), atol=1e-6)
    assert position.extent[2] == pytest.approx(deep, abs=0.01)


@pytest.mark.parametrize("grown", [1, 2, 4])
def test_the_wall_at_the_masks_edge_does_not_count(grown: int) -> None:
    """With a margin of 4 pixels 43 % of them are the wall's; all of it would lie 0.9 m further away."""
    clean = position_of(points_of(target(), scene("round"), LENS))
    position = position_of(points_of(target(grown), scene("round"), LENS))
    assert position.pixels == clean.pixels == 800
    assert position == clean


def test_flying_pixels_and_holes_do_not_count() -> None:
    depth = scene("flat")
    depth[20:40, 30] = np.linspace(1.1, 2.9, 20)  # mixed of target and wall, as depth cameras do
    depth[20:40, 69] = 0.3
    depth[30, 40:60] = np.nan
    position = position_of(points_of(target(), depth, LENS))
    assert position.pixels == 20 * 38 - 20
    np.testing.assert_allclose(position.centroid, (0.0, 0.0, 1.0), atol=2e-3)
    np.testing.assert_allclose(position.extent, (0.37, 0.19, 0.0), atol=1e-6)


def test_noise_of_a_depth_camera_is_kept() -> None:
    depth = scene("flat") + np.random.default_rng(0).normal(0, 0.002, (60, 100)).astype(np.float32)
    assert position_of(points_of(target(), depth, LENS)).pixels >= 795


def test_without_a_point_there_is_no_position() -> None:
    position = position_of(np.zeros((0, 3), np.float32))
    assert position is NO_POSITION
    assert all(map(math.isnan, (*position.centroid, *position.extent)))
    one = position_of(np.array([[0.1, 0.2, 1.0]], np.float32))
    assert one.pixels == 1
    assert one.extent == (0.0, 0.0, 0.0)


def result(outcome: Outcome, mask: np.ndarray | None, box: tuple[int, int, int, int]) -> Result:
    return Result("x", "1", outcome, mask=mask, box=box)


def test_the_space_of_a_picture_gives_the_points_of_each_result() -> None:
    depth = scene("round")
    space = Space(depth, LENS)
    found = result(Outcome.FOUND, target(), (30, 20, 70, 40))
    np.testing.assert_allclose(space.points(found), points_of(target(), depth, LENS), rtol=1e-6)
    assert space.points(found) is space.points(found)
    absent = result(Outcome.NO_TARGET, np.zeros((60, 100), np.uint8), (0, 0, 0, 0))
    failed = result(Outcome.FAILED, None, (0, 0, 0, 0))
    assert space.position(absent) == space.position(failed) == NO_POSITION
    with pytest.raises(ValueError, match="must be aligned"):
        space.position(result(Outcome.FOUND, target()[:50], (30, 20, 70, 40)))
