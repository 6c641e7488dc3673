"""The node without ROS, on real DDS with a double for the network: every topic of the table."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from ssp_sam_ros.dds.messages import make, serialize
from ssp_sam_ros.interface.image_codec import compressed_fields, decode_array, image_fields
from ssp_sam_ros.interface.names import NodeNames, Remap
from ssp_sam_ros.interface.qos import QoS

IMAGE = "sensor_msgs/msg/Image"
OUTPUTS = ("mask", "bounding_box", "no_target", "result", "results", "label_image", "overlay")


def everything(prefix: str = "/ssp_sam") -> list[str]:
    return [f"{prefix}/{name}" for name in OUTPUTS]


def show(tester: Any, helpers: Any, topic: str = "/camera/image_raw") -> Any:
    """Send pictures until a result comes; returns the result's picture."""
    sent = helpers.image(helpers.scene())
    tester.send(topic, sent, IMAGE)
    return sent


def ask(
    tester: Any, helpers: Any, text: str, result_topic: str = "/ssp_sam/result", outcome: int | None = None
) -> Any:
    """Ask and send pictures until the answer comes."""
    tester.say(text)
    results = tester.received[result_topic]

    def answered() -> bool:
        show(tester, helpers)
        tester.spin(0.05)
        return any(r.expression == text and outcome in (None, r.outcome) and r.outcome != 4 for r in results)

    tester.wait(answered)
    return next(r for r in results if r.expression == text and r.outcome != 4)


