"""What the diagnostics say, on doubles (see conftest); the worker runs in the test's thread."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from ssp_sam_ros.session.diagnostics import InputState, Level
from ssp_sam_ros.session.outputs import Output

FOUND, STALE = 1, 4
World = Any  # of conftest


def state(publishers: int = 1, mismatch: str = "") -> InputState:
    return InputState("/camera/image_raw", "sensor_msgs/msg/Image", "best effort", publishers, mismatch)


def test_diagnostics_of_a_healthy_session(world: World) -> None:
    world.graph.subscribed = frozenset({Output.MASK})
    world.session.inputs.refer("the red mug")
    for second in (0.1, 0.2, 0.3):
        world.show(second)
    world.session.run_pending()
    inputs, inference = world.session.diagnostics({"": state()})
    assert (inputs.name, inputs.level) == ("ssp_sam: input", Level.OK)
    assert inputs.values["topic"] == "/camera/image_raw"
    assert (inputs.values["received"], inputs.values["dropped for newer ones"]) == (3, 2)
    assert (inference.name, inference.level) == ("ssp_sam: inference", Level.OK)
    assert inference.values["pictures dropped for newer ones"] == 2
    assert inference.values["pictures worked on"] == 1
    assert "answering 1 expression" in inference.message


@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        (state(publishers=0), "no publisher on /camera/image_raw (sensor_msgs/msg/Image; best effort)"),
        (state(publishers=1), "nothing has arrived yet"),
        (state(publishers=0, mismatch="it sends std_msgs"), "does not match: it sends std_msgs"),
    ],
)
def test_a_silent_input_is_explained(world: World, inputs: InputState, text: str) -> None:
    status = world.session.diagnostics({"": inputs})[0]
    assert status.level is Level.WARN
    assert text in status.message


def test_a_slow_camera_is_no_silent_one(world: World) -> None:
    world.show(0.1)
    for _ in range(3):  # reports between two pictures
        assert world.session.diagnostics({"": state()})[0].level is Level.OK


def test_pictures_stamped_ahead_are_told_of_and_grow_old_all_the_same(world: World) -> None:
    world.session.inputs.refer("the red mug")
    world.clock.seconds = 0.1
    world.session.inputs.picture("", world.image(0.15))
    assert world.session.diagnostics({"": state()})[0].level is Level.OK
    world.session.inputs.picture("", world.image(60.0))
    status = world.session.diagnostics({"": state()})[0]
    assert status.level is Level.WARN
    assert "stamped ahead of this node's clock" in status.message
    assert status.values["stamped ahead of the clock by"] == "59.900 s"
    world.session.run_pending()
    world.clock.seconds = 1.0
    world.session.tick()
    assert [r.outcome for r in world.graph.of(Output.RESULT)] == [FOUND, STALE]


def test_messages_that_cannot_be_read_are_reported(world: World) -> None:
    inputs = InputState("/camera/image_raw", "sensor_msgs/msg/Image", "best effort", 1, malformed=7)
    status = world.session.diagnostics({"": inputs})[0]
    assert status.level is Level.WARN
    assert "7 messages on /camera/image_raw could not be read" in status.message
    world.show(0.1)
    status = world.session.diagnostics({"": inputs})[0]
    assert (status.level, status.values["malformed"]) == (Level.OK, 7)


def inference(world: World) -> Any:
    return world.session.diagnostics({camera: state() for camera in world.session.cameras})[-1]


def test_one_cameras_failure_is_not_solved_by_the_other(make_world: Callable[..., World]) -> None:
    world = make_world(cameras=["left", "right"])
    world.graph.subscribed = frozenset({Output.RESULT})
    world.session.inputs.refer("the red mug")
    world.segmenter.fails = RuntimeError("out of memory")
    world.show(0.1, camera="left")
    world.session.run_pending()
    world.segmenter.fails = None
    world.show(0.1, camera="right")
    world.session.run_pending()
    status = inference(world)
    assert (status.level, status.message) == (Level.ERROR, "left: RuntimeError: out of memory")


def test_a_failure_ends_with_the_request(world: World) -> None:
    world.session.inputs.refer("the red mug")
    world.segmenter.fails = RuntimeError("out of memory")
    world.show(0.1)
    world.session.run_pending()
    assert inference(world).level is Level.ERROR
    world.session.inputs.refer("")
    assert inference(world).level is Level.OK


def test_missing_depth_ends_with_the_subscription_to_points(world: World) -> None:
    world.session.inputs.refer("the red mug")
    world.show(0.1)
    world.session.run_pending()
    assert "no target points" in inference(world).message
    world.graph.subscribed = frozenset({Output.MASK})
    assert inference(world).level is Level.OK


def test_calibration_matters_only_for_points(world: World) -> None:
    uncalibrated = SimpleNamespace(k=[0.0] * 9, p=[0.0] * 12)
    world.graph.subscribed = frozenset({Output.MASK})
    world.session.inputs.camera_info("", uncalibrated)
    assert inference(world).level is Level.OK
    world.graph.subscribed = frozenset({Output.TARGET_POINTS})
    world.session.inputs.camera_info("", uncalibrated)
    assert inference(world).level is Level.WARN
    assert "not calibrated" in inference(world).message
    world.graph.subscribed = frozenset({Output.MASK})
    assert inference(world).level is Level.OK


def test_inference_says_why_it_is_idle(world: World) -> None:
    assert "no expression is active" in world.session.diagnostics({"": state()})[-1].message
    world.session.inputs.refer("the red mug")
    world.graph.subscribed = frozenset()
    assert "nobody subscribes" in world.session.diagnostics({"": state()})[-1].message
