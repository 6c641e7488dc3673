"""Calls on a session of doubles (see conftest): answered once, beside what is active."""

from __future__ import annotations

from collections.abc import Callable
from queue import Queue
from typing import Any

import numpy as np
import pytest

from ssp_sam_ros.interface.image_codec import decode_rgb, image_fields
from ssp_sam_ros.session.calls import Reply
from ssp_sam_ros.session.outputs import Output

World = Any  # of conftest


@pytest.fixture
def replies() -> list[Reply]:
    return []


def test_a_call_takes_the_cameras_next_picture(world: World, replies: list[Reply]) -> None:
    world.show(0.9)
    world.clock.seconds = 1.0
    world.session.inputs.segment(["the red mug", "the absent mug"], replies.append)
    assert not world.session.run_pending()  # the picture at hand is older than the call
    world.show(1.1)
    assert world.session.run_pending()
    (reply,) = replies
    assert reply.failure == ""
    assert [(r.expression, r.outcome) for r in reply.results] == [("the red mug", 1), ("the absent mug", 2)]
    assert reply.results[0].header == world.image(1.1).header
    assert world.graph.published == []


def test_what_is_active_stays_so(world: World, replies: list[Reply]) -> None:
    world.session.inputs.refer("the blue mug")
    world.session.inputs.segment(["the red mug"], replies.append)
    world.show(0.1)
    while world.session.run_pending():
        pass
    assert replies[0].results[0].expression == "the red mug"
    assert [r.expression for r in world.graph.of(Output.RESULT)] == ["the blue mug"]


def test_a_call_brings_its_own_picture(world: World, replies: list[Reply]) -> None:
    array = np.full((6, 10, 3), 7, np.uint8)
    picture = world.image(-100.0)
    for name, value in image_fields(array).items():
        setattr(picture, name, value)
    world.session.inputs.segment(["the red mug"], replies.append, image=picture, decode=decode_rgb)
    assert world.session.run_pending()
    result = replies[0].results[0]
    assert (result.header, result.mask.width, result.mask.height) == (picture.header, 10, 6)
    assert world.segmenter.keys == [None]  # nothing but its bytes tells it from another caller's


def test_without_a_picture_a_call_fails_after_max_image_age(
    make_world: Callable[..., World], replies: list[Reply]
) -> None:
    world = make_world(max_image_age=0.5)
    world.session.inputs.segment(["the red mug"], replies.append)
    world.clock.seconds = 0.4
    world.session.tick()
    assert replies == []
    world.clock.seconds = 0.6
    world.session.tick()
    assert replies == [Reply(failure="no picture has arrived yet (max_image_age is 0.5 s)")]
    world.show(0.7)
    assert not world.session.run_pending()


def test_with_a_fresh_picture_a_call_waits_for_its_turn(
    make_world: Callable[..., World], replies: list[Reply]
) -> None:
    world = make_world(max_image_age=0.5)
    world.session.inputs.segment(["the red mug"], replies.append)
    world.show(0.58)
    world.clock.seconds = 1.0
    world.session.tick()
    assert replies == []
    world.clock.seconds = 1.2
    world.session.tick()  # nobody has taken the picture while it was fresh
    assert replies == [Reply(failure="the newest picture is 0.620 s old (max_image_age is 0.5 s)")]


def test_a_call_outlasts_a_busy_worker_while_pictures_come(running: World) -> None:
    replies: Queue[Reply] = Queue()
    running.segmenter.may_go_on.clear()
    running.session.inputs.refer("the blue mug")
    running.show(0.1)
    assert running.segmenter.working.wait(10)
    running.session.inputs.segment(["the red mug"], replies.put)
    for tenths in range(2, 20):
        running.show(tenths / 10)
        running.session.tick()
    assert replies.empty()
    running.segmenter.may_go_on.set()
    (result,) = replies.get(timeout=10).results
    assert (result.outcome, result.header.stamp) == (1, running.stamp(1.9))


def test_a_picture_that_cannot_be_read_fails_the_call_alone(world: World, replies: list[Reply]) -> None:
    picture = world.image(0.0)
    picture.encoding = "nonsense"
    world.session.inputs.segment(["the red mug"], replies.append, image=picture, decode=decode_rgb)
    world.session.run_pending()
    assert "nonsense" in replies[0].failure
    assert [r.outcome for r in replies[0].results] == [3]
    states = world.session.diagnostics({"": _state()})
    assert states[-1].level.value == 0


@pytest.mark.parametrize(
    ("texts", "camera", "reason"),
    [
        ([], "", "no expression"),
        (["a"], "left", "no camera 'left'"),
        (["a"] * 33, "", "33 expressions"),
        (["a" * 1001], "", "1001 characters"),
    ],
)
def test_refusals(world: World, replies: list[Reply], texts: list[str], camera: str, reason: str) -> None:
    world.session.inputs.segment(texts, replies.append, camera=camera)
    assert reason in replies[0].failure


def test_a_jump_back_does_not_strand_a_call(world: World, replies: list[Reply]) -> None:
    world.clock.seconds = 50.0
    world.session.inputs.segment(["the red mug"], replies.append)
    world.clock.seconds = 1.0
    world.session.tick()
    world.show(1.1)
    world.session.run_pending()
    assert len(replies[0].results) == 1


def test_pause_and_close_tell_who_waits(world: World, replies: list[Reply]) -> None:
    world.session.inputs.segment(["the red mug"], replies.append)
    world.session.pause("switched off")
    world.session.inputs.segment(["the red mug"], replies.append)
    world.session.resume()
    world.session.inputs.segment(["the red mug"], replies.append)
    world.session.close()
    assert [reply.failure for reply in replies] == ["switched off", "switched off", "the node is ending"]


def test_paused_nothing_is_worked_on_or_stale(world: World) -> None:
    world.session.inputs.refer("the red mug")
    world.show(0.1)
    world.session.pause("switched off")
    assert not world.session.run_pending()
    world.clock.seconds = 9.0
    world.session.tick()
    assert world.graph.published == []
    assert world.session.diagnostics({"": _state()})[-1].message == "idle: switched off"
    world.session.resume()
    world.clock.seconds = 9.3
    world.session.tick()
    assert world.graph.published == []  # the camera has max_image_age to send one
    world.show(9.4)
    assert world.session.run_pending()
    assert world.graph.of(Output.RESULT)[0].outcome == 1


def test_an_answer_being_worked_on_is_dropped_by_a_pause(running: World) -> None:
    running.segmenter.may_go_on.clear()
    running.session.inputs.refer("the red mug")
    running.show(0.1)
    assert running.segmenter.working.wait(10)
    running.session.pause("switched off")
    running.segmenter.may_go_on.set()
    assert running.session.close()
    assert running.graph.published == []


def _state() -> Any:
    from ssp_sam_ros.session.diagnostics import InputState

    return InputState("/camera/image_raw", "sensor_msgs/msg/Image", "best effort", 1)
