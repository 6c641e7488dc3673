"""What still goes out when things change in the meantime, and the points; on doubles (see conftest)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ssp_sam_ros.session.diagnostics import InputState, Level
from ssp_sam_ros.session.outputs import Output

FOUND, FAILED, STALE = 1, 3, 4
STATE = InputState("/camera/image_raw", "sensor_msgs/msg/Image", "best effort", 1)
World = Any  # of conftest


@pytest.mark.parametrize("text", ["", "the can"])
def test_an_answer_is_called_off_while_it_is_made(world: World, text: str) -> None:
    def draw(image: np.ndarray, results: Any) -> np.ndarray:
        world.session.inputs.refer(text)
        return image

    world.session._composer._draw_overlay = draw
    world.session.inputs.refer("the red mug")
    world.show(0.1)
    world.session.run_pending()
    assert world.graph.published == []


@pytest.mark.parametrize("end", ["clear", "pause"])
def test_an_answer_is_called_off_between_two_messages(world: World, end: str) -> None:
    publish = world.graph.publish

    def once(camera: str, output: Output, message: Any) -> None:
        publish(camera, output, message)
        world.session.inputs.refer("") if end == "clear" else world.session.pause("switched off")

    world.graph.publish = once
    world.calibrate()
    world.session.inputs.depth("", world.depth(0.1))
    world.session.inputs.refer("the red mug")
    world.show(0.1)
    world.session.run_pending()
    assert [output for _, output, _ in world.graph.published] == [Output.MASK]


def test_a_picture_too_large_for_its_messages_is_failed_and_the_next_one_works(world: World) -> None:
    def draw(image: np.ndarray, results: Any) -> np.ndarray:
        raise MemoryError("Unable to allocate 95.4 MiB")

    world.graph.subscribed = frozenset({Output.RESULT, Output.MASK, Output.OVERLAY})
    well = world.session._composer._draw_overlay
    world.session._composer._draw_overlay = draw
    world.session.inputs.refer("the red mug")
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
    world.session.inputs.refer("the red mug")
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
    world.session.inputs.refer("the red mug")
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
