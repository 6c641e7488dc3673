"""Expressions as they come in, on doubles (see conftest); the worker runs in the test's thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ssp_sam_ros.session.outputs import Output

FOUND, FAILED = 1, 3
World = Any  # of conftest


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
