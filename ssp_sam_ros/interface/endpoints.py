"""The table applied to one node: which topics it has under which names, with which QoS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ssp_sam_ros.interface.names import Remap
from ssp_sam_ros.interface.parameters import Parameters
from ssp_sam_ros.interface.qos import QoS
from ssp_sam_ros.interface.qos_overrides import check_topics, overridden
from ssp_sam_ros.interface.topics import TOPICS, Topic

PICTURE_TOPICS = {"raw": "image", "compressed": "compressed_image"}
"""Key of the picture topic by parameter `image_transport`."""


class Resolver(Protocol):
    """Whatever knows a node's namespace and remapping rules: `NodeNames`, or a node of rclpy."""

    def resolve(self, name: str) -> str:
        """The absolute topic name after remapping."""


@dataclass(frozen=True)
class Endpoint:
    """One publisher or subscription of a node; `camera` is "" for a single one and where none matters."""

    topic: Topic
    camera: str
    name: str
    qos: QoS


def default_remaps() -> list[Remap]:
    """What launch files remap too: the pictures come from /camera unless told otherwise."""
    return [Remap(topic.name, topic.default_remap) for topic in TOPICS.values() if topic.default_remap]


def endpoints_of(names: Resolver, parameters: Parameters) -> list[Endpoint]:
    """All endpoints of a node, once per camera where the topic is per camera.

    Raises:
        ValueError: a camera's name cannot be part of a topic name, or a QoS override does not fit.
    """
    picture = PICTURE_TOPICS[parameters.text("image_transport")]
    cameras = parameters.names("cameras") or ("",)
    rows = [
        (topic, camera, names.resolve(topic.name_for(camera)))
        for topic in TOPICS.values()
        if topic.key not in PICTURE_TOPICS.values() or topic.key == picture
        for camera in (cameras if topic.per_camera else ("",))
    ]
    overrides = parameters.qos_overrides
    check_topics(overrides, [(name, topic.direction) for topic, _, name in rows])
    return [
        Endpoint(topic, camera, name, overridden(topic.qos, name, topic.direction, overrides))
        for topic, camera, name in rows
    ]
