"""A ROS node on DDS: publishers, subscriptions, and one thread that waits for what arrives."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from cyclonedds.core import DDSException, InstanceState, ReadCondition, SampleState, ViewState, WaitSet
from cyclonedds.domain import DomainParticipant
from cyclonedds.internal import InvalidSample
from cyclonedds.pub import DataWriter
from cyclonedds.qos import Policy
from cyclonedds.qos import Qos as DdsQos
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic
from cyclonedds.util import duration
from rosbags.serde import SerdeError

from ssp_sam_ros.dds.domain import REFUSAL_HINT, domain_id, open_domain
from ssp_sam_ros.dds.graph import (
    DISCOVERY_QOS,
    DISCOVERY_TOPIC,
    DISCOVERY_TYPE,
    entities_info,
    topic_on_the_wire,
)
from ssp_sam_ros.dds.messages import deserialize, prepare, serialize, type_hash
from ssp_sam_ros.dds.qos import dds_qos
from ssp_sam_ros.dds.wire_types import wire_type
from ssp_sam_ros.interface.names import NodeNames
from ssp_sam_ros.interface.qos import QoS

_ANY_SAMPLE = SampleState.Any | ViewState.Any | InstanceState.Any
_TAKE = 32  # samples fetched at once

log = logging.getLogger("ssp_sam")


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Turns a refusal of DDS into a ValueError that names what was refused."""
    try:
        yield
    except DDSException as error:
        raise ValueError(f"{what}: {error}") from error


class Publisher:
    """Writes messages of one topic; may be used from several threads."""

    def __init__(self, participant: DomainParticipant, wire_name: str, type_name: str, qos: QoS) -> None:
        self.type_name = type_name
        self.qos = qos
        self.undelivered = 0
        self._sample = wire_type(type_name)
        prepare(type_name)
        settings = dds_qos(qos, type_hash(type_name))
        self._writer = DataWriter(participant, Topic(participant, wire_name, self._sample), settings)

    def publish(self, message: object) -> bool:
        """Send a message.

        Returns:
            False where a reliable subscriber was too slow to take it; it is then dropped and counted.
        """
        try:
            self._writer.write(self._sample(serialize(message, self.type_name)))
        except DDSException as error:
            if error.code != DDSException.DDS_RETCODE_TIMEOUT:
                raise
            self.undelivered += 1
            return False
        return True

    def flush(self, timeout: float = 1.0) -> bool:
        """Wait until reliable subscribers have what was published; False after `timeout` seconds."""
        return self._writer.wait_for_acks(duration(seconds=timeout))

    def subscriptions(self) -> int:
        """Matched subscriptions at this moment."""
        return self._writer.get_publication_matched_status().current_count

    @property
    def gid(self) -> bytes:
        """The writer's DDS identifier, 16 bytes."""
        return self._writer.guid.bytes

    def close(self) -> None:
        """Leave the topic; the bindings delete a DDS entity with its last reference."""
        del self._writer


class Subscription:
    """Calls `callback` with every message of one topic, from the thread that spins."""

    def __init__(
        self,
        participant: DomainParticipant,
        wire_name: str,
        type_name: str,
        qos: QoS,
        callback: Callable[[Any], None],
    ) -> None:
        self.type_name = type_name
        self.qos = qos
        self.received = 0
        self.malformed = 0
        self._name = wire_name
        self._callback = callback
        prepare(type_name)
        settings = dds_qos(qos, type_hash(type_name))
        self._reader = DataReader(participant, Topic(participant, wire_name, wire_type(type_name)), settings)
        self.condition = ReadCondition(self._reader, _ANY_SAMPLE)

    def take(self) -> int:
        """Hand over what has arrived; returns the number of messages."""
        count = 0
        for sample in self._reader.take(_TAKE):
            if isinstance(sample, InvalidSample):
                continue  # a publisher went away
            try:
                message = deserialize(sample.cdr, self.type_name)
            except SerdeError as error:
                self.malformed += 1
                if self.malformed == 1:
                    log.warning("%s: a message cannot be read and is skipped: %s", self._name, error)
                continue
            count += 1
            self.received += 1
            self._callback(message)
        return count

    def publishers(self) -> int:
        """Matched publishers at this moment."""
        return self._reader.get_subscription_matched_status().current_count

    @property
    def gid(self) -> bytes:
        """The reader's DDS identifier, 16 bytes."""
        return self._reader.guid.bytes

    def close(self) -> None:
        """Leave the topic; the bindings delete a DDS entity with its last reference."""
        del self.condition
        del self._reader


class Participant:
    """One node on the graph. Use as a context manager, or `close()` it."""

    def __init__(self, names: NodeNames) -> None:
        """Join the domain of ROS_DOMAIN_ID.

        Raises:
            ValueError: the environment's settings of the domain or of discovery are wrong, or DDS refuses.
        """
        self.names = names
        number = domain_id()
        open_domain(number)
        with _explained(f"DDS domain {number} cannot be joined; {REFUSAL_HINT}"):
            self.domain = DomainParticipant(number, DdsQos(Policy.Userdata(b"enclave=/;")))
            self._waitset = WaitSet(self.domain)
            self._discovery = Publisher(self.domain, DISCOVERY_TOPIC, DISCOVERY_TYPE, DISCOVERY_QOS)
        self._publishers: list[Publisher] = []
        self._subscriptions: list[Subscription] = []
        self.announce()

    def publisher(self, topic: str, type_name: str, qos: QoS) -> Publisher:
        """A publisher of an absolute topic name; call `announce` when the last one is made.

        Raises:
            ValueError: DDS refuses, for example as the topic has another type in this process.
        """
        with _explained(f"no publisher of {topic} ({type_name})"):
            publisher = Publisher(self.domain, topic_on_the_wire(topic), type_name, qos)
        self._publishers.append(publisher)
        return publisher

    def subscription(
        self, topic: str, type_name: str, qos: QoS, callback: Callable[[Any], None]
    ) -> Subscription:
        """A subscription to an absolute topic name; call `announce` when the last one is made.

        Raises:
            ValueError: as for `publisher`.
        """
        with _explained(f"no subscription to {topic} ({type_name})"):
            subscription = Subscription(self.domain, topic_on_the_wire(topic), type_name, qos, callback)
        self._subscriptions.append(subscription)
        self._waitset.attach(subscription.condition)
        return subscription

    def announce(self) -> None:
        """Tell the ROS graph this node's name and which endpoints are its own."""
        self._discovery.publish(
            entities_info(
                self.domain.guid.bytes,
                self.names,
                readers=[subscription.gid for subscription in self._subscriptions],
                writers=[publisher.gid for publisher in self._publishers],
            )
        )

    def spin_once(self, timeout: float) -> int:
        """Wait at most `timeout` seconds for messages and hand them over; returns their number."""
        self._waitset.wait(duration(seconds=timeout))
        return sum(subscription.take() for subscription in self._subscriptions)

    def close(self) -> None:
        """Leave the graph."""
        for subscription in self._subscriptions:
            self._waitset.detach(subscription.condition)
            subscription.close()
        for publisher in [*self._publishers, self._discovery]:
            publisher.close()
        self._subscriptions.clear()
        self._publishers.clear()
        del self._waitset
        del self.domain

    def __enter__(self) -> Participant:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
