"""The services of the lifecycle node on real rclpy with a double for the network."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source its setup file")
pytest.importorskip("ssp_sam_msgs", reason="needs ssp_sam_msgs: build and source the workspace")


pytestmark = pytest.mark.ros

SEGMENT = "ssp_sam_msgs/srv/Segment"
ACTIVE = 3


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
