"""`examples/grasp.launch.py`: pictures with depth and a sentence in, the pose of a grasp out.

For launch_testing; `test_grasp_launch.py` runs it.
"""

from __future__ import annotations

import tempfile
import time
import unittest
from pathlib import Path
from typing import Any

import launch_testing
import launch_testing.actions
import launch_testing.asserts
import numpy as np
import rclpy
from geometry_msgs.msg import PoseStamped
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription, SetEnvironmentVariable
from launch.launch_description_sources import PythonLaunchDescriptionSource

from ssp_sam_ros.interface.image_codec import image_fields
from ssp_sam_ros.ros.messages import make
from ssp_sam_ros.sim.clip import load_clip

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PATIENCE = 120.0
FRAME = 7
DISTANCE = 0.7
FOCAL_LENGTH = 600.0
# What is asked for is wider than the consumer's default.
PARAMETERS = """
/**/grasp_consumer:
  ros__parameters:
    max_width: 0.5
"""
KINDS = {
    "/camera/image_raw": "sensor_msgs/msg/Image",
    "/camera/depth/image_raw": "sensor_msgs/msg/Image",
    "/camera/camera_info": "sensor_msgs/msg/CameraInfo",
    "/referring_expression": "std_msgs/msg/String",
}


def generate_test_description() -> tuple[LaunchDescription, dict[str, Any]]:
    launch_file = PythonLaunchDescriptionSource(str(EXAMPLES / "grasp.launch.py"))
    parameters = Path(tempfile.mkdtemp()) / "parameters.yaml"
    parameters.write_text(PARAMETERS)
    arguments = {"device": "cpu", "namespace": "robot", "params_file": str(parameters)}.items()
    actions = [
        SetEnvironmentVariable("OMP_NUM_THREADS", "2"),
        IncludeLaunchDescription(launch_file, launch_arguments=arguments),
        launch_testing.actions.ReadyToTest(),
    ]
    return LaunchDescription(actions), {}


class TestGrasp(unittest.TestCase):
    """A camera that sees the recorded clip on a wall, and an operator."""

    @classmethod
    def setUpClass(cls) -> None:
        rclpy.init()
        cls.clip = load_clip()
        cls.node = rclpy.create_node("tester")
        cls.grasps: list[PoseStamped] = []
        cls.node.create_subscription(PoseStamped, "/robot/grasp_consumer/grasp", cls.grasps.append, 10)
        cls.publishers = {
            topic: cls.node.create_publisher(
                type(make(kind)), topic.replace("/referring", "/robot/referring"), 10
            )
            for topic, kind in KINDS.items()
        }

    @classmethod
    def tearDownClass(cls) -> None:
        cls.node.destroy_node()
        rclpy.shutdown()

    def show(self) -> None:
        """One picture with depth and calibration of its stamp."""
        picture = self.clip.image(FRAME)
        height, width = picture.shape[:2]
        stamp = self.node.get_clock().now().to_msg()
        header = make("std_msgs/msg/Header", stamp=stamp, frame_id="head_camera_optical_frame")
        k = [FOCAL_LENGTH, 0.0, width / 2, 0.0, FOCAL_LENGTH, height / 2, 0.0, 0.0, 1.0]
        depth = np.full((height, width), DISTANCE, np.float32)
        for topic, fields in {
            "/camera/camera_info": {"k": k, "width": width, "height": height},
            "/camera/depth/image_raw": image_fields(depth),
            "/camera/image_raw": image_fields(picture),
        }.items():
            self.publishers[topic].publish(make(KINDS[topic], header=header, **fields))

    def test_the_grasp_lies_on_what_was_asked_for(self) -> None:
        sentence = next(s for s in self.clip.sentences if s.targets)
        operator = self.publishers["/referring_expression"]
        deadline = time.monotonic() + PATIENCE
        asked = False
        while not self.grasps:
            self.assertLess(time.monotonic(), deadline, "no grasp has come")
            if not asked and operator.get_subscription_count():
                operator.publish(make(KINDS["/referring_expression"], data=sentence.text))
                asked = True
            self.show()
            shown = time.monotonic()
            while time.monotonic() < shown + 0.3:
                rclpy.spin_once(self.node, timeout_sec=0.02)
        grasp = self.grasps[0]
        self.assertEqual(grasp.header.frame_id, "head_camera_optical_frame")
        self.assertAlmostEqual(grasp.pose.position.z, DISTANCE, places=3)
        truth = self.clip.truth(FRAME, sentence)
        rows, columns = np.nonzero(truth)
        height, width = truth.shape
        expected = (columns.mean() - width / 2, rows.mean() - height / 2)
        found = np.array([grasp.pose.position.x, grasp.pose.position.y]) * FOCAL_LENGTH / DISTANCE
        self.assertLess(np.abs(found - expected).max(), 10.0)  # pixels


@launch_testing.post_shutdown_test()
class TestEnd(unittest.TestCase):
    """After SIGINT."""

    def test_node_and_consumer_end_quietly(self, proc_info: Any, proc_output: Any) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
        self.assertNotIn("Traceback", "".join(line.text.decode() for line in proc_output))
