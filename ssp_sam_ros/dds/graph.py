"""How a DDS participant becomes a named node among ROS nodes, and how it sees who publishes what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from cyclonedds.builtin import (
    BuiltinDataReader,
    BuiltinTopic,
    BuiltinTopicDcpsPublication,
    BuiltinTopicDcpsSubscription,
)
from cyclonedds.core import InstanceState
from cyclonedds.domain import DomainParticipant
from cyclonedds.internal import InvalidSample
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic

from ssp_sam_ros.dds.messages import deserialize, make, type_hash, typestore
from ssp_sam_ros.dds.qos import dds_qos, ros_qos
from ssp_sam_ros.dds.wire_types import wire_type
from ssp_sam_ros.interface.names import NodeNames
from ssp_sam_ros.interface.qos import QoS

DISCOVERY_TOPIC = "ros_discovery_info"  # not a ROS topic name: no prefix
DISCOVERY_TYPE = "rmw_dds_common/msg/ParticipantEntitiesInfo"
DISCOVERY_QOS = QoS("reliable", depth=1, durability="transient_local")


def topic_on_the_wire(topic: str) -> str:
    """The DDS topic of an absolute ROS topic name: `/a/b` is `rt/a/b`."""
    return f"rt{topic}"


def type_on_the_wire(type_name: str) -> str:
    """The DDS type name of a ROS message type."""
    package, _, name = type_name.split("/")
    return f"{package}::msg::dds_::{name}_"


def entities_info(
    participant: bytes, names: NodeNames, readers: Iterable[bytes], writers: Iterable[bytes]
) -> Any:
    """rmw_dds_common/ParticipantEntitiesInfo of a participant that is one node.

    Args:
        participant, readers, writers: DDS identifiers of 16 bytes.
    """
    node = make(
        "rmw_dds_common/msg/NodeEntitiesInfo",
        node_namespace=names.namespace,
        node_name=names.node,
        reader_gid_seq=[_gid(reader) for reader in readers],
        writer_gid_seq=[_gid(writer) for writer in writers],
    )
    return make(DISCOVERY_TYPE, gid=_gid(participant), node_entities_info_seq=[node])


def _gid(identifier: bytes) -> Any:
    # 16 bytes since Iron, 24 with zeros at the end before.
    description: Any = typestore().fielddefs["rmw_dds_common/msg/Gid"][1][0][1]
    (_, length) = description[1]
    return make("rmw_dds_common/msg/Gid", data=np.frombuffer(identifier.ljust(length, b"\0"), dtype=np.uint8))


@dataclass(frozen=True)
class Endpoint:
    """A publisher or subscription somewhere on the graph; names and types as on the wire."""

    topic: str
    type: str
    qos: QoS


class NodeWatch:
    """The names of all nodes on the graph, as they announce themselves."""

    def __init__(self, participant: DomainParticipant) -> None:
        sample = wire_type(DISCOVERY_TYPE)
        # One reader for all participants' announcements, and none has a key: depth bounds how many are
        # remembered.
        settings = dds_qos(
            QoS("reliable", depth=256, durability="transient_local"), type_hash(DISCOVERY_TYPE)
        )
        self._reader = DataReader(participant, Topic(participant, DISCOVERY_TOPIC, sample), settings)

    def names(self) -> list[str]:
        """Full names, sorted; those of nodes that have left may still be among them."""
        found = set()
        for sample in self._reader.read(256):
            if not isinstance(sample, InvalidSample):
                for node in deserialize(sample.cdr, DISCOVERY_TYPE).node_entities_info_seq:
                    found.add(f"{node.node_namespace.rstrip('/')}/{node.node_name}")
        return sorted(found)

    def close(self) -> None:
        """Leave the topic."""
        del self._reader


class EndpointWatch:
    """All endpoints of one side, this process's own included, as DDS discovery reports them."""

    def __init__(self, participant: DomainParticipant, side: BuiltinTopic) -> None:
        self._reader = BuiltinDataReader(participant, side)
        self._known: dict[bytes, Endpoint] = {}

    def all(self) -> list[Endpoint]:
        """Every one that is there at this moment, those of DDS applications without ROS names, too."""
        self._update()
        return list(self._known.values())

    def of(self, topic: str) -> list[Endpoint]:
        """Those of an absolute ROS topic name, whatever their type."""
        wire_name = topic_on_the_wire(topic)
        return [endpoint for endpoint in self.all() if endpoint.topic == wire_name]

    def close(self) -> None:
        """Stop watching."""
        del self._reader

    def _update(self) -> None:
        while found := self._reader.take(N=100):
            for sample in found:
                if sample.sample_info.instance_state & InstanceState.Alive:
                    self._known[sample.key.bytes] = Endpoint(
                        sample.topic_name, sample.type_name, ros_qos(sample.qos)
                    )
                else:
                    self._known.pop(sample.key.bytes, None)


class PublisherWatch(EndpointWatch):
    """All publishers on the graph."""

    def __init__(self, participant: DomainParticipant) -> None:
        super().__init__(participant, BuiltinTopicDcpsPublication)


class SubscriptionWatch(EndpointWatch):
    """All subscriptions on the graph."""

    def __init__(self, participant: DomainParticipant) -> None:
        super().__init__(participant, BuiltinTopicDcpsSubscription)
