from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ssp_sam_ros.dds.operator import Operator
from ssp_sam_ros.interface.names import NodeNames
from ssp_sam_ros.interface.qos import QoS

IMAGE = "sensor_msgs/msg/Image"


@pytest.fixture
def operator() -> Iterator[Operator]:
    operator = Operator(NodeNames("say_1"), NodeNames("ssp_sam"), overlays=True)
    yield operator
    operator.close()


@pytest.fixture
def camera(tester: Any, helpers: Any) -> Iterator[None]:
    """Pictures at some 20 Hz in the background."""
    stop = threading.Event()
    publisher = tester.participant.publisher("/camera/image_raw", IMAGE, QoS("reliable", 1))

    def send() -> None:
        while not stop.wait(0.05):
            publisher.publish(helpers.image(helpers.scene()))

    thread = threading.Thread(target=send)
    thread.start()
    yield
    stop.set()
    thread.join()


def answers(operator: Operator, expressions: list[str]) -> list[Any]:
    index_of = operator.ask(expressions)
    found: dict[int, Any] = {}
    deadline = time.monotonic() + 10
    while len(found) < len(expressions):
        assert time.monotonic() < deadline
        for message in operator.results():
            index = index_of(message)
            if index is not None and message.outcome != message.STALE:
                found[index] = message
    return [found[i] for i in range(len(expressions))]


def test_one_and_several(start_node: Any, operator: Operator, camera: None) -> None:
    node = start_node()
    assert operator.wait_for_node(lambda: False)
    (answer,) = answers(operator, ["the bright patch"])
    assert answer.outcome == answer.FOUND
    overlay = operator.overlay(answer)
    assert overlay is not None
    assert overlay.header == answer.header
    several = answers(operator, ["patch", "absent", "patch"])
    assert [a.outcome for a in several] == [1, 2, 1]
    assert len({a.header.stamp.nanosec for a in several}) == 1
    operator.clear()
    deadline = time.monotonic() + 10
    while node.node.session.diagnostics({"": node.node._input_state("")})[-1].message.startswith("answering"):
        assert time.monotonic() < deadline


def test_who_asks_the_same_again_is_told_again_that_there_is_no_picture(
    start_node: Any, operator: Operator
) -> None:
    start_node()
    assert operator.wait_for_node(lambda: False)
    for _ in range(2):
        index_of = operator.ask(["the bright patch"])
        deadline = time.monotonic() + 10
        while not any(index_of(m) == 0 and m.outcome == m.STALE for m in operator.results()):
            assert time.monotonic() < deadline


def test_a_refusal_finds_its_question(start_node: Any, operator: Operator) -> None:
    start_node(max_expressions=1)
    assert operator.wait_for_node(lambda: False)
    (answer,) = answers(operator, ["x" * 1001])
    assert (answer.outcome, len(answer.expression)) == (answer.FAILED, 1000)
    several = answers(operator, ["patch", "absent"])
    assert [(a.expression, a.outcome) for a in several] == [("patch", 3), ("absent", 3)]


def test_silence_is_explained_without_a_node(operator: Operator) -> None:
    assert not operator.wait_for_node(lambda: True)
    assert "there is no node /ssp_sam" in operator.explain_silence()


def test_silence_is_explained_with_the_nodes_own_words(start_node: Any, operator: Operator) -> None:
    start_node()
    assert operator.wait_for_node(lambda: False)
    deadline = time.monotonic() + 10
    while "no publisher on /camera/image_raw" not in operator.explain_silence():
        assert time.monotonic() < deadline
        operator.results()


def test_a_node_with_several_cameras_wants_one_named(start_node: Any, operator: Operator) -> None:
    start_node(cameras=["left", "right"])
    deadline = time.monotonic() + 10
    while "say which one" not in operator.explain_silence():
        assert time.monotonic() < deadline
        operator.results()


def test_other_nodes_are_named(start_node: Any, operator: Operator) -> None:
    start_node(names=NodeNames("eyes", "/robot"))
    deadline = time.monotonic() + 10
    while "nodes seen: /robot/eyes" not in operator.explain_silence():
        assert time.monotonic() < deadline
        operator.results()
