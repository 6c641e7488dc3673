"""One scene with real physics and real pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from ssp_sam_ros.sim import SimulatorUnavailableError
from ssp_sam_ros.sim.robot import Outcome, RobotBench, TopGrasp

pytestmark = pytest.mark.sim

SEED = 3  # three balls, a mug, a can


@pytest.fixture(scope="module")
def bench() -> Iterator[RobotBench]:
    try:
        made = RobotBench(SEED, width=320, height=240)
    except SimulatorUnavailableError as error:
        pytest.skip(str(error))
    yield made
    made.close()


def in_world(bench: RobotBench, depth: np.ndarray) -> np.ndarray:
    """The point of every pixel, (H, W, 3)."""
    rows, columns = np.indices(depth.shape)
    x = (columns - (bench.width - 1) / 2) / bench.focal_length * depth
    y = (rows - (bench.height - 1) / 2) / bench.focal_length * depth
    origin, axes = bench.camera_in_world
    return np.stack([x, y, depth], -1) @ axes.T + origin


def test_depth_is_where_things_are(bench: RobotBench) -> None:
    points, labels = in_world(bench, bench.first.depth), bench.first.labels
    table = (labels == 0) & (np.abs(points[..., :2]).max(-1) < 0.5)
    assert np.abs(np.median(points[table][:, 2])) < 0.002
    for k, item in enumerate(bench.scene.objects):
        own = points[labels == k + 1]
        assert own[:, 2].max() > 0.03
        assert np.hypot(*(np.median(own[:, :2], axis=0) - item.position[:2])) < item.radius


def test_the_robot_is_not_in_the_first_picture(bench: RobotBench) -> None:
    alone = bench._stage.view(bench._physics.poses(), [])
    np.testing.assert_array_equal(alone.image, bench.first.image)
    np.testing.assert_array_equal(alone.depth, bench.first.depth)


def test_the_same_seed_gives_the_same_scene_and_another_does_not(bench: RobotBench) -> None:
    with RobotBench(SEED, width=320, height=240) as again, RobotBench(4, width=320, height=240) as other:
        np.testing.assert_array_equal(again.first.image, bench.first.image)
        assert [s.text for s in again.sentences(5)] == [s.text for s in bench.sentences(5)]
        assert again.first.labels.max() != other.first.labels.max() or not np.array_equal(
            again.first.labels, other.first.labels
        )


def test_what_is_grasped_leaves_the_table_and_comes_back_with_a_reset(bench: RobotBench) -> None:
    index = next(k for k, item in enumerate(bench.scene.objects) if item.noun == "can")
    x, y, _ = bench.scene.objects[index].position
    seen: list[np.ndarray] = []

    def on_step(seconds: float) -> None:
        if not seen and seconds > 3.5:  # the gripper holds it
            seen.append(bench.look().labels)

    report = bench.pick(TopGrasp((x, y, 0.01), 0.4, 0.12), on_step)
    assert report.outcome is Outcome.LIFTED
    assert report.removed == (index,)
    assert 2 < report.seconds < 5
    assert seen
    assert index not in bench.on_table()
    assert not (bench.look().labels == index + 1).any()
    bench.reset()
    np.testing.assert_array_equal(bench.look().labels, bench.first.labels)


def test_grasping_at_nothing_takes_nothing(bench: RobotBench) -> None:
    bench.reset()
    corner = max(
        ((x, y) for x in (-0.5, 0.5) for y in (-0.5, 0.5)),
        key=lambda p: min(np.hypot(p[0] - o.position[0], p[1] - o.position[1]) for o in bench.scene.objects),
    )
    report = bench.pick(TopGrasp((*corner, 0.02), 0.0, 0.05))
    assert (report.outcome, report.removed) == (Outcome.EMPTY, ())
    bench.reset()


def test_there_is_no_such_world() -> None:
    with pytest.raises(ValueError, match="tabletop, bench"):
        RobotBench(0, "moon")


def test_what_can_be_said_of_a_colour_is_what_the_camera_sees_of_it() -> None:
    """A blade that lies under something is no large part of what is seen of the knife."""
    try:
        bench = RobotBench(0, "bench", width=320, height=240)
    except SimulatorUnavailableError as error:
        pytest.skip(str(error))
    try:
        assert bench.first.paints is not None
        assert len(bench.first.paints) == len(bench.scene.objects)
        for k, (paints, item) in enumerate(zip(bench.first.paints, bench.scene.objects, strict=True)):
            seen = int((bench.first.labels == k + 1).sum())
            assert sum(paints.values()) == seen > 0, item.noun
        drawn = bench._stage._renderer.paints
        assert bench.first.paints == drawn
        hidden = [dict.fromkeys(paints, 0) for paints in bench.first.paints]
        unseen = bench._stage.scene(replace(bench.first, paints=tuple(hidden)), bench._physics.poses())
        assert [o.also for o in unseen.objects] != [o.also for o in bench.scene.objects]
    finally:
        bench.close()
