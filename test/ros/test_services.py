"""The services of the lifecycle node on real rclpy with a double for the network."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source its setup file")
pytest.importorskip("ssp_sam_msgs", reason="needs ssp_sam_msgs: build and source the workspace")

from ssp_sam_ros.ros.messages import make, message_class

pytestmark = pytest.mark.ros

SEGMENT = "ssp_sam_msgs/srv/Segment"
ACTIVE, FINALIZED = 3, 4
CONFIGURE, CLEANUP, DEACTIVATE, SHUTDOWN_ACTIVE = 1, 2, 4, 7


class Pending:
    """A call of `~/segment` that has been sent."""

    def __init__(self, tester: Any, **fields: Any) -> None:
        service = message_class(SEGMENT)
        self._tester = tester
        self._client = tester.node.create_client(service, "/ssp_sam/segment")
        tester.wait(self._client.service_is_ready, "the service")
        request = service.Request(expressions=["the bright patch"], **fields)
        self._future = self._client.call_async(request)

    def answer(self) -> Any:
        self._tester.wait(self._future.done, "the answer")
        self._tester.node.destroy_client(self._client)
        return self._future.result()


def offered(node: Any) -> list[str]:
    """The types of the services that a node of this process has, of those in ssp_sam_msgs."""
    return [SEGMENT for service in node.node.services if service.srv_type is message_class(SEGMENT)]


def change_state(tester: Any, transition: int) -> bool:
    """Ask for a transition as `ros2 lifecycle set` does."""
    change = make("lifecycle_msgs/msg/Transition", id=transition)
    answer = tester.call("lifecycle_msgs/srv/ChangeState", "/ssp_sam/change_state", transition=change)
    return bool(answer.success)


def state(tester: Any) -> int:
    return int(tester.call("lifecycle_msgs/srv/GetState", "/ssp_sam/get_state").current_state.id)


def test_segment_answers_while_the_executor_stays_free(start_node: Any, tester: Any, helpers: Any) -> None:
    node = start_node()
    node.segmenter.may_go_on.clear()
    freed = []

    def ask_for_something_else() -> None:
        if node.segmenter.pictures and not freed:
            freed.append(state(tester))  # answered in the middle of inference
            node.segmenter.may_go_on.set()

    answer = tester.call(
        SEGMENT,
        "/ssp_sam/segment",
        ask_for_something_else,
        expressions=["the bright patch", "the absent thing"],
        image=helpers.image(),
    )
    assert freed == [ACTIVE]
    assert (answer.success, answer.message) == (True, "")
    assert [(r.expression, r.outcome) for r in answer.results] == [
        ("the bright patch", 1),
        ("the absent thing", 2),
    ]


def test_segment_on_the_cameras_next_picture(start_node: Any, tester: Any, helpers: Any) -> None:
    start_node()
    answer = tester.call(
        SEGMENT,
        "/ssp_sam/segment",
        lambda: tester.send("/camera/image_raw", helpers.image()),
        expressions=["the bright patch"],
    )
    assert answer.success
    answer = tester.call(SEGMENT, "/ssp_sam/segment", expressions=["the bright patch"])
    assert not answer.success
    assert "max_image_age" in answer.message


def test_enable(start_node: Any, tester: Any, helpers: Any) -> None:
    start_node()
    tester.listen("/ssp_sam/result")
    helpers.ask(tester, "the bright patch")
    answer = tester.call("std_srvs/srv/SetBool", "/ssp_sam/enable", data=False)
    assert (answer.success, answer.message) == (True, "inference is switched off (~/enable)")
    tester.received["/ssp_sam/result"].clear()
    for _ in range(10):
        tester.send("/camera/image_raw", helpers.image())
        tester.spin(0.1)
    assert tester.received["/ssp_sam/result"] == []
    assert not tester.call(SEGMENT, "/ssp_sam/segment", expressions=["x"]).success
    assert tester.call("std_srvs/srv/SetBool", "/ssp_sam/enable", data=True).success
    tester.wait(
        lambda: (tester.send("/camera/image_raw", helpers.image()), tester.received["/ssp_sam/result"])[1]
    )


def test_a_call_at_the_worker_is_answered_by_a_cleanup(start_node: Any, tester: Any, helpers: Any) -> None:
    node = start_node()
    call = Pending(tester, image=helpers.image())
    node.segmenter.may_go_on.clear()
    tester.wait(lambda: node.segmenter.pictures)
    assert change_state(tester, DEACTIVATE)
    node.segmenter.may_go_on.set()
    assert change_state(tester, CLEANUP)
    answer = call.answer()
    assert (answer.success, len(answer.results)) == (True, 1)
    tester.wait(lambda: SEGMENT not in offered(node))
    assert change_state(tester, CONFIGURE)  # the node goes on
    assert offered(node).count(SEGMENT) == 1


def test_a_shutdown_answers_who_waits(start_node: Any, tester: Any) -> None:
    node = start_node("-p", "max_image_age:=3600.0")
    call = Pending(tester)
    tester.wait(lambda: node.node._parts.session._state.calls.waits_for(""))
    assert change_state(tester, SHUTDOWN_ACTIVE)
    answer = call.answer()
    assert (answer.success, answer.message) == (False, "the node is ending")
    tester.wait(lambda: SEGMENT not in offered(node))
    assert state(tester) == FINALIZED


def test_a_call_of_a_worker_left_behind_is_told(
    start_node: Any, tester: Any, helpers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = start_node()
    node.segmenter.may_go_on.clear()
    call = Pending(tester, image=helpers.image())
    tester.wait(lambda: node.segmenter.pictures)
    assert change_state(tester, DEACTIVATE)
    tear_down = node.node._tear_down
    monkeypatch.setattr(node.node, "_tear_down", lambda patience=0.1: tear_down(0.1))
    assert change_state(tester, CLEANUP)
    answer = call.answer()
    assert (answer.success, answer.message) == (False, "the node is ending")
    tester.wait(lambda: SEGMENT not in offered(node))
