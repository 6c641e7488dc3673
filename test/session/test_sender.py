"""What still goes out when things change in the meantime, and the points; on doubles (see conftest)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ssp_sam_ros.interface.image_codec import image_fields
from ssp_sam_ros.session.diagnostics import InputState, Level
from ssp_sam_ros.session.outputs import Output

FOUND, FAILED, STALE = 1, 3, 4
STATE = InputState("/camera/image_raw", "sensor_msgs/msg/Image", "best effort", 1)
World = Any  # of conftest


@pytest.mark.parametrize("text", ["", "the can"])
def test_an_answer_is_called_off_while_it_is_made(world: World, text: str) -> None:
    def draw(image: np.ndarray, results: Any) -> np.ndarray:
        world.session.refer(text)
        return image

    world.session._composer._draw_overlay = draw
    world.session.refer("the red mug")
    world.show(0.1)
    world.session.run_pending()
    assert world.graph.published == []


@pytest.mark.parametrize("end", ["clear", "pause"])
def test_an_answer_is_called_off_between_two_messages(world: World, end: str) -> None:
    publish = world.graph.publish

    def once(camera: str, output: Output, message: Any) -> None:
        publish(camera, output, message)
        world.session.refer("") if end == "clear" else world.session.pause("switched off")

    world.graph.publish = once
    world.session.camera_info("", SimpleNamespace(k=[2.0, 0, 0, 0, 2.0, 0, 0, 0, 1], p=[0.0] * 12))
    world.session.depth("", depth_message(world, 0.1))
    world.session.refer("the red mug")
    world.show(0.1)
    world.session.run_pending()
    assert [output for _, output, _ in world.graph.published] == [Output.MASK]


def test_a_picture_too_large_for_its_messages_is_failed_and_the_next_one_works(world: World) -> None:
    def draw(image: np.ndarray, results: Any) -> np.ndarray:
        raise MemoryError("Unable to allocate 95.4 MiB")

    world.graph.subscribed = frozenset({Output.RESULT, Output.MASK, Output.OVERLAY})
    well = world.session._composer._draw_overlay
    world.session._composer._draw_overlay = draw
    world.session.refer("the red mug")
    world.show(0.1)
    world.session.run_pending()
    ((_, output, failed),) = world.graph.published
    assert (output, failed.outcome, failed.header) == (Output.RESULT, FAILED, world.image(0.1).header)
    assert "no memory for the messages of the picture: Unable to allocate" in failed.reason
    assert world.session.diagnostics({"": STATE})[-1].level is Level.ERROR
    world.session._composer._draw_overlay = well
    world.show(0.2)
    world.session.run_pending()
    assert world.graph.of(Output.RESULT)[-1].outcome == FOUND
    assert world.session.diagnostics({"": STATE})[-1].level is Level.OK


def hold_until(world: World, seconds: float) -> None:
    """The segmenter's next answer takes until then; the session's tick goes on meanwhile."""
    refer = world.segmenter.refer

    def slowly(*arguments: Any) -> Any:
        while world.clock.seconds < seconds:
            world.clock.seconds += 0.1
            world.session.tick()
        world.segmenter.refer = refer
        return refer(*arguments)

    world.segmenter.refer = slowly


def test_the_answer_on_a_dead_cameras_last_picture_is_not_the_last_word(world: World) -> None:
    world.session.refer("the red mug")
    world.show(0.1)
    hold_until(world, 2.0)
    world.session.run_pending()
    for _ in range(20):
        world.clock.seconds += 0.1
        world.session.tick()
    results = world.graph.of(Output.RESULT)
    assert [r.outcome for r in results] == [STALE, FOUND, STALE]
    assert results[1].header == results[2].header == world.image(0.1).header


def test_a_slow_model_with_a_living_camera_just_answers(world: World) -> None:
    world.session.refer("the red mug")
    for second in (0.1, 1.1, 2.1):
        world.show(second)
        refer = world.segmenter.refer

        def slowly(*arguments: Any, second: float = second, refer: Any = refer) -> Any:
            for tenth in range(1, 10):
                world.show(second + tenth / 10)
                world.session.tick()
            return refer(*arguments)

        world.segmenter.refer = slowly
        world.session.run_pending()
        world.segmenter.refer = refer
    world.session.tick()
    assert [r.outcome for r in world.graph.of(Output.RESULT)] == [FOUND] * 3


def depth_message(world: World, seconds: float, millimetres: int = 2000) -> Any:
    image = world.image(seconds)
    for name, value in image_fields(np.full((4, 8), millimetres, np.uint16)).items():
        setattr(image, name, value)
    return image


def test_target_points_when_depth_is_given(world: World) -> None:
    world.session.camera_info("", SimpleNamespace(k=[2.0, 0, 0, 0, 2.0, 0, 0, 0, 1], p=[0.0] * 12))
    world.session.refer("the red mug")
    world.session.depth("", depth_message(world, 0.12))
    world.show(0.1)
    world.session.run_pending()
    (cloud,) = world.graph.of(Output.TARGET_POINTS)
    assert (cloud.height, cloud.width, cloud.point_step) == (1, 8, 12)
    assert cloud.header == world.image(0.1).header
    xyz = np.frombuffer(cloud.data, np.float32).reshape(-1, 3)
    np.testing.assert_allclose(xyz[0], [0.0, 1.0, 2.0])
    assert [f.name for f in cloud.fields] == ["x", "y", "z"]


def test_target_points_however_long_the_answer_takes(world: World) -> None:
    """Depth of 30 Hz goes on for a second; the picture's own comes while it is worked on."""
    world.session.camera_info("", SimpleNamespace(k=[2.0, 0, 0, 0, 2.0, 0, 0, 0, 1], p=[0.0] * 12))
    world.session.refer("the red mug")
    world.session.depth("", depth_message(world, 0.1 - 1 / 30, millimetres=1000))
    world.show(0.1)
    refer = world.segmenter.refer

    def slowly(*arguments: Any) -> Any:
        for i in range(30):
            world.session.depth("", depth_message(world, 0.1 + i / 30, millimetres=2000 + i))
        return refer(*arguments)

    world.segmenter.refer = slowly
    world.session.run_pending()
    (cloud,) = world.graph.of(Output.TARGET_POINTS)
    assert np.frombuffer(cloud.data, np.float32).reshape(-1, 3)[0, 2] == 2.0


