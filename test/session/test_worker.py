"""The worker's thread: newest wins while it is busy, nothing piles up, an end that does not hang."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ssp_sam_ros.session.outputs import Output

World = Any  # of conftest


def test_answers_come_from_the_worker(running: World) -> None:
    running.session.inputs.refer("the red mug")
    running.show(0.1)
    running.graph.wait_for(lambda: running.graph.of(Output.RESULT))
    assert running.graph.of(Output.RESULT)[0].outcome == 1


def test_the_newest_picture_wins_while_the_worker_is_busy(running: World) -> None:
    segmenter = running.segmenter
    segmenter.may_go_on.clear()
    running.session.inputs.refer("the red mug")
    running.show(0.10, value=1)
    assert segmenter.working.wait(10)
    for value in range(2, 50):
        running.show(0.10 + value / 100, value=value)
    segmenter.may_go_on.set()
    running.graph.wait_for(lambda: len(running.graph.of(Output.RESULT)) == 2)
    assert segmenter.pictures == [1, 49]
    status = running.session.diagnostics({"": _state()})[-1]
    assert status.values["pictures dropped for newer ones"] == 47


@pytest.mark.parametrize("text", ["the can", ""])
def test_what_nobody_asks_for_any_more_is_not_answered(running: World, text: str) -> None:
    """Neither after another expression nor after a clear does a mask of the one before come out."""
    segmenter = running.segmenter
    segmenter.may_go_on.clear()
    running.session.inputs.refer("the red mug")
    running.show(0.1)
    assert segmenter.working.wait(10)
    running.session.inputs.refer(text)
    segmenter.may_go_on.set()
    running.session.inputs.refer("the bowl")
    running.show(0.2)
    # The bowl may be sought in the first picture too, and what stands between in it: those are asked for.
    running.graph.wait_for(lambda: "the bowl" in _expressions(running))
    assert "the red mug" not in _expressions(running)


def test_many_threads_at_once(running: World) -> None:
    """Pictures, expressions, ticks and diagnostics together: no deadlock, no crash, every answer whole."""
    stop = threading.Event()

    def pictures() -> None:
        for i in range(300):
            running.session.inputs.picture("", running.image(0.001 * i, i % 200))

    def expressions() -> None:
        for i in range(300):
            running.session.inputs.refer(f"object {i}" if i % 7 else "")

    def ticks() -> None:
        while not stop.is_set():
            running.session.tick()
            running.session.diagnostics({"": _state()})

    ticking = threading.Thread(target=ticks)
    others = [threading.Thread(target=target) for target in (pictures, expressions)]
    for thread in [ticking, *others]:
        thread.start()
    for thread in others:
        thread.join(20)
        assert not thread.is_alive()
    stop.set()
    ticking.join(20)
    assert not ticking.is_alive()
    running.session.inputs.refer("the last one")
    running.show(1.0)
    running.graph.wait_for(
        lambda: any(
            r.expression == "the last one" and r.outcome == 1 for r in running.graph.of(Output.RESULT)
        )
    )


def test_close_while_idle_and_while_busy(make_world: Any) -> None:
    idle = make_world()
    idle.session.start()
    assert idle.session.close()
    busy = make_world()
    busy.session.start()
    busy.segmenter.may_go_on.clear()
    busy.session.inputs.refer("the red mug")
    busy.show(0.1)
    assert busy.segmenter.working.wait(10)
    assert not busy.session.close(patience=0.05)  # does not wait for ever
    busy.segmenter.may_go_on.set()
    busy.session._worker._thread.join(10)
    assert busy.graph.published == []  # and nothing leaves afterwards


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_that_cannot_publish_is_not_silent(running: World) -> None:
    def refuse(camera: str, output: Output, message: Any) -> None:
        raise OSError("the network is gone")

    running.graph.publish = refuse
    running.session.inputs.refer("the red mug")
    running.show(0.1)
    running.session._worker._thread.join(10)
    with pytest.raises(RuntimeError, match="worker has stopped"):
        running.session.tick()


def _expressions(world: World) -> list[str]:
    return [result.expression for result in world.graph.of(Output.RESULT)]


def _state() -> Any:
    from ssp_sam_ros.session.diagnostics import InputState

    return InputState("/camera/image_raw", "sensor_msgs/msg/Image", "best effort", 1)