def test_every_output_carries_the_pictures_header(start_node: Any, tester: Any, helpers: Any) -> None:
    node = start_node()
    tester.listen(*everything())
    result = ask(tester, helpers, "the bright patch")
    tester.wait(lambda: all(tester.received[topic] for topic in everything()))
    assert result.outcome == 1
    assert result.header.frame_id == "camera_optical_frame"
    expected = np.zeros((48, 64), np.uint8)
    expected[10:20, 20:40] = 255
    by_stamp = {}
    for topic in everything():
        if not topic.endswith("no_target"):
            by_stamp[topic] = {
                (m.header.stamp.sec, m.header.stamp.nanosec): m for m in tester.received[topic]
            }
    stamp = (result.header.stamp.sec, result.header.stamp.nanosec)
    assert all(stamp in messages for messages in by_stamp.values())
    mask = by_stamp["/ssp_sam/mask"][stamp]
    assert (mask.encoding, mask.step) == ("mono8", 64)
    np.testing.assert_array_equal(decode_array(mask), expected)
    np.testing.assert_array_equal(decode_array(result.mask), expected)
    np.testing.assert_array_equal(decode_array(by_stamp["/ssp_sam/label_image"][stamp]), expected // 255)
    np.testing.assert_array_equal(decode_array(by_stamp["/ssp_sam/overlay"][stamp]), 255 - helpers.scene())
    box = by_stamp["/ssp_sam/bounding_box"][stamp].bbox
    assert (box.center.position.x, box.center.position.y, box.size_x, box.size_y) == (30.0, 15.0, 20.0, 10.0)
    assert tester.received["/ssp_sam/no_target"][0].data is False
    assert by_stamp["/ssp_sam/results"][stamp].results[0].expression == "the bright patch"
    assert node.segmenter.pictures[0].shape == (48, 64, 3)


def test_no_target_and_failed(start_node: Any, tester: Any, helpers: Any) -> None:
    start_node()
    tester.listen(*everything())
    result = ask(tester, helpers, "the absent thing")
    assert result.outcome == 2
    tester.wait(lambda: tester.received["/ssp_sam/no_target"])
    assert tester.received["/ssp_sam/no_target"][0].data is True
    tester.wait(lambda: tester.received["/ssp_sam/mask"])
    assert not decode_array(tester.received["/ssp_sam/mask"][0]).any()
    tester.say("")
    tester.spin(0.3)
    for kept in tester.received.values():
        kept.clear()
    failed = ask(tester, helpers, "the broken thing")
    assert (failed.outcome, failed.reason) == (3, "broken")
    tester.spin(0.2)
    assert {topic for topic, kept in tester.received.items() if kept} == {"/ssp_sam/result"}


def test_several_expressions_at_once(start_node: Any, tester: Any, helpers: Any) -> None:
    start_node()
    tester.listen("/ssp_sam/results", "/ssp_sam/result")
    array = make(
        "ssp_sam_msgs/msg/ReferringExpressionArray", ids=["a", "b", "c"], texts=["patch", "absent", "broken"]
    )
    tester.send("/ssp_sam/expressions", array, "ssp_sam_msgs/msg/ReferringExpressionArray")

    def answered() -> bool:
        show(tester, helpers)
        tester.spin(0.05)
        return bool(tester.received["/ssp_sam/results"])

    tester.wait(answered)
    message = tester.received["/ssp_sam/results"][0]
    assert [(r.expression_id, r.outcome) for r in message.results] == [("a", 1), ("b", 2), ("c", 3)]
    assert {r.header.stamp.nanosec for r in message.results} == {message.header.stamp.nanosec}


def test_no_inference_without_a_subscriber(start_node: Any, tester: Any, helpers: Any) -> None:
    node = start_node()
    tester.say("the bright patch")
    for _ in range(10):
        show(tester, helpers)
        tester.spin(0.03)
    assert node.segmenter.pictures == []
    tester.listen("/ssp_sam/mask")
    tester.wait(lambda: (show(tester, helpers), tester.spin(0.05), tester.received["/ssp_sam/mask"])[2])
    assert node.drawn == []  # nobody listens to the overlay


def test_stale_when_the_camera_stops(start_node: Any, tester: Any, helpers: Any) -> None:
    start_node(max_image_age=0.3)
    tester.listen("/ssp_sam/result")
    ask(tester, helpers, "the bright patch")
    results = tester.received["/ssp_sam/result"]
    tester.wait(lambda: results[-1].outcome == 4)
    tester.spin(0.5)
    last_two = results[-2:]
    assert [r.outcome for r in last_two] == [1, 4]
    assert "max_image_age is 0.3 s" in last_two[1].reason
    assert last_two[1].header == last_two[0].header


def test_compressed_pictures(start_node: Any, tester: Any, helpers: Any) -> None:
    node = start_node(image_transport="compressed")
    tester.listen("/ssp_sam/result")
    tester.say("the bright patch")

    def answered() -> bool:
        fields = compressed_fields(helpers.scene())
        message = make("sensor_msgs/msg/CompressedImage", header=helpers.header(), **fields)
        tester.send("/camera/image_raw/compressed", message, "sensor_msgs/msg/CompressedImage")
        tester.spin(0.05)
        return any(r.outcome == 1 for r in tester.received["/ssp_sam/result"])

    tester.wait(answered)
    assert np.abs(node.segmenter.pictures[0][15, 30].astype(int) - (220, 30, 40)).max() < 12


def test_several_cameras_and_a_namespace(start_node: Any, tester: Any, helpers: Any) -> None:
    start_node(names=NodeNames("eyes", "/robot"), cameras=["left", "right"])
    topics = ["/robot/eyes/left/result", "/robot/eyes/right/result"]
    tester.listen(*topics)
    message = make("std_msgs/msg/String", data="the bright patch")
    tester.send("/robot/referring_expression", message, "std_msgs/msg/String")

    def answered() -> bool:
        show(tester, helpers, "/robot/left/image")
        show(tester, helpers, "/robot/right/image")
        tester.spin(0.05)
        return all(any(r.outcome == 1 for r in tester.received[topic]) for topic in topics)

    tester.wait(answered)


def test_depth_becomes_target_points(start_node: Any, tester: Any, helpers: Any) -> None:
    start_node()
    tester.listen("/ssp_sam/target_points", "/ssp_sam/result")
    tester.say("the bright patch")
    depth = np.full((48, 64), 1500, np.uint16)
    info = make("sensor_msgs/msg/CameraInfo", k=np.array([50.0, 0, 32, 0, 50, 24, 0, 0, 1]))

    def answered() -> bool:
        tester.send("/camera/camera_info", info, "sensor_msgs/msg/CameraInfo")
        now = time.time_ns()
        fields = image_fields(depth)
        message = make(IMAGE, header=helpers.header(now + 10_000_000), **fields)
        tester.send("/camera/depth/image_raw", message, IMAGE)
        tester.send("/camera/image_raw", helpers.image(helpers.scene(), now), IMAGE)
        tester.spin(0.05)
        return bool(tester.received["/ssp_sam/target_points"])

    tester.wait(answered)
    cloud = tester.received["/ssp_sam/target_points"][0]
    assert (cloud.width, cloud.header.frame_id) == (200, "camera_optical_frame")
    xyz = np.frombuffer(cloud.data, np.float32).reshape(-1, 3)
    np.testing.assert_allclose(xyz[0], [(20 - 32) / 50 * 1.5, (10 - 24) / 50 * 1.5, 1.5], rtol=1e-6)
    result = next(r for r in tester.received["/ssp_sam/result"] if r.header == cloud.header)
    assert result.depth_pixels == 200
    centroid, extent = result.centroid, result.extent
    np.testing.assert_allclose((centroid.x, centroid.y, centroid.z), xyz.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose((extent.x, extent.y, extent.z), np.ptp(xyz, axis=0), rtol=1e-5)


def test_diagnostics_once_a_second_with_what_is_wrong(start_node: Any, tester: Any, helpers: Any) -> None:
    start_node()
    tester.listen("/diagnostics")
    kept = tester.received["/diagnostics"]
    tester.wait(lambda: len(kept) >= 3)
    first, _, third = (message.header.stamp for message in kept[:3])
    # Two seconds, less what the first one was late; the node ticks twenty times as often.
    assert third.sec - first.sec + (third.nanosec - first.nanosec) * 1e-9 > 1.0
    statuses = {status.name: status for status in kept[0].status}
    assert set(statuses) == {"ssp_sam: input", "ssp_sam: inference"}
    assert statuses["ssp_sam: input"].level == 1
    assert "no publisher on /camera/image_raw (sensor_msgs/msg/Image" in statuses["ssp_sam: input"].message
    assert ("device", "double") in [(v.key, v.value) for v in statuses["ssp_sam: inference"].values]
    tester.participant.publisher("/camera/image_raw", "std_msgs/msg/String", QoS("reliable", 1))
    tester.wait(lambda: "it sends std_msgs::msg::dds_::String_" in kept[-1].status[0].message)


def test_messages_that_cannot_be_read_are_counted_on_every_input(start_node: Any, tester: Any) -> None:
    start_node(cameras=["left", "right"])
    tester.listen("/diagnostics")
    kept = tester.received["/diagnostics"]
    header = make("std_msgs/msg/Header", frame_id="?!")
    for topic, message in [
        ("/referring_expression", make("std_msgs/msg/String", data="?!")),
        ("/left/camera_info", make("sensor_msgs/msg/CameraInfo", header=header)),
    ]:
        tester.send(topic, message, message.__msgtype__)
        publisher = tester._publishers[topic]
        no_text = serialize(message, message.__msgtype__).replace(b"?!", b"\xff\xfe")
        publisher._writer.write(publisher._sample(no_text))

    def counts(camera: str) -> dict[str, str]:
        status = next(s for s in kept[-1].status if s.name == f"ssp_sam: input {camera}")
        return {value.key: value.value for value in status.values if value.key.startswith("malformed")}

    tester.wait(lambda: kept and counts("left").get("malformed on /left/camera_info") == "1")
    assert counts("left")["malformed on /referring_expression"] == "1"
    assert counts("right")["malformed on /referring_expression"] == "1"
    assert counts("right")["malformed on /right/camera_info"] == "0"
    assert counts("left")["malformed"] == "0"


def test_a_reliable_override_explains_a_best_effort_camera(start_node: Any, tester: Any) -> None:
    start_node(**{"qos_overrides./camera/image_raw.subscription.reliability": "reliable"})
    tester.listen("/diagnostics")
    tester.participant.publisher("/camera/image_raw", IMAGE, QoS("best_effort", 1))
    kept = tester.received["/diagnostics"]
    text = "the publisher is best effort, the subscription wants reliable"
    tester.wait(lambda: kept and text in kept[-1].status[0].message)


def test_simulated_time(start_node: Any, tester: Any, helpers: Any) -> None:
    start_node(use_sim_time=True)
    tester.listen("/ssp_sam/result")
    tester.say("the bright patch")
    clock = "rosgraph_msgs/msg/Clock"

    def tick(seconds: int) -> None:
        stamp = make("builtin_interfaces/msg/Time", sec=seconds)
        tester.send("/clock", make(clock, clock=stamp), clock)

    def answered(seconds: int) -> bool:
        tick(seconds)
        tester.spin(0.02)
        tester.send("/camera/image_raw", helpers.image(helpers.scene(), seconds * 10**9), IMAGE)
        tester.spin(0.05)
        results = tester.received["/ssp_sam/result"]
        return any(r.outcome == 1 and r.header.stamp.sec == seconds for r in results)

    tester.wait(lambda: answered(50))
    tester.wait(lambda: answered(7))  # the recording starts over


def test_remapping(start_node: Any, tester: Any, helpers: Any) -> None:
    remaps = (Remap("image", "/front/image"), Remap("~/result", "answers"))
    start_node(names=NodeNames("ssp_sam", "/", remaps))
    tester.listen("/answers", type_name="ssp_sam_msgs/msg/ReferringResult")
    tester.say("the bright patch")
    tester.wait(
        lambda: (show(tester, helpers, "/front/image"), tester.spin(0.05), tester.received["/answers"])[2]
    )


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"autostart": False}, "lifecycle"),
        ({"qos_overrides./nowhere.subscription.depth": 1}, "unknown parameter"),
        ({"qos_overrides./ssp_sam/mask.publisher.depth": "x"}, "integer"),
        ({"cameras": ["left camera"]}, "topic name"),
    ],
)
def test_mistakes_stop_the_node_at_once(start_node: Any, parameters: dict[str, object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        start_node(**parameters)
