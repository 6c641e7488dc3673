"""The lifecycle node on real rclpy with a double for the network."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source its setup file")
pytest.importorskip("ssp_sam_msgs", reason="needs ssp_sam_msgs: build and source the workspace")

from ssp_sam_ros.interface.image_codec import compressed_fields, decode_array, image_fields
from ssp_sam_ros.ros.messages import make

pytestmark = pytest.mark.ros

OUTPUTS = ("mask", "bounding_box", "no_target", "result", "results", "label_image", "overlay")
EVERYTHING = [f"/ssp_sam/{name}" for name in OUTPUTS]
UNCONFIGURED, INACTIVE, ACTIVE = 1, 2, 3
CONFIGURE, CLEANUP, ACTIVATE, DEACTIVATE = 1, 2, 3, 4


def change_state(tester: Any, transition: int) -> bool:
    """Ask for a transition as `ros2 lifecycle set` does."""
    change = make("lifecycle_msgs/msg/Transition", id=transition)
    answer = tester.call("lifecycle_msgs/srv/ChangeState", "/ssp_sam/change_state", transition=change)
    return bool(answer.success)


def state(tester: Any) -> int:
    return int(tester.call("lifecycle_msgs/srv/GetState", "/ssp_sam/get_state").current_state.id)


def test_every_output_carries_the_pictures_header(start_node: Any, tester: Any, helpers: Any) -> None:
    node = start_node()
    assert node.started
    tester.listen(*EVERYTHING)
    result = helpers.ask(tester, "the bright patch")
    tester.wait(lambda: all(tester.received[topic] for topic in EVERYTHING))
    stamp = result.header.stamp
    by_topic = {
        topic: next(m for m in tester.received[topic] if m.header.stamp == stamp)
        for topic in EVERYTHING
        if not topic.endswith("no_target")
    }
    assert {m.header.frame_id for m in by_topic.values()} == {"camera_optical_frame"}
    expected = np.zeros((48, 64), np.uint8)
    expected[10:20, 20:40] = 255
    mask = by_topic["/ssp_sam/mask"]
    assert (result.outcome, mask.encoding, mask.step) == (1, "mono8", 64)
    np.testing.assert_array_equal(decode_array(mask), expected)
    np.testing.assert_array_equal(decode_array(result.mask), expected)
    np.testing.assert_array_equal(decode_array(by_topic["/ssp_sam/label_image"]), expected // 255)
    np.testing.assert_array_equal(decode_array(by_topic["/ssp_sam/overlay"]), 255 - helpers.scene())
    box = by_topic["/ssp_sam/bounding_box"].bbox
    assert (box.center.position.x, box.center.position.y, box.size_x, box.size_y) == (30.0, 15.0, 20.0, 10.0)
    assert tester.received["/ssp_sam/no_target"][0].data is False


def test_no_target_is_said_outright(start_node: Any, tester: Any, helpers: Any) -> None:
    start_node()
    tester.listen("/ssp_sam/result", "/ssp_sam/no_target", "/ssp_sam/mask", "/ssp_sam/bounding_box")
    assert helpers.ask(tester, "the absent thing").outcome == 2
    tester.wait(lambda: all(tester.received.values()))
    assert tester.received["/ssp_sam/no_target"][0].data is True
    assert not decode_array(tester.received["/ssp_sam/mask"][0]).any()
    assert tester.received["/ssp_sam/bounding_box"][0].bbox.size_x == 0.0


def test_compressed_pictures(start_node: Any, tester: Any, helpers: Any) -> None:
    node = start_node("-p", "image_transport:=compressed")
    tester.listen("/ssp_sam/result")
    tester.say("the bright patch")

    def answered() -> bool:
        message = make(
            "sensor_msgs/msg/CompressedImage", header=helpers.header(), **compressed_fields(helpers.scene())
        )
        tester.send("/camera/image_raw/compressed", message)
        tester.spin(0.05)
        return any(r.outcome == 1 for r in tester.received["/ssp_sam/result"])

    tester.wait(answered)
    assert np.abs(node.segmenter.pictures[0][15, 30].astype(int) - (220, 30, 40)).max() < 12


def test_depth_becomes_target_points(start_node: Any, tester: Any, helpers: Any) -> None:
    start_node()
    tester.listen("/ssp_sam/target_points", "/ssp_sam/result")
    tester.say("the bright patch")
    info = make("sensor_msgs/msg/CameraInfo", k=[50.0, 0.0, 32.0, 0.0, 50.0, 24.0, 0.0, 0.0, 1.0])

    def answered() -> bool:
        now = time.time()
        tester.send("/camera_info", info)
        tester.send("/depth/image", helpers.image(np.full((48, 64), 1500, np.uint16), now + 0.01))
        tester.send("/camera/image_raw", helpers.image(stamp=now))
        tester.spin(0.05)
        return bool(tester.received["/ssp_sam/target_points"])

    tester.wait(answered)
    cloud = tester.received["/ssp_sam/target_points"][0]
    assert (cloud.width, cloud.header.frame_id) == (200, "camera_optical_frame")
    xyz = np.frombuffer(cloud.data, np.float32).reshape(-1, 3)
    np.testing.assert_allclose(xyz[0], [(20 - 32) / 50 * 1.5, (10 - 24) / 50 * 1.5, 1.5], rtol=1e-6)
    result = next(r for r in tester.received["/ssp_sam/result"] if r.header == cloud.header)
    assert result.depth_pixels == 200
    np.testing.assert_allclose(
        [getattr(result.centroid, axis) for axis in "xyz"], xyz.mean(axis=0), rtol=1e-5
    )
    np.testing.assert_allclose(
        [getattr(result.extent, axis) for axis in "xyz"], np.ptp(xyz, axis=0), rtol=1e-5
    )


def test_transitions_also_in_the_middle_of_inference(start_node: Any, tester: Any, helpers: Any) -> None:
    node = start_node("-p", "autostart:=false")
    assert (state(tester), node.loads) == (UNCONFIGURED, 0)
    assert change_state(tester, CONFIGURE)
    assert (state(tester), node.loads) == (INACTIVE, 1)
    assert change_state(tester, ACTIVATE)
    tester.listen("/ssp_sam/result")
    node.segmenter.may_go_on.clear()
    tester.say("the bright patch")
    tester.wait(
        lambda: (
            tester.send("/camera/image_raw", helpers.image()),
            tester.spin(0.05),
            node.segmenter.pictures,
        )[2]
    )
    assert change_state(tester, DEACTIVATE)
    node.segmenter.may_go_on.set()
    tester.spin(0.3)
    assert tester.received["/ssp_sam/result"] == []
    assert change_state(tester, CLEANUP)
    assert state(tester) == UNCONFIGURED
    assert change_state(tester, CONFIGURE)
    assert change_state(tester, ACTIVATE)
    assert node.loads == 2
    assert helpers.ask(tester, "the bright patch").outcome == 1


def test_a_worker_that_outlives_cleanup_ends_well(
    start_node: Any, tester: Any, helpers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = start_node()
    tear_down = node.node._tear_down
    monkeypatch.setattr(node.node, "_tear_down", lambda patience=0.1: tear_down(0.1))
    tester.listen("/ssp_sam/result")
    node.segmenter.may_go_on.clear()
    tester.say("the bright patch")
    tester.wait(
        lambda: (
            tester.send("/camera/image_raw", helpers.image()),
            tester.spin(0.05),
            node.segmenter.pictures,
        )[2]
    )
    session = node.node._parts.session
    assert change_state(tester, DEACTIVATE)
    assert change_state(tester, CLEANUP)
    node.segmenter.may_go_on.set()
    assert session.close(20.0)
    session.tick()  # tells of a worker that an error has ended
    assert tester.received["/ssp_sam/result"] == []


def test_bad_weights_stop_configure(start_node: Any, tester: Any, capfd: Any) -> None:
    node = start_node("-p", "weights:=bad")
    assert not node.started
    assert state(tester) == UNCONFIGURED
    assert "not configured: bad.safetensors is not there; download it" in capfd.readouterr().err


def test_stale_when_the_camera_stops(start_node: Any, tester: Any, helpers: Any) -> None:
    start_node("-p", "max_image_age:=0.3")
    tester.listen("/ssp_sam/result")
    helpers.ask(tester, "the bright patch")
    results = tester.received["/ssp_sam/result"]
    tester.wait(lambda: results[-1].outcome == 4)
    tester.spin(0.5)
    assert [r.outcome for r in results[-2:]] == [1, 4]


def test_a_late_joiner_gets_the_next_answer(start_node: Any, tester: Any, helpers: Any) -> None:
    start_node()
    tester.say("the bright patch")
    tester.send("/camera/image_raw", helpers.image())
    tester.listen("/ssp_sam/mask")
    tester.wait(
        lambda: (
            tester.send("/camera/image_raw", helpers.image()),
            tester.spin(0.05),
            tester.received["/ssp_sam/mask"],
        )[2]
    )


def test_a_clock_that_jumps_back(start_node: Any, tester: Any, helpers: Any) -> None:
    start_node("-p", "use_sim_time:=true")
    tester.listen("/ssp_sam/result")
    tester.say("the bright patch")

    def answered(seconds: int) -> bool:
        stamp = make("builtin_interfaces/msg/Time", sec=seconds)
        tester.send("/clock", make("rosgraph_msgs/msg/Clock", clock=stamp))
        tester.spin(0.05)
        tester.send("/camera/image_raw", helpers.image(stamp=float(seconds)))
        tester.spin(0.05)
        results = tester.received["/ssp_sam/result"]
        return any(r.outcome == 1 and r.header.stamp.sec == seconds for r in results)

    tester.wait(lambda: answered(50))
    tester.wait(lambda: answered(7))


def test_encodings(start_node: Any, tester: Any, helpers: Any) -> None:
    node = start_node()
    tester.listen("/ssp_sam/result")
    tester.say("the bright patch")
    image = helpers.image(np.ascontiguousarray(helpers.scene()[..., ::-1]))
    image.encoding = "bgr8"

    def answered() -> bool:
        image.header = helpers.header()
        tester.send("/camera/image_raw", image)
        tester.spin(0.05)
        return bool(tester.received["/ssp_sam/result"])

    tester.wait(answered)
    np.testing.assert_array_equal(node.segmenter.pictures[0], helpers.scene())
    assert image_fields(helpers.scene())["encoding"] == "rgb8"
