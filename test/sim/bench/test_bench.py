from __future__ import annotations

import os

import numpy as np
import pytest

from ssp_sam_ros.sim.bench import Bench, BenchScene, LiveBench
from ssp_sam_ros.sim.bench.bench import build_scene
from ssp_sam_ros.sim.bench.layout import Mix, random_layout
from ssp_sam_ros.sim.bench.look import random_camera, random_look
from ssp_sam_ros.sim.bench.pool import BenchPool
from ssp_sam_ros.sim.bench.render import BenchRenderer, Placed
from ssp_sam_ros.sim.bench.scene import CLEAR_PIXELS_320, CLEAR_SHARE
from ssp_sam_ros.sim.bench.words import COLOURS, HELD_OUT_PAIRS, MATERIALS, NOUNS, SIZES, colours_of
from ssp_sam_ros.sim.live import PERIOD

pytestmark = pytest.mark.sim


def test_scenes_have_the_promised_form(bench_scenes: list[BenchScene]) -> None:
    for scene in bench_scenes:
        assert scene.image.shape == (240, 320, 3) and scene.image.dtype == np.uint8
        assert scene.labels.shape == (240, 320) and scene.labels.max() == len(scene.objects)
        assert 2 <= len(scene.objects) <= 15
        assert sum(item.clear for item in scene.objects) >= 2
        for i, item in enumerate(scene.objects):
            assert item.noun in NOUNS and item.colour in colours_of(item.noun)
            assert item.size in SIZES and item.material in MATERIALS and item.colour in COLOURS
            assert item.pixels == (scene.labels == i + 1).sum() > 0
            assert not item.clear or (item.pixels >= CLEAR_PIXELS_320 and item.share >= CLEAR_SHARE)
            assert set(item.also) <= set(COLOURS)
            assert (item.colour, item.noun) not in HELD_OUT_PAIRS
            assert (item.holder is None) == (item.held is None)
    assert len({item.noun for scene in bench_scenes for item in scene.objects}) > 15


def test_what_shows_only_its_blade_or_its_screen_is_not_clear() -> None:
    rng = np.random.default_rng(1)
    pool = BenchPool(rng, 320, 240)
    camera, look = random_camera(rng), random_look(rng)
    for noun, paint, colour in (("knife", "steel", "silver"), ("phone", "screen", "black")):
        index = next(k for k, b in enumerate(pool.bodies) if b.noun == noun and paint in b.paints)
        body = pool.bodies[index]
        item = Placed(index, "red", dict.fromkeys(body.paints, (0.7, 0.1, 0.1)), 0.0, 0.0, 0.0, 0.3)
        with BenchRenderer(pool, 320, 240) as renderer:
            image, labels = renderer.render(camera, [item], look)
            assert sum(renderer.paints[0].values()) == (labels == 1).sum()
            (whole,) = build_scene(pool, camera, [item], image, labels, renderer.paints).objects
            assert whole.clear and whole.also == (colour,)
            part = {**dict.fromkeys(body.paints, 0), "main": 10, paint: int((labels == 1).sum()) - 10}
            (hidden,) = build_scene(pool, camera, [item], image, labels, [part]).objects
            assert not hidden.clear and hidden.also == (colour,)


def test_what_is_held_is_above_its_holder(bench_scenes: list[BenchScene]) -> None:
    held = [(item, scene) for scene in bench_scenes for item in scene.objects if item.holder is not None]
    assert held
    for item, scene in held:
        holder = scene.objects[item.holder]  # type: ignore[index]
        assert item.position[2] > holder.position[2]
        apart = np.hypot(item.position[0] - holder.position[0], item.position[1] - holder.position[1])
        assert apart < holder.radius


def test_the_share_in_sight_is_that_of_the_object_drawn_alone() -> None:
    rng = np.random.default_rng(2)
    pool = BenchPool(rng, 320, 240)
    compared = 0
    with BenchRenderer(pool, 320, 240) as renderer:
        for _ in range(3):
            camera, placed = random_layout(pool, (320, 240), rng, count=7)
            look = random_look(rng)
            scene = build_scene(pool, camera, placed, *renderer.render(camera, placed, look))
            for k, item in enumerate(placed):
                alone = (renderer.render(camera, [item], look)[1] == 1).sum()
                box = scene.objects[k].bbox
                if alone > 200 and min(box[:2]) > 2 and box[2] < 318 and box[3] < 238:
                    assert scene.objects[k].share == pytest.approx(scene.objects[k].pixels / alone, abs=0.13)
                    compared += 1
    assert compared >= 6


def test_the_same_seed_gives_the_same_scenes(bench_scenes: list[BenchScene]) -> None:
    again, other = Bench(7), Bench((7, 1))
    first, second = again.scene(), other.scene()
    again.close()
    other.close()
    np.testing.assert_array_equal(first.image, bench_scenes[0].image)
    np.testing.assert_array_equal(first.labels, bench_scenes[0].labels)
    assert first.objects == bench_scenes[0].objects
    assert second.objects != first.objects


def test_held_out_pairs_are_shown_where_they_are_wanted(bench_scenes: list[BenchScene]) -> None:
    bench = Bench(7, 160, 120, Mix(held_out=0.6))
    scenes = [bench.scene() for _ in range(3)]
    bench.close()
    shown = [(item.colour, item.noun) in HELD_OUT_PAIRS for scene in scenes for item in scene.objects]
    assert 0.2 < np.mean(shown) < 0.9
    assert scenes[0].image.shape == (120, 160, 3)


def test_one_scene_under_a_moving_camera(bench_scenes: list[BenchScene]) -> None:
    live = LiveBench(3, 320, 240)
    try:
        views = [live.render(t) for t in (0.0, 4.0, PERIOD)]
    finally:
        live.close()
    names = [(o.noun, o.colour, o.size, o.position) for o in views[0].objects]
    assert 5 <= len(names) <= 10
    for view in views:
        assert [(o.noun, o.colour, o.size, o.position) for o in view.objects] == names
        assert all(
            min(o.bbox[:2]) > 0 and o.bbox[2] < 320 and o.bbox[3] < 240 for o in view.objects if o.pixels
        )
    np.testing.assert_array_equal(views[0].labels, views[2].labels)
    assert (views[0].labels != views[1].labels).any()


def test_importing_the_package_needs_no_mujoco() -> None:
    import subprocess
    import sys

    code = (
        "import sys, ssp_sam_ros.sim.bench.grammar, ssp_sam_ros.sim.bench.bench, ssp_sam_ros.sim.bench.live\n"
        "assert not {'mujoco', 'torch'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], env=os.environ).returncode == 0
