"""Whether what others publish and subscribe to meets one topic of the node. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ssp_sam_ros.doctor.check import Check, Level
from ssp_sam_ros.interface.endpoints import PICTURE_TOPICS, Endpoint
from ssp_sam_ros.interface.qos import QoS, mismatch
from ssp_sam_ros.interface.qos_overrides import SIDES
from ssp_sam_ros.interface.topics import Direction

_POLICIES = ("reliability", "durability")


@dataclass(frozen=True)
class Side:
    """A publisher or subscription of somebody else: ROS type and QoS (depth is not told on the wire)."""

    type: str
    qos: QoS

    def __str__(self) -> str:
        policies = f"{self.qos.reliability}, {self.qos.durability}".replace("_", " ")
        return f"{self.type}, {policies}"


def ros_type(wire_type: str) -> str:
    """`sensor_msgs::msg::dds_::Image_` as `sensor_msgs/msg/Image`; other names as they are."""
    parts = wire_type.split("::")
    if len(parts) == 4 and parts[2] == "dds_" and parts[3].endswith("_"):
        return f"{parts[0]}/{parts[1]}/{parts[3][:-1]}"
    return wire_type


def judge(
    endpoint: Endpoint,
    publishers: Sequence[Side],
    subscriptions: Sequence[Side],
    elsewhere: Mapping[str, Sequence[Side]],
) -> Check | None:
    """The check of one topic; None where there is nothing to say.

    Args:
        endpoint: the node's.
        publishers, subscriptions: what others have on this topic.
        elsewhere: all publishers on the graph by topic, for advice.
    """
    inbound = endpoint.topic.direction is Direction.INPUT
    others = publishers if inbound else subscriptions
    side = "publisher" if inbound else "subscription"
    if not others:
        return _nobody(endpoint, elsewhere) if inbound else None
    problems = [reason for other in others if (reason := _problem(endpoint, other, inbound))]
    text = f"{endpoint.name}: {len(others)} {side}{'s' if len(others) > 1 else ''}"
    details = {
        "topic": endpoint.name,
        "type": endpoint.topic.type,
        "qos": str(endpoint.qos),
        f"{side}s": [str(other) for other in others],
    }
    if not problems:
        text += f", matching {endpoint.topic.type} ({endpoint.qos})"
        return Check("topic", Level.OK, text, details=details)
    unique = "; ".join(dict.fromkeys(problems))
    return Check("topic", Level.FAIL, f"{text}; {unique}", _advice(endpoint, others, inbound), details)


def _problem(endpoint: Endpoint, other: Side, inbound: bool) -> str:
    """Why the two do not meet, "" if they do."""
    if other.type != endpoint.topic.type:
        verb = "sends" if inbound else "wants"
        return f"one {verb} {other.type}, the node's type is {endpoint.topic.type}"
    return mismatch(other.qos, endpoint.qos) if inbound else mismatch(endpoint.qos, other.qos)


def _advice(endpoint: Endpoint, others: Sequence[Side], inbound: bool) -> str:
    wrong = next(other for other in others if _problem(endpoint, other, inbound))
    if wrong.type != endpoint.topic.type:
        return f"remap one of them, the node's with -r {endpoint.topic.name}:=OTHER"
    offered, wanted = (wrong.qos, endpoint.qos) if inbound else (endpoint.qos, wrong.qos)
    side = SIDES[endpoint.topic.direction]
    overrides = [
        f"-p qos_overrides.{endpoint.name}.{side}.{policy}:={getattr(wrong.qos, policy)}"
        for policy in _POLICIES
        if mismatch(wanted.override(policy, getattr(offered, policy)), wanted)
    ]
    return f"change the other side, or give the node {' '.join(overrides)}"


def _nobody(endpoint: Endpoint, elsewhere: Mapping[str, Sequence[Side]]) -> Check | None:
    """Without pictures there is nothing to answer; all other inputs may come late or never."""
    topic = endpoint.topic
    if topic.key not in PICTURE_TOPICS.values():
        return None
    same_type = [name for name, sides in elsewhere.items() if any(side.type == topic.type for side in sides)]
    own_name = topic.name_for(endpoint.camera)
    if same_type:
        advice = f"pictures are on {', '.join(sorted(same_type))}: -r {own_name}:={min(same_type)}"
    else:
        advice = f"start the camera, or name its topic with -r {own_name}:=TOPIC"
    details = {"topic": endpoint.name, "type": topic.type, "qos": str(endpoint.qos)}
    text = f"{endpoint.name}: no publisher ({topic.type}; {endpoint.qos})"
    return Check("topic", Level.WARN, text, advice, details)
