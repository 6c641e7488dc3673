from __future__ import annotations

import pytest

from ssp_sam_ros.interface.endpoints import default_remaps, endpoints_of
from ssp_sam_ros.interface.names import NodeNames, Remap
from ssp_sam_ros.interface.parameters import Parameters
from ssp_sam_ros.interface.qos import QoS


def names_of(node: NodeNames, **parameters: object) -> dict[tuple[str, str], str]:
    endpoints = endpoints_of(node, Parameters.from_overrides(parameters))
    return {(e.topic.key, e.camera): e.name for e in endpoints}


def test_one_camera_with_the_default_remaps() -> None:
    names = names_of(NodeNames("ssp_sam").with_default_remaps(default_remaps()))
    assert names["image", ""] == "/camera/image_raw"
    assert names["depth_image", ""] == "/camera/depth/image_raw"
    assert names["camera_info", ""] == "/camera/camera_info"
    assert names["mask", ""] == "/ssp_sam/mask"
    assert ("compressed_image", "") not in names
    assert len(names) == 14


def test_the_default_remaps_are_absolute_in_a_namespace_too() -> None:
    robot = NodeNames("ssp_sam", "/robot").with_default_remaps(default_remaps())
    names = names_of(robot)
    assert names["image", ""] == "/camera/image_raw"
    assert names["depth_image", ""] == "/camera/depth/image_raw"
    assert names["camera_info", ""] == "/camera/camera_info"
    assert names["referring_expression", ""] == "/robot/referring_expression"
    compressed = names_of(robot, image_transport="compressed")
    assert compressed["compressed_image", ""] == "/camera/image_raw/compressed"
    own = NodeNames("ssp_sam", "/robot", (Remap("image", "camera/image_raw"),))
    assert names_of(own.with_default_remaps(default_remaps()))["image", ""] == "/robot/camera/image_raw"


def test_compressed_takes_the_place_of_raw() -> None:
    names = names_of(NodeNames("ssp_sam").with_default_remaps(default_remaps()), image_transport="compressed")
    assert names["compressed_image", ""] == "/camera/image_raw/compressed"
    assert ("image", "") not in names


def test_several_cameras_in_a_namespace() -> None:
    node = NodeNames("eyes", "/robot").with_default_remaps(default_remaps())
    names = names_of(node, cameras=["left", "right"])
    assert names["image", "left"] == "/robot/left/image"
    assert names["depth_image", "right"] == "/robot/right/depth/image"
    assert names["mask", "right"] == "/robot/eyes/right/mask"
    assert names["referring_expression", ""] == "/robot/referring_expression"
    assert names["diagnostics", ""] == "/diagnostics"


def test_overrides_reach_their_endpoint() -> None:
    override = {"qos_overrides./ssp_sam/mask.publisher.depth": 4}
    endpoints = endpoints_of(NodeNames("ssp_sam"), Parameters.from_overrides(override))
    assert [e.qos for e in endpoints if e.topic.key == "mask"] == [QoS("reliable", 4)]


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"cameras": ["left camera"]}, "topic name"),
        ({"qos_overrides./nowhere.subscription.depth": 1}, "unknown parameter"),
        ({"qos_overrides./ssp_sam/mask.publisher.depth": "x"}, "integer"),
    ],
)
def test_mistakes(parameters: dict[str, object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        names_of(NodeNames("ssp_sam"), **parameters)
