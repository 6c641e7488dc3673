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
    """ValueError where an override names a topic, or a side of it, that the node does not have."""
    known = [f"{QOS_OVERRIDES}{topic}.{SIDES[direction]}" for topic, direction in endpoints]
    for name in overrides:
        if name.rpartition(".")[0] not in known:
            raise ValueError(unknown_name(name, [f"{prefix}.reliability" for prefix in known]))
