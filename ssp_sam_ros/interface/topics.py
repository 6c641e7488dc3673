"""The one table of topics and services: name, type, direction and QoS.

Every name is relative or private (`~/`), so that remapping and namespaces work. With several cameras the
entries marked `per_camera` exist once for each: `image` becomes `left/image`, `~/mask` becomes `~/left/mask`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ssp_sam_ros.interface.qos import COMMAND_INPUT, PICTURE_OUTPUT, RECORD_OUTPUT, SENSOR_INPUT, QoS

NODE_NAME = "ssp_sam"


class Direction(Enum):
    """Seen from the node."""

    INPUT = "in"
    OUTPUT = "out"


@dataclass(frozen=True)
class Topic:
    """One topic of the node.

    `default_remap` is what launch files and `ssp-sam node` remap the name to unless told otherwise.
    """

    key: str
    name: str
    type: str
    direction: Direction
    qos: QoS
    description: str
    per_camera: bool = False
    default_remap: str | None = None

    def name_for(self, camera: str) -> str:
        """The topic's name for one camera; the unnamed single camera is ""."""
        if not camera or not self.per_camera:
            return self.name
        if self.name.startswith("~/"):
            return f"~/{camera}/{self.name[2:]}"
        return f"{camera}/{self.name}"


@dataclass(frozen=True)
class Service:
    """One service of the node (with ROS only: services differ per middleware on the wire)."""

    key: str
    name: str
    type: str
    description: str


def _camera_input(key: str, name: str, type_name: str, remap: str, description: str) -> Topic:
    return Topic(key, name, type_name, Direction.INPUT, SENSOR_INPUT, description, True, remap)


def _command_input(key: str, name: str, type_name: str, description: str) -> Topic:
    return Topic(key, name, type_name, Direction.INPUT, COMMAND_INPUT, description)


def _output(key: str, type_name: str, qos: QoS, description: str) -> Topic:
    return Topic(key, f"~/{key}", type_name, Direction.OUTPUT, qos, description, per_camera=True)


_TABLE = (
    _camera_input("image", "image", "sensor_msgs/msg/Image", "/camera/image_raw", "the picture"),
    _camera_input(
        "compressed_image",
        "image/compressed",
        "sensor_msgs/msg/CompressedImage",
        "/camera/image_raw/compressed",
        "the picture, with parameter image_transport: compressed",
    ),
    _camera_input(
        "depth_image",
        "depth/image",
        "sensor_msgs/msg/Image",
        "/camera/depth/image_raw",
        "depth aligned with the picture (REP-118: 16UC1 in mm or 32FC1 in m), optional",
    ),
    _camera_input(
        "camera_info",
        "camera_info",
        "sensor_msgs/msg/CameraInfo",
        "/camera/camera_info",
        "calibration of the aligned depth, optional",
    ),
    _command_input(
        "referring_expression",
        "referring_expression",
        "std_msgs/msg/String",
        "what to look for; an empty text clears it",
    ),
    _command_input(
        "expressions",
        "~/expressions",
        "ssp_sam_msgs/msg/ReferringExpressionArray",
        "several expressions at once; an empty array clears them",
    ),
    _output(
        "mask", "sensor_msgs/msg/Image", PICTURE_OUTPUT, "mono8, 0 or 255, the picture's size and header"
    ),
    _output("bounding_box", "vision_msgs/msg/Detection2D", RECORD_OUTPUT, "tight box of the mask"),
    _output(
        "no_target", "std_msgs/msg/Bool", RECORD_OUTPUT, "true: what was asked for is not in the picture"
    ),
    _output(
        "result",
        "ssp_sam_msgs/msg/ReferringResult",
        # Depth: one message per expression of a picture goes out back to back (at most `max_expressions`).
        QoS("reliable", depth=32),
        "everything known about one expression on one picture, also FAILED and STALE",
    ),
    _output(
        "results", "ssp_sam_msgs/msg/ReferringResultArray", PICTURE_OUTPUT, "all expressions of one picture"
    ),
    _output(
        "label_image",
        "sensor_msgs/msg/Image",
        PICTURE_OUTPUT,
        "16UC1: 0, then one number per connected part of the mask; made only while subscribed",
    ),
    _output("overlay", "sensor_msgs/msg/Image", PICTURE_OUTPUT, "rgb8 drawing; made only while subscribed"),
    _output(
        "target_points",
        "sensor_msgs/msg/PointCloud2",
        PICTURE_OUTPUT,
        "the mask's points in metres, when depth is given; made only while subscribed",
    ),
    Topic(
        "diagnostics",
        "/diagnostics",
        "diagnostic_msgs/msg/DiagnosticArray",
        Direction.OUTPUT,
        RECORD_OUTPUT,
        "REP-107 `ssp_sam: input` and `ssp_sam: inference`, 1 Hz",
    ),
)

TOPICS: dict[str, Topic] = {topic.key: topic for topic in _TABLE}

SERVICES: dict[str, Service] = {
    service.key: service
    for service in (
        Service(
            "segment", "~/segment", "ssp_sam_msgs/srv/Segment", "expressions (+ picture) in, results out"
        ),
        Service("enable", "~/enable", "std_srvs/srv/SetBool", "switch inference on and off"),
    )
}