@pytest.mark.parametrize("missing", ["camera_info", "depth", "size"])
def test_without_fitting_depth_everything_else_still_goes_out(world: World, missing: str) -> None:
    if missing != "camera_info":
        world.session.camera_info("", SimpleNamespace(k=[2.0, 0, 0, 0, 2.0, 0, 0, 0, 1], p=[0.0] * 12))
    depth = depth_message(world, 0.1)
    if missing == "size":
        depth.height = 2
    if missing != "depth":
        world.session.depth("", depth)
    world.session.refer("the red mug")
    world.show(0.1)
    world.session.run_pending()
    assert world.graph.of(Output.TARGET_POINTS) == []
    assert len(world.graph.of(Output.MASK)) == 1
    status = world.session.diagnostics({"": STATE})[-1]
    assert status.level is Level.ERROR
    assert {"camera_info": "camera_info", "depth": "no depth picture", "size": "aligned"}[
        missing
    ] in status.message


def test_no_points_of_a_target_that_is_not_there(world: World) -> None:
    world.session.camera_info("", SimpleNamespace(k=[2.0, 0, 0, 0, 2.0, 0, 0, 0, 1], p=[0.0] * 12))
    world.session.depth("", depth_message(world, 0.1))
    world.session.refer("absent")
    world.show(0.1)
    world.session.run_pending()
    assert world.graph.of(Output.TARGET_POINTS)[0].width == 0
