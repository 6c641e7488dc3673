"""Where the target is in space: points and positions from depth; on doubles (see conftest)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from ssp_sam_ros.session.calls import Reply
from ssp_sam_ros.session.diagnostics import InputState, Level
from ssp_sam_ros.session.outputs import Output

STATE = InputState("/camera/image_raw", "sensor_msgs/msg/Image", "best effort", 1)
World = Any  # of conftest


def answer(world: World, text: str = "the red mug", depth: float | None = 0.1) -> Any:
    """The result on a picture stamped 0.1 s, with depth stamped then."""
    world.session.inputs.refer(text)
    if depth is not None:
        world.session.inputs.depth("", world.depth(depth))
    world.show(0.1)
    world.session.run_pending()
    return world.graph.of(Output.RESULT)[-1]


def test_a_result_says_where_the_target_is(world: World) -> None:
    world.calibrate()
    result = answer(world)
    # Rows 1 and 2, columns 0 to 3, 2 m away, through a lens of 2 pixels' focal length.
    assert result.depth_pixels == 8
    assert (result.centroid.x, result.centroid.y, result.centroid.z) == (1.5, 1.5, 2.0)
    assert (result.extent.x, result.extent.y, result.extent.z) == (3.0, 1.0, 0.0)
    assert world.graph.of(Output.RESULTS)[0].results == [result]


@pytest.mark.parametrize("case", ["no depth", "no camera_info", "absent", "unknown word", "hole"])
def test_without_depth_of_a_target_there_is_no_position(world: World, case: str) -> None:
    world.graph.subscribed = frozenset({Output.RESULT, Output.RESULTS})
    if case != "no camera_info":
        world.calibrate()
    if case == "hole":
        world.session.inputs.depth("", world.depth(0.1, millimetres=0))
    texts = {"absent": "the absent mug", "unknown word": "the zebra"}
    result = answer(world, texts.get(case, "the red mug"), None if case in ("no depth", "hole") else 0.1)
    assert result.depth_pixels == 0
    numbers = [getattr(v, axis) for v in (result.centroid, result.extent) for axis in "xyz"]
    assert all(map(math.isnan, numbers))
    assert world.session.diagnostics({"": STATE})[-1].level is Level.OK  # depth is optional


def test_stale_results_have_no_position(world: World) -> None:
    world.session.inputs.refer("the red mug")
    world.session.tick()
    (stale,) = world.graph.of(Output.RESULT)
    assert stale.depth_pixels == 0
    assert math.isnan(stale.centroid.z)


def test_each_expression_has_its_own_position(world: World) -> None:
    world.calibrate()
    world.session.inputs.refer_array(world.expressions(["the red mug", "absent", "the zebra", "the can"]))
    world.session.inputs.depth("", world.depth(0.1))
    world.show(0.1)
    world.session.run_pending()
    assert [r.depth_pixels for r in world.graph.of(Output.RESULT)] == [8, 0, 0, 8]


def test_depth_that_does_not_fit_is_told_of_and_the_result_goes_out(world: World) -> None:
    world.graph.subscribed = frozenset({Output.RESULT})
    world.calibrate()
    depth = world.depth(0.1)
    depth.height = 2
    world.session.inputs.depth("", depth)
    result = answer(world, depth=None)
    assert (result.outcome, result.depth_pixels) == (1, 0)
    status = world.session.diagnostics({"": STATE})[-1]
    assert status.level is Level.WARN
    assert "no position of the target: the depth picture is 8 x 2, the picture 8 x 4" in status.message
    world.graph.subscribed = frozenset({Output.MASK})
    assert world.session.diagnostics({"": STATE})[-1].level is Level.OK


def test_nothing_of_depth_is_kept_or_computed_for_a_mask_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ssp_sam_ros.session.depth.decode_depth", lambda message: pytest.fail("computed"))
    world.graph.subscribed = frozenset({Output.MASK, Output.BOUNDING_BOX})
    world.calibrate()
    world.session.inputs.refer("the red mug")
    world.session.inputs.depth("", world.depth(0.1))
    world.show(0.1)
    world.session.run_pending()
    assert not world.session._state.depth[""]._pictures
    assert len(world.graph.of(Output.MASK)) == 1


def test_the_mask_does_not_wait_for_depth(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Depth of 30 Hz whose picture comes only after the mask went out."""
    world.calibrate()
    world.session.inputs.depth("", world.depth(0.1 - 1 / 30))
    publish = world.graph.publish

    def published(camera: str, output: Output, message: Any) -> None:
        publish(camera, output, message)
        if output is Output.MASK:
            world.session.inputs.depth("", world.depth(0.1, millimetres=4000))

    monkeypatch.setattr(world.graph, "publish", published)
    assert answer(world, depth=None).centroid.z == 4.0


def test_a_call_on_the_cameras_picture_has_a_position(world: World) -> None:
    replies: list[Reply] = []
    world.graph.subscribed = frozenset()
    world.calibrate()
    world.session.inputs.segment(["the red mug", "the absent mug"], replies.append)
    world.session.inputs.depth("", world.depth(0.1))  # kept for the call alone
    world.show(0.1)
    world.session.run_pending()
    found, absent = replies[0].results
    assert (found.depth_pixels, absent.depth_pixels) == (8, 0)
    assert found.centroid.z == 2.0
    world.session.inputs.segment(["the red mug"], replies.append, image=world.image(0.1))
    world.session.run_pending()
    assert replies[1].results[0].depth_pixels == 0  # the caller's own picture comes without depth


def test_target_points_when_depth_is_given(world: World) -> None:
    world.calibrate()
    world.session.inputs.refer("the red mug")
    world.session.inputs.depth("", world.depth(0.12))
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
    world.calibrate()
    world.session.inputs.refer("the red mug")
    world.session.inputs.depth("", world.depth(0.1 - 1 / 30, millimetres=1000))
    world.show(0.1)
    refer = world.segmenter.refer

    def slowly(*arguments: Any) -> Any:
        for i in range(30):
            world.session.inputs.depth("", world.depth(0.1 + i / 30, millimetres=2000 + i))
        return refer(*arguments)

    world.segmenter.refer = slowly
    world.session.run_pending()
    (cloud,) = world.graph.of(Output.TARGET_POINTS)
    assert np.frombuffer(cloud.data, np.float32).reshape(-1, 3)[0, 2] == 2.0


@pytest.mark.parametrize("missing", ["camera_info", "depth", "size"])
def test_without_fitting_depth_everything_else_still_goes_out(world: World, missing: str) -> None:
    if missing != "camera_info":
        world.calibrate()
    depth = world.depth(0.1)
    if missing == "size":
        depth.height = 2
    if missing != "depth":
        world.session.inputs.depth("", depth)
    world.session.inputs.refer("the red mug")
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
    world.calibrate()
    world.session.inputs.depth("", world.depth(0.1))
    world.session.inputs.refer("absent")
    world.show(0.1)
    world.session.run_pending()
    assert world.graph.of(Output.TARGET_POINTS)[0].width == 0
