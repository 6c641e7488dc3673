"""The grasp consumer as a process, between a camera and answers that this test plays."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source its setup file")
pytest.importorskip("ssp_sam_msgs", reason="needs ssp_sam_msgs: build and source the workspace")
pytest.importorskip("message_filters", reason="needs ROS 2's message_filters")

import rclpy
from geometry_msgs.msg import PoseStamped
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor

from ssp_sam_ros.interface.image_codec import image_fields
from ssp_sam_ros.ros.messages import make

pytestmark = pytest.mark.ros
SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "grasp_node.py"
PATIENCE = 60.0
K = [400.0, 0.0, 159.5, 0.0, 400.0, 119.5, 0.0, 0.0, 1.0]
FOUND, NO_TARGET, FAILED, STALE = 1, 2, 3, 4


class Other:
    """The perception node and the camera, as far as the consumer sees them."""

    def __init__(self, context: Context, log: Path) -> None:
        self.node = rclpy.create_node("other", context=context)
        self.executor = SingleThreadedExecutor(context=context)
        self.executor.add_node(self.node)
        self.log = log
        self.grasps: list[PoseStamped] = []
        self.node.create_subscription(PoseStamped, "/grasp_consumer/grasp", self.grasps.append, 10)
        kinds = {
            "mask": "sensor_msgs/msg/Image",
            "depth/image": "sensor_msgs/msg/Image",
            "camera_info": "sensor_msgs/msg/CameraInfo",
            "result": "ssp_sam_msgs/msg/ReferringResult",
        }
        self.publishers = {
            topic: self.node.create_publisher(type(make(kind)), f"/{topic}", 10)
            for topic, kind in kinds.items()
        }
        self.wait(
            lambda: (
                all(p.get_subscription_count() for p in self.publishers.values())
                and self.node.count_publishers("/grasp_consumer/grasp")
            )
        )

    def wait(self, condition: Any) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, self.log.read_text()
            self.executor.spin_once(0.02)

    def says(self, text: str) -> None:
        self.wait(lambda: text in self.log.read_text())

    def header(self, stamp: int) -> Any:
        time_message = make("builtin_interfaces/msg/Time", sec=stamp // 10**9, nanosec=stamp % 10**9)
        return make("std_msgs/msg/Header", stamp=time_message, frame_id="hand_camera_optical_frame")

    def camera(self, stamp: int, depth: np.ndarray) -> None:
        info = make("sensor_msgs/msg/CameraInfo", header=self.header(stamp), k=K, width=320, height=240)
        self.publishers["camera_info"].publish(info)
        fields = image_fields(depth)
        self.publishers["depth/image"].publish(
            make("sensor_msgs/msg/Image", header=self.header(stamp), **fields)
        )

    def mask(self, stamp: int, mask: np.ndarray) -> None:
        fields = image_fields(mask)
        self.publishers["mask"].publish(make("sensor_msgs/msg/Image", header=self.header(stamp), **fields))

    def result(self, stamp: int, outcome: int, reason: str = "") -> None:
        fields = {"expression": "the red mug", "outcome": outcome, "reason": reason}
        message = make("ssp_sam_msgs/msg/ReferringResult", header=self.header(stamp), **fields)
        self.publishers["result"].publish(message)


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Other]:
    """The other end of a running consumer, on a domain of their own."""
    domain = 100 + (os.getpid() + 25) % 100
    environment = {
        **os.environ,
        "ROS_DOMAIN_ID": str(domain),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
    }
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    log = tmp_path / "log"
    with log.open("w") as output:
        consumer = subprocess.Popen(
            [sys.executable, str(SCRIPT)], env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    context = Context()
    rclpy.init(context=context, domain_id=domain)
    try:
        yield Other(context, log)
    finally:
        rclpy.shutdown(context=context)
        consumer.terminate()
        assert consumer.wait(20) == 0, log.read_text()
    assert "Traceback" not in log.read_text()


def scene() -> tuple[np.ndarray, np.ndarray]:
    """Mask and depth (millimetres) of a bar of 10 x 4 cm, 0.5 m away, upright in the picture."""
    mask = np.zeros((240, 320), np.uint8)
    mask[80:160, 144:176] = 255
    depth = np.full(mask.shape, 600, np.uint16)
    depth[mask > 0] = 500
    return mask, depth


def test_a_grasp_comes_for_a_mask_with_depth_of_the_same_stamp_only(other: Other) -> None:
    mask, depth = scene()
    start = time.time_ns()
    stamps = [start + number * 33_000_000 for number in range(5)]
    for stamp in stamps:
        other.camera(stamp, depth)
    other.mask(stamps[0] + 1, mask)  # off by a nanosecond
    other.mask(stamps[3], mask)  # late, as masks are: newer depth has come meanwhile
    other.wait(lambda: other.grasps)
    (grasp,) = other.grasps
    assert grasp.header == other.header(stamps[3])
    assert grasp.pose.position.z == pytest.approx(0.5)
    assert (grasp.pose.position.x, grasp.pose.position.y) == pytest.approx((0.0, 0.0), abs=0.001)
    turned = 2 * math.atan2(grasp.pose.orientation.z, grasp.pose.orientation.w)
    assert abs(turned) == pytest.approx(math.pi / 2, abs=0.01)
    other.says("no grasp: no depth has the stamp of the mask, the closest is 1e-06 ms away")


def test_outcomes_without_a_target_are_named_and_bring_no_grasp(other: Other) -> None:
    mask, depth = scene()
    stamp = time.time_ns()
    other.camera(stamp, depth)
    other.result(stamp, NO_TARGET)
    other.mask(stamp, np.zeros_like(mask))
    other.says("no grasp: NO_TARGET for 'the red mug'")
    other.result(stamp, FAILED, "unknown word 'mugg'")
    other.says("no grasp: FAILED for 'the red mug': unknown word 'mugg'")
    other.result(stamp, STALE, "no picture for 2.1 s")
    other.says("no grasp: STALE for 'the red mug': no picture for 2.1 s")
    later = stamp + 10**9
    other.camera(later, depth)
    other.mask(later, mask)
    other.wait(lambda: other.grasps)
    assert [grasp.header for grasp in other.grasps] == [other.header(later)]


def test_what_cannot_be_held_or_seen_is_named(other: Other) -> None:
    mask, depth = scene()
    stamp = time.time_ns()
    other.camera(stamp, np.zeros_like(depth))
    other.mask(stamp, mask)
    other.says("no grasp: only 0 of the mask's pixels have depth")
    other.camera(stamp + 1, depth * 10)
    other.mask(stamp + 1, mask)
    other.says("m wide, the gripper opens 0.080 m")
    other.camera(stamp + 2, depth[:100].copy())
    other.mask(stamp + 2, mask)
    other.says("no grasp: unusable input: the depth picture is 320 x 100")
    assert other.grasps == []


def test_a_recording_that_begins_anew_is_followed(other: Other) -> None:
    mask, depth = scene()
    start = time.time_ns()
    for number in range(70):  # more than wait for their masks
        other.camera(start + number * 33_000_000, depth)
        other.executor.spin_once(0.005)
    other.mask(start + 69 * 33_000_000, mask)
    other.wait(lambda: len(other.grasps) == 1)
    stamps = iter(range(start, start + 2 * 10**9, 33_000_000))

    def next_moment_is_grasped() -> bool:
        stamp = next(stamps)
        other.camera(stamp, depth)
        other.executor.spin_once(0.2)
        other.mask(stamp, mask)
        return len(other.grasps) > 1

    other.wait(next_moment_is_grasped)
    first, second = (grasp.header.stamp for grasp in other.grasps[:2])
    assert (second.sec, second.nanosec) < (first.sec, first.nanosec)
