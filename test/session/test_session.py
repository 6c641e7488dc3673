"""What goes out for what comes in, on doubles (see conftest); the worker runs in the test's thread."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from ssp_sam_ros.interface.image_codec import decode_array
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


def test_only_what_is_subscribed_is_made(world: World) -> None:
    world.session.inputs.refer("the red mug")
    for second, output in enumerate([Output.LABEL_IMAGE, Output.OVERLAY, Output.BOUNDING_BOX]):
        world.graph.subscribed = frozenset({output})
        world.graph.published.clear()
        world.show(float(second))
        world.session.run_pending()
        assert [o for _, o, _ in world.graph.published] == [output]


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
