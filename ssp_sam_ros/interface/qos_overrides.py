"""Parameters `qos_overrides.<topic>.<publisher|subscription>.<policy>`, as rclpy names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ssp_sam_ros.interface.parameters import QOS_OVERRIDES, unknown_name
from ssp_sam_ros.interface.qos import QoS
from ssp_sam_ros.interface.topics import Direction

SIDES = {Direction.INPUT: "subscription", Direction.OUTPUT: "publisher"}


def overridden(qos: QoS, topic: str, direction: Direction, overrides: Mapping[str, object]) -> QoS:
    """The profile of a topic with the overrides that name it.

    Args:
        qos: profile of the interface table.
        topic: resolved, absolute name.
        direction: which side of the topic the node is on.
        overrides: values by full parameter name.

    Raises:
        ValueError: a policy that cannot be overridden, or a value that does not fit.
    """
    prefix = f"{QOS_OVERRIDES}{topic}.{SIDES[direction]}."
    for name, value in overrides.items():
        if name.startswith(prefix):
            qos = qos.override(name.removeprefix(prefix), value)
    return qos


def check_topics(overrides: Iterable[str], endpoints: Iterable[tuple[str, Direction]]) -> None:
    """See that every override names a topic of the node, and the node's side of it.

    Raises:
        ValueError: one does not; the text says what it would have to be.
    """
    known = {f"{QOS_OVERRIDES}{topic}.{SIDES[direction]}" for topic, direction in endpoints}
    for name in overrides:
        prefix, _, policy = name.rpartition(".")
        if prefix in known:
            continue
        same_topic = [
            candidate for candidate in known if candidate.rpartition(".")[0] == prefix.rpartition(".")[0]
        ]
        if same_topic:
            raise ValueError(f"unknown parameter {name!r}: did you mean '{same_topic[0]}.{policy}'?")
        raise ValueError(unknown_name(name, [f"{candidate}.{policy}" for candidate in known]))
