from __future__ import annotations

import cv2
import numpy as np
import pytest

from ssp_sam_ros.sim import Scene, Tabletop
from ssp_sam_ros.sim.camera import Camera
from ssp_sam_ros.sim.layout import random_layout, world_outline
from ssp_sam_ros.sim.pool import Pool
from ssp_sam_ros.sim.render import SceneRenderer, random_look
from ssp_sam_ros.sim.scene import measure
from ssp_sam_ros.sim.tabletop import build_scene
from ssp_sam_ros.sim.words import COLOURS, NOUNS, SIZES

pytestmark = pytest.mark.sim

# Hue in degrees of the six hues of `COLOURS`; white and black are told by their brightness.
HUES = {"red": 358, "orange": 24, "yellow": 53, "green": 130, "blue": 221, "purple": 284}


def test_scenes_have_the_promised_form(scenes: list[Scene]) -> None:
    for scene in scenes:
        assert scene.image.shape == (240, 320, 3) and scene.image.dtype == np.uint8
        assert scene.labels.shape == (240, 320) and scene.labels.dtype == np.uint8
        assert scene.size == (320, 240)
        assert 2 <= len(scene.objects) <= 8
        assert scene.labels.max() == len(scene.objects)
        for item in scene.objects:
            assert item.noun in NOUNS and item.colour in COLOURS and item.size in SIZES


def test_objects_are_big_enough_and_not_cut(scenes: list[Scene]) -> None:
    for scene in scenes:
        for i, item in enumerate(scene.objects):
            rows, columns = np.nonzero(scene.labels == i + 1)
            assert item.pixels == len(rows) >= 90
            assert item.bbox == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            assert item.bbox[0] > 0 and item.bbox[1] > 0 and item.bbox[2] < 320 and item.bbox[3] < 240
            np.testing.assert_allclose(item.centroid, (columns.mean(), rows.mean()))


def test_the_picture_shows_the_colours_that_the_objects_have(scenes: list[Scene]) -> None:
    checked = 0
    for scene in scenes:
        hsv = cv2.cvtColor(scene.image, cv2.COLOR_RGB2HSV_FULL).astype(float)
        for i, item in enumerate(scene.objects):
            inside = cv2.erode((scene.labels == i + 1).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(
                bool
            )
            if item.noun in ("bottle", "can"):  # grey cap, grey lid
                inside &= hsv[..., 1] > 60 if item.colour in HUES else inside
            hue, saturation, value = np.median(hsv[inside], axis=0) if inside.any() else (0, 0, 0)
            if item.colour in HUES and inside.sum() > 40:
                apart = abs((hue * 360 / 256 - HUES[item.colour] + 180) % 360 - 180)
                assert apart < 13, (item, hue * 360 / 256)
                checked += 1
            elif item.colour == "black":
                assert value < 60, item
            elif item.colour == "white":
                assert value > 90 and saturation < 50, item
    assert checked > 40


def test_the_same_seed_gives_the_same_scenes(scenes: list[Scene]) -> None:
    again, other = Tabletop(11), Tabletop((11, 1))
    first, second = again.scene(), other.scene()
    again.close()
    other.close()
    np.testing.assert_array_equal(first.image, scenes[0].image)
    np.testing.assert_array_equal(first.labels, scenes[0].labels)
    assert first.objects == scenes[0].objects
    assert second.objects != first.objects


def test_labels_lie_inside_the_projected_outlines_and_do_not_depend_on_antialiasing(
    scenes: list[Scene],
) -> None:
    seen = []
    for samples in (0, 4):
        rng = np.random.default_rng(5)
        pool = Pool(rng, 320, 240, samples=samples)
        camera, placed = random_layout(pool, 320, 240, rng, count=6)
        with SceneRenderer(pool, 320, 240) as renderer:
            image, labels = renderer.render(camera, placed, random_look(rng))
            scene = build_scene(renderer, camera, placed, image, labels)
        seen.append(labels)
        for i, item in enumerate(placed):
            outline = camera.project(
                world_outline(pool.bodies[item.body], item.x, item.y, item.yaw), 320, 240
            )
            hull = np.zeros((240, 320), np.uint8)
            cv2.fillConvexPoly(hull, cv2.convexHull(outline.astype(np.float32)).round().astype(np.int32), 1)
            near = cv2.dilate(hull, np.ones((5, 5), np.uint8))
            own = labels == i + 1
            assert not (own & (near == 0)).any()
            assert scene.objects[i].pixels == own.sum() > 0.3 * hull.sum() * 0.6
    np.testing.assert_array_equal(seen[0], seen[1])


def test_a_hidden_body_does_not_show(scenes: list[Scene]) -> None:
    rng = np.random.default_rng(8)
    pool = Pool(rng, 160, 120)
    camera = Camera((0, 0, 0), 0.0, np.radians(45), 1.0, np.radians(40))
    with SceneRenderer(pool, 160, 120) as renderer:
        _, labels = renderer.render(camera, [], random_look(rng))
    assert not labels.any()


def test_measure_of_something_unseen_is_zero() -> None:
    assert measure(np.zeros((4, 5), np.uint8), 0) == (0, (0, 0, 0, 0), (0.0, 0.0))


def test_mask_is_the_union_of_the_targets(scenes: list[Scene]) -> None:
    scene = scenes[0]
    np.testing.assert_array_equal(scene.mask((0, 1)), (scene.labels == 1) | (scene.labels == 2))
    assert not scene.mask(()).any()
