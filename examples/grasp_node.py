#!/usr/bin/env python3
"""A consumer of the perception node: mask, depth and calibration of one moment become a grasp.

    ros2 launch examples/grasp.launch.py depth_image:=/camera/depth/image_raw camera_info:=/camera/camera_info
    ros2 topic echo /grasp_consumer/grasp

Mask and depth are paired by equal stamps, without any tolerance: a mask has the stamp of its picture, and a
camera stamps the depth aligned with a picture as the picture itself. Nothing goes out, and the log says why,
when there is no target, no answer, no depth of that very moment, or nothing that the gripper can hold.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import rclpy
from geometry_msgs.msg import Point, Pose, PoseStamped, Quaternion
from grasp_pose import Grasp, NoGrasp, grasp_pose
from message_filters import Subscriber, TimeSynchronizer
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image
from ssp_sam_msgs.msg import ReferringResult

from ssp_sam_ros.interface.image_codec import decode_array, decode_depth
from ssp_sam_ros.ros.spinning import spin
from ssp_sam_ros.session.points import Pinhole

# Depth waits here for its mask, which comes as much later as the network takes: at 30 Hz two seconds.
_WAITING = 60
_OUTCOMES = {
    ReferringResult.NO_TARGET: "NO_TARGET",
    ReferringResult.FAILED: "FAILED",
    ReferringResult.STALE: "STALE",
}


class GraspConsumer(Node):
    """Topics: `mask`, `result`, `depth/image`, `camera_info` in; `~/grasp` out."""

    def __init__(self) -> None:
        super().__init__("grasp_consumer")
        self.declare_parameter("max_width", 0.08)  # metres that the gripper opens
        self._said: dict[str, str] = {}
        self._waiting: int | None = None  # stamp of the last mask, until its depth is found
        self._depths: deque[int] = deque(maxlen=_WAITING)
        self._grasps = self.create_publisher(PoseStamped, "~/grasp", 10)
        reliable = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
        sensor = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
        self.create_subscription(ReferringResult, "result", self._on_result, reliable)
        mask = Subscriber(self, Image, "mask", qos_profile=reliable)
        depth = Subscriber(self, Image, "depth/image", qos_profile=sensor)
        info = Subscriber(self, CameraInfo, "camera_info", qos_profile=sensor)
        # Callbacks run in this order: these two see a message before the synchroniser does.
        depth.registerCallback(self._on_depth)
        mask.registerCallback(self._on_mask)
        self._synchroniser = TimeSynchronizer([mask, depth, info], _WAITING)
        self._synchroniser.registerCallback(self._on_moment)

    def _on_result(self, result: ReferringResult) -> None:
        """Say why there will be no grasp."""
        outcome = _OUTCOMES.get(result.outcome)
        reason = f": {result.reason}" if result.reason else ""
        self._say("result", outcome and f"{outcome} for {result.expression!r}{reason}")

    def _on_depth(self, depth: Image) -> None:
        stamp = _nanoseconds(depth)
        if self._depths and stamp < self._depths[-1]:
            # A recording began anew. The synchroniser drops what is oldest by stamp: that would be all of it.
            for queue in self._synchroniser.queues:
                queue.clear()
            self._depths.clear()
        self._depths.append(stamp)

    def _on_mask(self, mask: Image) -> None:
        if self._waiting is not None:
            self._say("depth", self._why_no_depth(self._waiting))
        self._waiting = _nanoseconds(mask)

    def _why_no_depth(self, stamp: int) -> str:
        if not self._depths:
            return "masks come, but no depth/image"
        offset = min(abs(depth - stamp) for depth in self._depths) / 1e6
        if offset:
            return f"no depth has the stamp of the mask, the closest is {offset:g} ms away"
        return "camera_info with the stamp of the mask and its depth is missing"

    def _on_moment(self, mask: Image, depth: Image, info: CameraInfo) -> None:
        """Mask, depth and calibration of one picture."""
        self._waiting = None
        self._say("depth", None)
        inside = decode_array(mask)
        if not inside.any():
            return  # its result has said that there is no target
        try:
            grasp = grasp_pose(
                inside,
                decode_depth(depth),
                Pinhole.from_camera_info(info),
                self.get_parameter("max_width").value,
            )
        except NoGrasp as error:
            self._say("grasp", str(error))
        except ValueError as error:
            self._say("grasp", f"unusable input: {error}")
        else:
            self._say("grasp", None)
            self._publish(mask, grasp)

    def _publish(self, mask: Image, grasp: Grasp) -> None:
        x, y, z = grasp.position
        qx, qy, qz, qw = grasp.quaternion
        pose = Pose(position=Point(x=x, y=y, z=z), orientation=Quaternion(x=qx, y=qy, z=qz, w=qw))
        self._grasps.publish(PoseStamped(header=mask.header, pose=pose))

    def _say(self, subject: str, why: str | None) -> None:
        """Log once what keeps a grasp from being published; None: nothing does any more."""
        if why is None:
            self._said.pop(subject, None)
        elif self._said.get(subject) != why:
            self._said[subject] = why
            self.get_logger().warning(f"no grasp: {why}")


def _nanoseconds(message: Any) -> int:
    stamp = message.header.stamp
    return stamp.sec * 10**9 + stamp.nanosec


def main() -> None:
    """Spin until a signal comes."""
    rclpy.init()
    node = GraspConsumer()
    try:
        spin(node)
    except Exception:
        # A signal ends ROS at once, also under a callback that is about to publish; that alone is no failure.
        if rclpy.ok():
            raise
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
