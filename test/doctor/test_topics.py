"""What is said about one topic, given who else is on it."""

from __future__ import annotations

import pytest

from ssp_sam_ros.doctor.check import Level
from ssp_sam_ros.doctor.topics import Side, judge, ros_type
from ssp_sam_ros.interface import TOPICS, Parameters, QoS
from ssp_sam_ros.interface.endpoints import Endpoint, default_remaps, endpoints_of
from ssp_sam_ros.interface.names import NodeNames

IMAGE = "sensor_msgs/msg/Image"


def endpoint(key: str, **parameters: object) -> Endpoint:
    names = NodeNames("ssp_sam").with_default_remaps(default_remaps())
    endpoints = endpoints_of(names, Parameters.from_overrides(parameters))
    return next(e for e in endpoints if e.topic.key == key)


def test_types_on_the_wire() -> None:
    assert ros_type("sensor_msgs::msg::dds_::Image_") == IMAGE
    assert ros_type("something::else") == "something::else"


def test_a_publisher_that_fits() -> None:
    check = judge(endpoint("image"), [Side(IMAGE, QoS("reliable", 1))], [], {})
    assert check is not None and check.level is Level.OK
    assert check.text.startswith("/camera/image_raw: 1 publisher, matching sensor_msgs/msg/Image")
    assert check.details["publishers"] == ["sensor_msgs/msg/Image, reliable, volatile"]


@pytest.mark.parametrize("reliability", ["reliable", "best_effort"])
def test_a_publisher_that_offers_less_than_is_wanted(reliability: str) -> None:
    override = {"qos_overrides./camera/image_raw.subscription.durability": "transient_local"}
    publishers = [Side(IMAGE, QoS(reliability, 1)), Side(IMAGE, QoS("reliable", 1, "transient_local"))]  # type: ignore[arg-type]
    check = judge(endpoint("image", **override), publishers, [], {})
    assert check is not None and check.level is Level.FAIL
    assert "2 publishers; the publisher is volatile, the subscription wants transient local" in check.text


def test_the_advice_is_a_parameter_that_helps() -> None:
    prefix = "qos_overrides./camera/image_raw.subscription."
    for override in (
        {f"{prefix}reliability": "reliable"},
        {f"{prefix}durability": "transient_local"},
        {f"{prefix}reliability": "reliable", f"{prefix}durability": "transient_local"},
    ):
        publishers = [Side(IMAGE, QoS("best_effort", 1))]
        check = judge(endpoint("image", **override), publishers, [], {})
        assert check is not None and check.level is Level.FAIL
        advised = dict(pair.split(":=") for pair in check.advice.split("-p ")[1:])
        assert {name.strip() for name in advised} == set(override)
        mended = judge(endpoint("image", **{n: v.strip() for n, v in advised.items()}), publishers, [], {})
        assert mended is not None and mended.level is Level.OK


def test_a_subscription_that_wants_more_than_the_node_offers() -> None:
    wants = Side(IMAGE, QoS("reliable", 1, "transient_local"))
    check = judge(endpoint("mask"), [], [wants], {})
    assert check is not None and check.level is Level.FAIL
    assert "/ssp_sam/mask: 1 subscription; the publisher is volatile" in check.text
    assert "qos_overrides./ssp_sam/mask.publisher.durability:=transient_local" in check.advice


def test_another_type_on_the_topic() -> None:
    check = judge(endpoint("image"), [Side("std_msgs/msg/String", QoS("reliable", 1))], [], {})
    assert check is not None and check.level is Level.FAIL
    assert "sends std_msgs/msg/String, the node's type is sensor_msgs/msg/Image" in check.text
    assert "-r image:=OTHER" in check.advice


def test_nobody_on_the_picture_topic() -> None:
    nowhere = judge(endpoint("image"), [], [], {})
    assert nowhere is not None and nowhere.level is Level.WARN and "start the camera" in nowhere.advice
    elsewhere = {"/front/image_raw": [Side(IMAGE, QoS("reliable", 1))]}
    other = judge(endpoint("image"), [], [], elsewhere)
    assert other is not None and "-r image:=/front/image_raw" in other.advice


@pytest.mark.parametrize("key", [key for key in TOPICS if key not in ("image", "compressed_image")])
def test_nobody_on_any_other_topic_is_nothing_to_speak_of(key: str) -> None:
    assert judge(endpoint(key), [], [], {}) is None
