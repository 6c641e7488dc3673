"""Launched nodes whose inputs are special: JPEGs on a simulated clock, a QoS that no camera has, bad weights.

For launch_testing; `test_launch.py` runs it.
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
from launch import LaunchDescription
from launch.actions import SetEnvironmentVariable
from launched import FOUND, IOU, Scenario, perception
from rclpy.qos import qos_profile_sensor_data

from ssp_sam_ros.interface.image_codec import compressed_fields
from ssp_sam_ros.ros.messages import make

STRICT = """/**:
  ros__parameters:
    model: ssp_sam_tiny
    weights: random
    qos_overrides:
      /strict/image:
        subscription:
          reliability: reliable
"""


def generate_test_description() -> tuple[LaunchDescription, dict[str, Any]]:
    parameters = Path(tempfile.mkdtemp()) / "strict.yaml"
    parameters.write_text(STRICT)
    actions = [
        SetEnvironmentVariable("OMP_NUM_THREADS", "2"),
        perception(device="cpu", image="/head/image_raw", image_transport="compressed", use_sim_time="true"),
        perception(device="cpu", namespace="strict", image="image", params_file=str(parameters)),
        perception(device="cpu", namespace="bad", weights="/nowhere/a.safetensors"),
        launch_testing.actions.ReadyToTest(),
    ]
    return LaunchDescription(actions), {}


class TestRecording(Scenario):
    """A recording of JPEGs that starts over."""

    listens = ("result", "diagnostics")

    def play(self, seconds: float, frame: int) -> None:
        """The clock, and a frame at that time."""
        header = self.header(seconds)
        self.publish("/clock", make("rosgraph_msgs/msg/Clock", clock=header.stamp))
        deadline = time.monotonic() + 0.1
        self.wait(lambda: time.monotonic() > deadline, "the clock")
        message = make(
            "sensor_msgs/msg/CompressedImage", header=header, **compressed_fields(self.clip.image(frame))
        )
        self.publish("/head/image_raw/compressed", message)

    def test_jpegs_and_a_clock_that_jumps_back(self) -> None:
        sentence = next(s for s in self.clip.sentences if s.targets)
        self.publish("/clock", make("rosgraph_msgs/msg/Clock", clock=self.header(50.0).stamp))
        moment = [50.0]

        def show(frame: int) -> None:
            moment[0] += 0.3
            self.play(moment[0], frame)

        late = self.ask(sentence.text, 7, show)
        self.assertEqual(late.outcome, FOUND)
        self.assertGreater(self.overlap(late, sentence, 7), IOU)
        moment[0] = 5.0
        self.wait(lambda: self.ask(sentence.text, 7, show).header.stamp.sec < 50, "an answer on the new time")

    def test_a_qos_that_does_not_match_is_named(self) -> None:
        image = type(make("sensor_msgs/msg/Image"))
        camera = self.node.create_publisher(image, "/strict/image", qos_profile_sensor_data)
        text = "the publisher is best effort, the subscription wants reliable"
        kept = self.received["diagnostics"]
        self.wait(lambda: any(text in s.message for m in kept for s in m.status), text)
        self.node.destroy_publisher(camera)

    def test_bad_weights_end_the_node_with_one_line(self, proc_output: Any) -> None:
        proc_output.assertWaitFor("not configured: ", timeout=120)
        lines = [line.text.decode() for line in proc_output if b"not configured" in line.text]
        self.assertIn("/nowhere/a.safetensors", "".join(lines))


@launch_testing.post_shutdown_test()
class TestEnd(unittest.TestCase):
    """After SIGINT."""

    def test_only_bad_weights_are_an_error(self, proc_info: Any, proc_output: Any) -> None:
        codes = sorted(info.returncode for info in proc_info)
        self.assertEqual(codes, [0, 0, 1])
        text = "".join(line.text.decode() for line in proc_output)
        self.assertNotIn("Traceback", text)
