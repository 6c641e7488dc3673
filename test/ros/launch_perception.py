"""The whole node as `ros2 launch` starts it, with the small model on the recorded clip.

For launch_testing; `test_launch.py` runs it.
"""

from __future__ import annotations

import time
import unittest
from typing import Any

import launch_testing
import launch_testing.actions
import launch_testing.asserts
import numpy as np
from launch import LaunchDescription
from launch.actions import SetEnvironmentVariable
from launched import FOUND, IOU, NO_TARGET, SEGMENT, STALE, Scenario, perception
from rcl_interfaces.srv import DescribeParameters, SetParameters
from rclpy.parameter import Parameter

from ssp_sam_ros.interface.image_codec import decode_array, image_fields
from ssp_sam_ros.ros.messages import make

ACTIVATE, DEACTIVATE = 3, 4


def generate_test_description() -> tuple[LaunchDescription, dict[str, Any]]:
    node = perception(
        device="cpu",
        image="/head/image_raw",
        depth_image="/head/depth/image_raw",
        camera_info="/head/camera_info",
    )
    threads = SetEnvironmentVariable("OMP_NUM_THREADS", "2")
    return LaunchDescription([threads, node, launch_testing.actions.ReadyToTest()]), {}


class TestNode(Scenario):
    """Everything that one node with its default parameters can show."""

    listens = ("result", "mask", "no_target", "target_points")

    def test_masks_lie_on_the_targets(self) -> None:
        overlaps = {}
        for sentence in self.clip.sentences[:3]:
            result = self.ask(sentence.text, frame=7)
            overlaps[sentence.text] = self.overlap(result, sentence, 7)
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
        self.assertEqual(result.outcome, NO_TARGET)
        self.assertFalse(decode_array(result.mask).any())
        self.assertEqual(result.depth_pixels, 0)
        self.wait(lambda: any(m.data for m in self.received["no_target"]), "no_target")

    def segment(self, *texts: str, image: Any) -> Any:
        return self.call(SEGMENT, "/ssp_sam/segment", expressions=list(texts), image=image)

    def test_segment_takes_a_picture_along(self) -> None:
        texts = [sentence.text for sentence in self.clip.sentences]
        answer = self.segment(*texts, image=self.image(7))
        self.assertTrue(answer.success, answer.message)
        self.assertEqual([r.expression for r in answer.results], texts)
        overlaps = [self.overlap(r, s, 7) for r, s in zip(answer.results, self.clip.sentences, strict=True)]
        self.assertGreater(np.mean(overlaps), IOU, overlaps)

    def test_every_encoding_of_a_picture_gives_its_mask(self) -> None:
        text, rgb = self.clip.sentences[0].text, self.clip.image(7)
        expected = decode_array(self.segment(text, image=self.image(7)).results[0].mask)
        self.assertTrue(expected.any())
        alpha = np.full((*rgb.shape[:2], 1), 255, np.uint8)
        padding = np.zeros((rgb.shape[0], 5), np.uint8)
        rows = rgb.reshape(rgb.shape[0], -1)
        pictures = {
            "bgr8": rgb[..., ::-1].reshape(rows.shape),
            "rgba8": np.concatenate([rgb, alpha], axis=2).reshape(rgb.shape[0], -1),
            "bgra8": np.concatenate([rgb[..., ::-1], alpha], axis=2).reshape(rgb.shape[0], -1),
            "rgb8": np.concatenate([rows, padding], axis=1),
        }
        for encoding, data in pictures.items():
            image = self.image(7)
            changed = make(
                "sensor_msgs/msg/Image",
                header=image.header,
                height=rgb.shape[0],
                width=rgb.shape[1],
                encoding=encoding,
                step=data.shape[1],
                data=data.reshape(-1),
            )
            mask = decode_array(self.segment(text, image=changed).results[0].mask)
            np.testing.assert_array_equal(mask, expected, encoding)
        unreadable = self.image(7)
        unreadable.encoding = "nv12"
        answer = self.segment(text, image=unreadable)
        self.assertFalse(answer.success)
        self.assertIn("'nv12' is not supported", answer.message)

    def test_compressed_pictures_have_a_topic_only_when_asked_for(self) -> None:
        self.assertEqual(self.node.count_subscribers("/head/image_raw/compressed"), 0)

    def test_depth_says_where_the_target_is(self) -> None:
        width, height = self.clip.size
        k = [600.0, 0.0, width / 2, 0.0, 600.0, height / 2, 0.0, 0.0, 1.0]
        depth = image_fields(np.full((height, width), 1250, np.uint16))
        text = next(s.text for s in self.clip.sentences if s.targets)

        def show(frame: int) -> None:
            image = self.image(frame)
            info = make("sensor_msgs/msg/CameraInfo", header=image.header, k=k)
            self.publish("/head/camera_info", info)
            message = make("sensor_msgs/msg/Image", header=image.header, **depth)
            self.publish("/head/depth/image_raw", message)
            self.publish("/head/image_raw", image)

        self.wait(lambda: self.ask(text, 7, show).depth_pixels > 0, "a position")
        result = next(r for r in self.answers(text) if r.depth_pixels)
        rows, columns = np.nonzero(decode_array(result.mask))
        self.assertEqual(result.depth_pixels, len(rows))
        self.assertAlmostEqual(result.centroid.x, (columns.mean() - width / 2) / 600 * 1.25, places=4)
        self.assertAlmostEqual(result.centroid.z, 1.25, places=4)
        clouds = self.received["target_points"]
        self.wait(lambda: any(c.header == result.header for c in clouds), "the points of that picture")
        cloud = next(c for c in clouds if c.header == result.header)
        self.assertEqual(cloud.width, result.depth_pixels)

    def test_a_late_joiner_gets_the_next_answer(self) -> None:
        text = self.clip.sentences[0].text
        self.ask(text, frame=7)
        overlays = self.listen("overlay")
        deadline = time.monotonic()

        def joined() -> bool:
            nonlocal deadline
            if time.monotonic() >= deadline:
                deadline = time.monotonic() + 0.3
                self.show(7)
            return bool(overlays)

        self.wait(joined, "an overlay")
        self.assertEqual((overlays[0].width, overlays[0].height), self.clip.size)

    def test_a_camera_that_stops_makes_the_expression_stale(self) -> None:
        self.ask(self.clip.sentences[0].text, frame=7)
        results = self.received["result"]
        self.wait(lambda: results[-1].outcome == STALE, "STALE")
        self.assertIn("max_image_age is 0.5 s", results[-1].reason)
        self.assertEqual(results[-1].mask.height, 0)

    def change_state(self, transition: int) -> bool:
        change = make("lifecycle_msgs/msg/Transition", id=transition)
        answer = self.call("lifecycle_msgs/srv/ChangeState", "/ssp_sam/change_state", transition=change)
        return bool(answer.success)

    def test_transitions(self) -> None:
        text = self.clip.sentences[0].text
        self.assertTrue(self.change_state(DEACTIVATE))
        answer = self.segment(text, image=self.image(7))
        self.assertEqual((answer.success, answer.message), (False, "the node is inactive"))
        self.assertTrue(self.change_state(ACTIVATE))
        self.assertTrue(self.segment(text, image=self.image(7)).success)

    def set_parameter(self, name: str, value: Any) -> Any:
        parameter = Parameter(name, value=value).to_parameter_msg()
        client = self.node.create_client(SetParameters, "/ssp_sam/set_parameters")
        self.wait(client.service_is_ready, "the parameters")
        future = client.call_async(SetParameters.Request(parameters=[parameter]))
        self.wait(future.done, "the answer")
        return future.result().results[0]

    def test_parameters_change_while_running(self) -> None:
        text = self.clip.sentences[0].text
        self.assertEqual(self.segment(text, image=self.image(7)).results[0].outcome, FOUND)
        refused = self.set_parameter("no_target_threshold", 1.4)
        self.assertFalse(refused.successful)
        self.assertFalse(self.set_parameter("model", "ssp_sam_224").successful)
        self.assertTrue(self.set_parameter("no_target_threshold", 0.0).successful)
        self.wait(
            lambda: self.segment(text, image=self.image(7)).results[0].outcome == NO_TARGET,
            "the new threshold",
        )
        self.assertTrue(self.set_parameter("no_target_threshold", 0.5).successful)
        self.wait(
            lambda: self.segment(text, image=self.image(7)).results[0].outcome == FOUND, "the old threshold"
        )

    def test_parameters_are_described(self) -> None:
        client = self.node.create_client(DescribeParameters, "/ssp_sam/describe_parameters")
        self.wait(client.service_is_ready, "the parameters")
        future = client.call_async(DescribeParameters.Request(names=["no_target_threshold", "batch_cameras"]))
        self.wait(future.done, "the answer")
        threshold, batch = future.result().descriptors
        limits = threshold.floating_point_range[0]
        self.assertEqual((limits.from_value, limits.to_value), (0.0, 1.0))
        self.assertEqual(batch.additional_constraints, "one of auto, always, never")


@launch_testing.post_shutdown_test()
class TestEnd(unittest.TestCase):
    """After SIGINT."""

    def test_the_node_ends_quietly(self, proc_info: Any, proc_output: Any) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
        text = "".join(line.text.decode() for line in proc_output)
        self.assertNotIn("Traceback", text)
