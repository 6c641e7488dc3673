"""Which pictures are worked on, in which order and which together; on doubles (see conftest)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ssp_sam_ros.session.diagnostics import InputState
from ssp_sam_ros.session.outputs import Output

FOUND, FAILED = 1, 3
World = Any  # of conftest


def test_pictures_without_a_stamp_have_no_key(world: World) -> None:
    world.clock.seconds = -1000.0
    world.session.inputs.refer("the red mug")
    image = world.image(-1000.0)
    world.session.inputs.picture("", image)
    world.session.run_pending()
    assert world.segmenter.keys == [None]


def test_several_cameras_take_turns(make_world: Callable[..., World]) -> None:
    world = make_world(cameras=["left", "right"])
    world.session.inputs.refer("the red mug")
    for second in (0.1, 0.2):
        world.show(second, value=1, camera="left")
        world.show(second, value=2, camera="right")
        assert world.session.run_pending() and world.session.run_pending()
        assert not world.session.run_pending()
    assert sorted(world.segmenter.pictures[:2]) == [1, 2]
    assert len(world.graph.of(Output.MASK, "left")) == len(world.graph.of(Output.MASK, "right")) == 2


def test_a_busy_camera_does_not_starve_the_other(make_world: Callable[..., World]) -> None:
    world = make_world(cameras=["left", "right"])
    world.session.inputs.refer("the red mug")
    world.show(0.1, value=2, camera="right")
    for second in (0.1, 0.2, 0.3):
        world.show(second, value=1, camera="left")
        world.session.run_pending()
    assert 2 in world.segmenter.pictures


def test_no_inference_and_no_messages_without_subscribers(world: World) -> None:
    world.graph.subscribed = frozenset()
    world.session.inputs.refer("the red mug")
    world.show(0.1)
    assert not world.session.run_pending()
    world.session.tick()
    assert world.segmenter.pictures == []
    assert world.graph.published == []
    world.graph.subscribed = frozenset({Output.MASK})
    assert world.session.run_pending()  # the picture is still fresh
    assert [o for _, o, _ in world.graph.published] == [Output.MASK]


def test_in_a_scene_that_stands_still_the_embedding_is_used_again(make_world: Callable[..., World]) -> None:
    world = make_world(static_scene_threshold=2.0, max_embedding_age=1.0)
    world.session.inputs.refer("the red mug")
    for seconds, value in ((0.1, 50), (0.6, 51), (0.9, 90), (1.2, 90), (2.0, 90)):
        world.show(seconds, value)
        world.session.run_pending()
    first, again, changed, still, old = world.segmenter.keys
    assert again == first != changed == still != old


def show_both(world: World, seconds: float, left: int = 1, right: int = 2) -> None:
    """A picture of each camera arrives."""
    world.show(seconds, value=left, camera="left")
    world.show(seconds, value=right, camera="right")


def test_pictures_of_several_cameras_go_through_the_network_together(
    make_world: Callable[..., World],
) -> None:
    world = make_world(cameras=["left", "right"], batch_cameras="always")
    world.session.inputs.refer("the red mug")
    show_both(world, 0.1)
    assert world.session.run_pending()
    assert not world.session.run_pending()
    assert world.segmenter.batches == [[1, 2]]
    for camera in ("left", "right"):
        (result,) = world.graph.of(Output.RESULT, camera)
        assert (result.outcome, result.header) == (FOUND, world.image(0.1).header)
        assert len(world.graph.of(Output.MASK, camera)) == 1
    assert len(set(world.segmenter.keys)) == 2


def test_no_camera_waits_for_one_without_a_new_picture(make_world: Callable[..., World]) -> None:
    world = make_world(cameras=["left", "right", "rear"], batch_cameras="always")
    world.session.inputs.refer("the red mug")
    world.show(0.1, value=1, camera="left")
    assert world.session.run_pending()
    assert world.segmenter.batches == []  # a single picture is none
    for value in range(2, 6):
        world.show(0.1 + value / 100, value=value, camera="left")  # the newest wins
    world.show(0.2, value=9, camera="rear")
    assert world.session.run_pending()
    assert world.segmenter.batches == [[9, 5]]  # the camera that was last is last
    assert world.graph.of(Output.RESULT, "right") == []


def test_whoever_is_not_listened_to_is_not_in_the_batch(make_world: Callable[..., World]) -> None:
    world = make_world(cameras=["left", "right"], batch_cameras="always")
    wanted = {"left": frozenset({Output.MASK}), "right": frozenset()}
    world.graph.wanted = wanted.get
    world.session.inputs.refer("the red mug")
    show_both(world, 0.1)
    world.session.run_pending()
    assert world.segmenter.pictures == [1]
    assert world.segmenter.batches == []


@pytest.mark.parametrize(
    ("wish", "gpu", "together"),
    [("auto", True, True), ("auto", False, False), ("never", True, False), ("always", False, True)],
)
def test_whether_cameras_are_batched(
    make_world: Callable[..., World], wish: str, gpu: bool, together: bool
) -> None:
    world = make_world(cameras=["left", "right"], batch_cameras=wish)
    world.segmenter.prefers_batches = gpu
    world.session.inputs.refer("the red mug")
    show_both(world, 0.1)
    while world.session.run_pending():
        pass
    assert world.segmenter.batches == ([[1, 2]] if together else [])
    world.session.set_parameter("batch_cameras", "always")
    show_both(world, 0.2)
    world.session.run_pending()
    assert world.segmenter.batches[-1:] == [[1, 2]] or world.segmenter.batches[-1:] == [[2, 1]]


@pytest.mark.parametrize("broken", ["encoding", "network"])
def test_a_broken_picture_fails_alone(make_world: Callable[..., World], broken: str) -> None:
    world = make_world(cameras=["left", "right", "rear"], batch_cameras="always")
    world.session.inputs.refer("the red mug")
    encode = world.segmenter.encode

    def fails_on_two(image: np.ndarray, key: Any = None) -> np.ndarray:
        if image[0, 0, 0] == 2:
            raise RuntimeError("an odd picture")
        return np.asarray(encode(image, key))

    show_both(world, 0.1)
    world.show(0.1, value=3, camera="rear")
    if broken == "network":
        world.segmenter.encode = fails_on_two
    else:
        odd = world.image(0.1, 2)
        odd.encoding = "nv12"
        world.session.inputs.picture("right", odd)
    assert world.session.run_pending()
    results = {c: world.graph.of(Output.RESULT, c)[0] for c in ("left", "right", "rear")}
    assert [results[c].outcome for c in ("left", "right", "rear")] == [FOUND, FAILED, FOUND]
    assert ("an odd picture" if broken == "network" else "'nv12'") in results["right"].reason
    status = world.session.diagnostics(
        {c: InputState(f"/{c}/image", "sensor_msgs/msg/Image", "best effort", 1) for c in results}
    )[-1]
    assert status.message.startswith("right: ")
    assert status.values["pictures failed"] == 1


def test_each_camera_of_a_batch_has_its_own_depth(make_world: Callable[..., World]) -> None:
    world = make_world(cameras=["left", "right"], batch_cameras="always")
    world.session.inputs.refer("the red mug")
    for camera, millimetres in (("left", 1000), ("right", 4000)):
        world.calibrate(camera)
        world.session.inputs.depth(camera, world.depth(0.1, millimetres))
    show_both(world, 0.1)
    world.session.run_pending()
    assert [world.graph.of(Output.RESULT, c)[0].centroid.z for c in ("left", "right")] == [1.0, 4.0]
    assert not any(buffer.matching for buffer in world.session._state.depth.values())
