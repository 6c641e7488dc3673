from __future__ import annotations

import threading

import pytest

from ssp_sam_ros.speech import worker


def test_calls_run_in_order_elsewhere() -> None:
    made = worker.Worker()
    order: list[int] = []
    done = threading.Event()
    for number in range(5):
        made.do(lambda number=number: order.append(number))
    made.do(done.set)
    assert done.wait(10)
    made.close()
    assert order == [0, 1, 2, 3, 4]


def test_too_many_are_counted_and_the_waiting_forgotten() -> None:
    made = worker.Worker()
    started, go_on = threading.Event(), threading.Event()
    late: list[int] = []
    made.do(lambda: (started.set(), go_on.wait(10)))  # type: ignore[arg-type, return-value]
    assert started.wait(10)
    for _ in range(worker._MOST_WAITING + 3):
        made.do(lambda: late.append(1))
    assert made.lost == 3
    threading.Timer(0.2, go_on.set).start()
    made.close()
    assert late == []


def test_a_call_that_raises_is_logged_and_the_next_is_made(caplog: pytest.LogCaptureFixture) -> None:
    made = worker.Worker()
    done = threading.Event()

    def hear(text: str) -> None:
        raise KeyError("lattice")

    made.do(hear, "the red mug")
    made.do(done.set)
    try:
        assert done.wait(10)
    finally:
        made.close()
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("ssp_sam", "ERROR")
    assert record.getMessage() == "hear failed on ('the red mug',)"
    assert "KeyError: 'lattice'" in caplog.text
