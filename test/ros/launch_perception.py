"""The whole node as `ros2 launch` starts it, with the small model on the recorded clip.

For launch_testing; `test_launch.py` runs it.
"""

from __future__ import annotations

import time
import unittest
from pathlib import Path
from typing import Any

import launch_testing
import launch_testing.actions
import launch_testing.asserts
import numpy as np
import rclpy
from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription, SetEnvironmentVariable
from launch.launch_description_sources import PythonLaunchDescriptionSource

from ssp_sam_ros.interface import TOPICS
from ssp_sam_ros.interface.image_codec import decode_array, image_fields
from ssp_sam_ros.ros.messages import make, message_class
from ssp_sam_ros.ros.qos import ros_profile
from ssp_sam_ros.sim.clip import ClipSentence, load_clip

PATIENCE = 90.0
IOU = 0.5  # that a mask must reach on the clip, where the model is at home


def generate_test_description() -> tuple[LaunchDescription, dict[str, Any]]:
    share = Path(get_package_share_directory("ssp_sam_ros"))
    launch_file = PythonLaunchDescriptionSource(str(share / "launch" / "perception.launch.py"))
    arguments = {"device": "cpu", "image": "/head/image_raw"}.items()
    actions = [
        SetEnvironmentVariable("OMP_NUM_THREADS", "2"),
        IncludeLaunchDescription(launch_file, launch_arguments=arguments),
        launch_testing.actions.ReadyToTest(),
    ]
    return LaunchDescription(actions), {}


class TestNode(unittest.TestCase):
    """A camera and an operator for the launched node."""

    @classmethod
    def setUpClass(cls) -> None:
        rclpy.init()
        cls.clip = load_clip()
        cls.node = rclpy.create_node("tester")
        cls.received: dict[str, list[Any]] = {}
        for key in ("result", "mask", "no_target"):
            topic, kept = TOPICS[key], cls.received.setdefault(key, [])
            cls.node.create_subscription(
                message_class(topic.type), f"/ssp_sam/{key}", kept.append, ros_profile(topic.qos)
            )
        cls.camera = cls.node.create_publisher(message_class("sensor_msgs/msg/Image"), "/head/image_raw", 1)
        cls.operator = cls.node.create_publisher(
            message_class("std_msgs/msg/String"), "/referring_expression", 10
        )

    @classmethod
    def tearDownClass(cls) -> None:
        cls.node.destroy_node()
        rclpy.shutdown()

    def wait(self, condition: Any, what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            rclpy.spin_once(self.node, timeout_sec=0.02)

    def header(self) -> Any:
        stamp = self.node.get_clock().now().to_msg()
        return make("std_msgs/msg/Header", stamp=stamp, frame_id="head_camera_optical_frame")

    def ask(self, text: str, frame: int) -> Any:
        """Ask about a frame until the answer comes."""
        self.wait(
            lambda: self.operator.get_subscription_count() and self.camera.get_subscription_count(), "it"
        )
        self.wait(lambda: self.node.count_publishers("/ssp_sam/result"), "the node")
        self.operator.publish(make("std_msgs/msg/String", data=text))
        fields = image_fields(self.clip.image(frame))
        results, last = self.received["result"], [0.0]

        def answered() -> bool:
            if time.monotonic() - last[0] > 0.3:
                last[0] = time.monotonic()
                self.camera.publish(make("sensor_msgs/msg/Image", header=self.header(), **fields))
            return any(r.expression == text and r.outcome in (1, 2) for r in results)

        self.wait(answered, f"an answer to {text!r}")
        return next(r for r in results if r.expression == text and r.outcome in (1, 2))

    def iou(self, result: Any, sentence: ClipSentence, frame: int) -> float:
        inside, truth = decode_array(result.mask) > 0, self.clip.truth(frame, sentence)
        union = np.count_nonzero(inside | truth)
        return np.count_nonzero(inside & truth) / union if union else 1.0

    def test_masks_lie_on_the_targets(self) -> None:
        overlaps = {}
        for sentence in self.clip.sentences[:3]:
            result = self.ask(sentence.text, frame=7)
            overlaps[sentence.text] = self.iou(result, sentence, 7)
            self.assertEqual(result.header.frame_id, "head_camera_optical_frame")
            self.assertEqual((result.mask.width, result.mask.height), self.clip.size)
        self.assertGreater(np.mean(list(overlaps.values())), IOU, overlaps)

    def test_mask_and_result_share_the_pictures_header(self) -> None:
        result = self.ask(self.clip.sentences[0].text, frame=3)
        self.wait(
            lambda: any(m.header == result.header for m in self.received["mask"]), "the mask of that picture"
        )

    def test_what_is_not_there_is_said(self) -> None:
        absent = next(s for s in self.clip.sentences if not s.targets)
        result = self.ask(absent.text, frame=7)
        self.assertEqual(result.outcome, 2)
        self.assertFalse(decode_array(result.mask).any())
        self.wait(lambda: any(m.data for m in self.received["no_target"]), "no_target")

    def test_segment_takes_a_picture_along(self) -> None:
        service = message_class("ssp_sam_msgs/srv/Segment")
        client = self.node.create_client(service, "/ssp_sam/segment")
        self.wait(client.service_is_ready, "the service")
        image = make("sensor_msgs/msg/Image", header=self.header(), **image_fields(self.clip.image(7)))
        texts = [sentence.text for sentence in self.clip.sentences]
        future = client.call_async(service.Request(expressions=texts, image=image))
        self.wait(future.done, "the answers")
        answer = future.result()
        self.assertTrue(answer.success, answer.message)
        self.assertEqual([r.expression for r in answer.results], texts)
        overlaps = [self.iou(r, s, 7) for r, s in zip(answer.results, self.clip.sentences, strict=True)]
        self.assertGreater(np.mean(overlaps), IOU, overlaps)

    def test_compressed_pictures_have_a_topic_only_when_asked_for(self) -> None:
        self.assertEqual(self.node.count_subscribers("/head/image_raw/compressed"), 0)


@launch_testing.post_shutdown_test()
class TestEnd(unittest.TestCase):
    """After SIGINT."""

    def test_the_node_ends_quietly(self, proc_info: Any, proc_output: Any) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
        text = "".join(line.text.decode() for line in proc_output)
        self.assertNotIn("Traceback", text)
