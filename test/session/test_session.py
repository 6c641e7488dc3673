"""What goes out for what comes in, on doubles (see conftest); the worker runs in the test's thread."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ssp_sam_ros.interface.image_codec import decode_array
from ssp_sam_ros.session.diagnostics import InputState, Level
from ssp_sam_ros.session.outputs import Output

FOUND, NO_TARGET, FAILED, STALE = 1, 2, 3, 4
World = Any  # of conftest


def test_one_picture_one_expression_every_output(world: World) -> None:
    world.session.inputs.refer("the red mug")
    world.show(0.1)
    assert world.session.run_pending()
    graph = world.graph
    assert {o for _, o, _ in graph.published} == set(Output) - {Output.TARGET_POINTS}
    picture = world.image(0.1)
    for output in set(Output) - {Output.TARGET_POINTS, Output.NO_TARGET}:
        (message,) = graph.of(output)
        assert message.header == picture.header
    (mask,) = graph.of(Output.MASK)
    array = decode_array(mask)
    assert mask.encoding == "mono8"
    assert array.shape == (4, 8)
    assert set(np.unique(array)) == {0, 255}
    (detection,) = graph.of(Output.BOUNDING_BOX)
    assert (detection.bbox.center.position.x, detection.bbox.center.position.y) == (2.0, 2.0)
    assert (detection.bbox.size_x, detection.bbox.size_y) == (4.0, 2.0)
    assert detection.results[0].hypothesis.class_id == "the red mug"
    assert detection.results[0].hypothesis.score == 0.75
    assert graph.of(Output.NO_TARGET)[0].data is False
    (labels,) = graph.of(Output.LABEL_IMAGE)
    assert labels.encoding == "16UC1"
    np.testing.assert_array_equal(decode_array(labels), array // 255)
    (result,) = graph.of(Output.RESULT)
    assert result.outcome == FOUND
    assert (result.expression, result.expression_id) == ("the red mug", "1")
    assert result.expression_stamp == world.stamp(0.0)
    assert result.mask.header == picture.header
    np.testing.assert_array_equal(decode_array(result.mask), array)
    assert (result.box.size_x, result.network_box.size_x) == (4.0, 4.0)
    assert result.score == 0.75
    assert (result.model, result.weights_digest) == ("double", "0" * 64)
    assert result.stage_times.total >= result.stage_times.queue >= 0
    assert graph.of(Output.RESULTS)[0].results == [result]
    assert graph.of(Output.OVERLAY)[0].encoding == "rgb8"


def test_no_target_is_said_outright(world: World) -> None:
    world.session.inputs.refer("the absent mug")
    world.show(0.1)
    world.session.run_pending()
    graph = world.graph
    assert graph.of(Output.NO_TARGET)[0].data is True
    assert not decode_array(graph.of(Output.MASK)[0]).any()
    detection = graph.of(Output.BOUNDING_BOX)[0]
    assert (detection.bbox.size_x, detection.bbox.size_y, detection.results) == (0.0, 0.0, [])
    result = graph.of(Output.RESULT)[0]
    assert result.outcome == NO_TARGET
    assert math.isnan(result.score)
    assert result.no_target_probability == 0.9
    assert result.header == detection.header == world.image(0.1).header


@pytest.mark.parametrize("cause", ["unknown word", "segmenter", "picture"])
def test_failed_goes_to_result_alone(world: World, cause: str) -> None:
    world.session.inputs.refer("the zebra" if cause == "unknown word" else "the red mug")
    if cause == "segmenter":
        world.segmenter.fails = RuntimeError("out of memory")
    image = world.image(0.1)
    if cause == "picture":
        image.encoding = "nv12"
    world.clock.seconds = 0.1
    world.session.inputs.picture("", image)
    world.session.run_pending()
    assert [o for _, o, _ in world.graph.published] == [Output.RESULT]
    (result,) = world.graph.of(Output.RESULT)
    assert result.outcome == FAILED
    assert result.header == image.header
    expected = {
        "unknown word": "unknown word",
        "segmenter": "RuntimeError: out of memory",
        "picture": "'nv12'",
    }
    assert expected[cause] in result.reason
    assert result.mask.height == 0


def test_a_failure_does_not_end_the_session(world: World) -> None:
    world.session.inputs.refer("the red mug")
    world.segmenter.fails = RuntimeError("once")
    world.show(0.1)
    world.session.run_pending()
    world.segmenter.fails = None
    world.show(0.2)
    world.session.run_pending()
    assert [r.outcome for r in world.graph.of(Output.RESULT)] == [FAILED, FOUND]


def test_several_expressions_on_one_picture(world: World) -> None:
    world.session.inputs.refer_array(
        world.expressions(["the red mug", "absent", "the zebra"], ["a", "b", "c"])
    )
    world.show(0.1)
    world.session.run_pending()
    results = world.graph.of(Output.RESULT)
    assert [(r.expression_id, r.outcome) for r in results] == [("a", FOUND), ("b", NO_TARGET), ("c", FAILED)]
    (array,) = world.graph.of(Output.RESULTS)
    assert array.results == results
    assert len(world.segmenter.pictures) == 1
    assert len(world.graph.of(Output.MASK)) == 1  # of the first expression
    assert world.graph.of(Output.NO_TARGET)[0].data is False


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


def test_only_what_is_subscribed_is_made(world: World) -> None:
    world.session.inputs.refer("the red mug")
    for second, output in enumerate([Output.LABEL_IMAGE, Output.OVERLAY, Output.BOUNDING_BOX]):
        world.graph.subscribed = frozenset({output})
        world.graph.published.clear()
        world.show(float(second))
        world.session.run_pending()
        assert [o for _, o, _ in world.graph.published] == [output]


def test_the_next_expression_replaces_and_an_empty_one_clears(world: World) -> None:
    world.session.inputs.refer("the red mug")
    world.show(0.1)
    world.session.run_pending()
    world.session.inputs.refer("the can")
    world.show(0.2)
    world.session.run_pending()
    world.session.inputs.refer("")
    world.show(0.3)
    assert not world.session.run_pending()
    assert world.segmenter.asked == [("the red mug",), ("the can",)]


def test_an_expression_sent_again_and_again_is_answered_all_the_same(world: World) -> None:
    """`ros2 topic pub` repeats itself, here after each picture was taken and before it arrives."""
    for tenth in range(1, 6):
        image = world.image(tenth / 10)
        world.clock.seconds = tenth / 10 + 0.03
        world.session.inputs.refer("the red mug")
        world.clock.seconds = tenth / 10 + 0.05
        world.session.inputs.picture("", image)
        world.session.run_pending()
    results = world.graph.of(Output.RESULT)
    assert [r.outcome for r in results] == [FOUND] * 4  # all but the picture taken before the first time
    assert {r.expression_id for r in results} == {"1"}


@pytest.mark.parametrize("ids", [[], ["a"]])
def test_a_stamped_array_sent_again_lets_the_answer_at_hand_out(running: World, ids: list[str]) -> None:
    world = running
    world.segmenter.may_go_on.clear()
    world.session.inputs.refer_array(world.expressions(["the red mug"], ids, seconds=0.1))
    world.show(0.1)
    assert world.segmenter.working.wait(10)
    world.session.inputs.refer_array(world.expressions(["the red mug"], ids, seconds=0.2))
    world.segmenter.may_go_on.set()
    world.graph.wait_for(lambda: bool(world.graph.of(Output.RESULT)))
    (result,) = world.graph.of(Output.RESULT)
    assert (result.outcome, result.header) == (FOUND, world.image(0.1).header)


def test_an_answer_never_comes_from_a_picture_older_than_the_expression(world: World) -> None:
    world.show(0.1)
    world.clock.seconds = 0.2
    world.session.inputs.refer("the red mug")
    assert not world.session.run_pending()
    world.show(0.2)
    assert world.session.run_pending()


def test_an_array_may_name_the_stamp_from_which_pictures_count(world: World) -> None:
    world.show(0.3)
    world.clock.seconds = 0.5
    world.session.inputs.refer_array(world.expressions(["the red mug"], seconds=0.3))
    assert world.session.run_pending()
    assert world.graph.of(Output.RESULT)[0].expression_stamp == world.stamp(0.3)


def test_an_array_stamped_at_a_picture_used_before_is_answered_on_it(world: World) -> None:
    world.session.inputs.refer("the red mug")
    world.show(0.3)
    world.session.run_pending()
    world.clock.seconds = 0.35
    for _ in range(3):
        world.session.inputs.refer_array(world.expressions(["the can"], ["a"], seconds=0.3))
        world.session.run_pending()
    results = world.graph.of(Output.RESULT)
    assert [(r.expression, r.expression_id) for r in results] == [("the red mug", "1"), ("the can", "a")]
    assert results[1].header == world.image(0.3).header


def test_an_array_that_is_wrong_is_answered(world: World) -> None:
    world.session.inputs.refer_array(world.expressions(["x", "y"], ["only one"]))
    results = world.graph.of(Output.RESULT)
    assert [(r.expression, r.outcome) for r in results] == [("x", FAILED), ("y", FAILED)]
    assert "1 ids for 2 expressions" in results[0].reason
    world.show(0.1)
    assert not world.session.run_pending()


def test_a_refused_array_keeps_its_ids(make_world: Callable[..., World]) -> None:
    world = make_world(max_expressions=1)
    world.session.inputs.refer_array(world.expressions(["x", "y"], ["a", "b"]))
    results = world.graph.of(Output.RESULT)
    assert [(r.expression_id, r.expression, r.outcome) for r in results] == [
        ("a", "x", FAILED),
        ("b", "y", FAILED),
    ]


def test_a_text_beyond_all_bounds_is_answered_but_not_kept(world: World) -> None:
    world.session.inputs.refer("x" * 100_000)
    (result,) = world.graph.of(Output.RESULT)
    assert (result.outcome, len(result.expression)) == (FAILED, 1000)
    assert "100000 characters" in result.reason


def test_stale_once_with_the_reason(world: World) -> None:
    world.session.inputs.refer("the red mug")
    world.session.tick()
    world.session.tick()
    (stale,) = world.graph.of(Output.RESULT)
    assert stale.outcome == STALE
    assert "no picture has arrived yet" in stale.reason
    world.show(0.1)
    world.session.run_pending()
    world.clock.seconds = 0.5
    world.session.tick()
    assert len(world.graph.of(Output.RESULT)) == 2
    world.clock.seconds = 0.7
    world.session.tick()
    world.session.tick()
    results = world.graph.of(Output.RESULT)
    assert [r.outcome for r in results] == [STALE, FOUND, STALE]
    assert "0.600 s old" in results[-1].reason
    assert results[-1].header == world.image(0.1).header
    assert {o for _, o, m in world.graph.published if m is results[-1]} == {Output.RESULT}
    assert len(world.graph.of(Output.NO_TARGET)) == 1


def test_stale_once_however_often_the_expression_is_repeated(world: World) -> None:
    for second in range(5):
        world.clock.seconds = second
        world.session.inputs.refer("the red mug")
        world.session.tick()
    assert [r.outcome for r in world.graph.of(Output.RESULT)] == [STALE]


def test_stale_for_each_expression(world: World) -> None:
    world.session.inputs.refer_array(world.expressions(["x", "y"]))
    world.session.tick()
    assert [(r.expression, r.outcome) for r in world.graph.of(Output.RESULT)] == [("x", STALE), ("y", STALE)]


def test_a_clock_that_jumps_back_resets_ages_not_the_session(world: World) -> None:
    world.clock.seconds = 100.0
    world.session.inputs.refer("the red mug")
    world.show(100.1)
    world.session.run_pending()
    world.show(0.0)
    assert world.session.run_pending()
    world.session.tick()
    assert [r.outcome for r in world.graph.of(Output.RESULT)] == [FOUND, FOUND]
    assert world.segmenter.keys[0] != world.segmenter.keys[1]


def test_a_small_step_back_is_no_jump(world: World) -> None:
    world.session.inputs.refer("the red mug")
    world.show(0.1)
    world.session.run_pending()
    world.clock.seconds = 0.05
    world.session.tick()
    assert len(world.graph.of(Output.RESULT)) == 1


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


def test_parameters_change_while_running(world: World) -> None:
    world.session.set_parameter("no_target_threshold", 0.8)
    world.session.set_parameter("no_target_min_pixels", 9)
    world.session.set_parameter("max_image_age", 2.0)
    assert (world.segmenter.no_target_threshold, world.segmenter.no_target_min_pixels) == (0.8, 9)
    world.session.inputs.refer("the red mug")
    world.show(0.1)
    world.session.run_pending()
    world.clock.seconds = 1.9
    world.session.tick()
    assert len(world.graph.of(Output.RESULT)) == 1


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("model", "x", "only be set at start"),
        ("max_rate", -1.0, "at least"),
        ("max_rat", 1.0, "did you mean 'max_rate'"),
    ],
)
def test_changes_that_are_refused_change_nothing(world: World, name: str, value: object, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        world.session.set_parameter(name, value)
    assert world.segmenter.no_target_threshold == 0.5


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


def test_in_a_scene_that_stands_still_the_embedding_is_used_again(make_world: Callable[..., World]) -> None:
    world = make_world(static_scene_threshold=2.0, max_embedding_age=1.0)
    world.session.inputs.refer("the red mug")
    for seconds, value in ((0.1, 50), (0.6, 51), (0.9, 90), (1.2, 90), (2.0, 90)):
        world.show(seconds, value)
        world.session.run_pending()
    first, again, changed, still, old = world.segmenter.keys
    assert again == first != changed == still != old
