"""The DDS domain: who is there, and whether what is there meets the node's topics."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ssp_sam_ros.doctor.check import Check, Level
from ssp_sam_ros.doctor.topics import Side, judge, ros_type

if TYPE_CHECKING:
    from ssp_sam_ros.interface.names import NodeNames
    from ssp_sam_ros.interface.parameters import Parameters

_INSTALL = (
    "in the checkout: pip install -c constraints.txt -e '.[dds]', or use the node of a ROS installation"
)
_NO_PEERS = (
    "start the camera; on another machine: same ROS_DOMAIN_ID, multicast or ROS_STATIC_PEERS, "
    "ROS_AUTOMATIC_DISCOVERY_RANGE=SUBNET, no firewall on UDP 7400 and above"
)
_MOST_NAMED = 8


def check_graph(names: NodeNames, parameters: Parameters, seconds: float) -> list[Check]:
    """Listen on the domain for a while, then hold what was seen to the table of topics.

    Args:
        names: of the perception node, its remapping rules included.
        parameters: of the perception node.
        seconds: how long to listen.
    """
    try:
        from ssp_sam_ros.dds.domain import domain_id
        from ssp_sam_ros.interface.endpoints import endpoints_of
    except ImportError as error:
        level = Level.WARN if find_spec("rclpy") else Level.FAIL  # the node of ROS needs neither
        return [Check("dds", level, f"cyclonedds and rosbags do not import: {error}", _INSTALL)]
    try:
        domain = domain_id()
        endpoints = endpoints_of(names, parameters)
        nodes, publishers, subscriptions = _listen(seconds)
    except (ValueError, ImportError) as error:
        return [Check("dds", Level.FAIL, str(error))]
    topics = sorted({*publishers, *subscriptions})
    details = {"domain": domain, "nodes": nodes, "topics": _seen(publishers, subscriptions)}
    text = f"domain {domain}: {_named('node', nodes)}; {_named('topic', topics)} in {seconds:g} s"
    if topics or nodes:
        first = Check("dds", Level.OK, text, details=details)
    else:
        first = Check("dds", Level.WARN, text, _NO_PEERS, details)
    judged = (
        judge(endpoint, publishers.get(endpoint.name, []), subscriptions.get(endpoint.name, []), publishers)
        for endpoint in endpoints
    )
    return [first, *(check for check in judged if check is not None)]


def _listen(seconds: float) -> tuple[list[str], dict[str, list[Side]], dict[str, list[Side]]]:
    """Names of nodes, and by ROS topic name the publishers and subscriptions of others."""
    from ssp_sam_ros.dds.graph import NodeWatch, PublisherWatch, SubscriptionWatch
    from ssp_sam_ros.dds.participant import Participant
    from ssp_sam_ros.interface.names import NodeNames

    with Participant(NodeNames("ssp_sam_doctor")) as participant:
        watches = (PublisherWatch(participant.domain), SubscriptionWatch(participant.domain))
        node_watch = NodeWatch(participant.domain)
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            participant.spin_once(min(left, 0.1))
        sides: list[dict[str, list[Side]]] = []
        for watch in watches:
            by_topic: dict[str, list[Side]] = {}
            for endpoint in watch.all():
                if endpoint.topic.startswith("rt/"):
                    by_topic.setdefault(endpoint.topic[2:], []).append(
                        Side(ros_type(endpoint.type), endpoint.qos)
                    )
            sides.append(by_topic)
            watch.close()
        nodes = [name for name in node_watch.names() if name != participant.names.full_name]
        node_watch.close()
    return nodes, sides[0], sides[1]


def _seen(
    publishers: Mapping[str, Sequence[Side]], subscriptions: Mapping[str, Sequence[Side]]
) -> list[dict[str, object]]:
    return [
        {
            "topic": topic,
            "publishers": [str(side) for side in publishers.get(topic, [])],
            "subscriptions": [str(side) for side in subscriptions.get(topic, [])],
        }
        for topic in sorted({*publishers, *subscriptions})
    ]


def _named(kind: str, names: Sequence[str]) -> str:
    """ "2 nodes (/a, /b)"."""
    if not names:
        return f"no {kind}"
    shown = ", ".join(names[:_MOST_NAMED]) + (", ..." if len(names) > _MOST_NAMED else "")
    return f"{len(names)} {kind}{'s' if len(names) > 1 else ''} ({shown})"
