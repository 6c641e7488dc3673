"""The node's topics on rclpy: what the session publishes on, and what is known of its inputs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from rclpy._rclpy_pybind11 import RCLError  # public nowhere else
from rclpy.exceptions import InvalidHandle

from ssp_sam_ros.interface.endpoints import PICTURE_TOPICS, Endpoint, endpoints_of
from ssp_sam_ros.interface.parameters import Parameters
from ssp_sam_ros.interface.qos_overrides import check_topics
from ssp_sam_ros.interface.topics import Direction
from ssp_sam_ros.ros.messages import message_class
from ssp_sam_ros.ros.qos import OVERRIDABLE, ros_profile, table_qos
from ssp_sam_ros.session.diagnostics import InputState, why_unmatched
from ssp_sam_ros.session.outputs import Output

log = logging.getLogger("ssp_sam")


class _Names:
    """The node's own resolution of names."""

    def __init__(self, node: Any) -> None:
        self._node = node

    def resolve(self, name: str) -> str:
        return str(self._node.resolve_topic_name(name))


class RosGraph:
    """All publishers and subscriptions of one node; the session's `Graph`."""

    def __init__(self, node: Any, parameters: Parameters) -> None:
        """Create the publishers; `listen` creates the subscriptions.

        Raises:
            ValueError: a camera's name cannot be part of a topic name, or a QoS override does not fit.
        """
        self._node = node
        self._endpoints = _endpoints(node, parameters)
        self._publishers: list[Any] = []
        self._outputs: dict[tuple[str, Output], Any] = {}
        self._subscriptions: list[Any] = []
        self._pictures: dict[str, tuple[Endpoint, Any]] = {}
        self._closed = False
        with ExitStack() as made:
            made.callback(self.close)  # where one fails, those before it leave again
            self._advertise()
            made.pop_all()

    def _advertise(self) -> None:
        node = self._node
        for endpoint in self._endpoints:
            topic = endpoint.topic
            if topic.direction is Direction.INPUT:
                continue
            publisher = node.create_publisher(
                message_class(topic.type),
                topic.name_for(endpoint.camera),
                ros_profile(topic.qos),
                qos_overriding_options=OVERRIDABLE,
            )
            self._publishers.append(publisher)
            log.info("to   %s (%s; %s)", endpoint.name, topic.type, endpoint.qos)
            if topic.key == "diagnostics":
                self.diagnostics = publisher
            else:
                self._outputs[endpoint.camera, Output(topic.key)] = publisher

    def listen(self, taker_of: Callable[[str, str], Callable[[Any], None]]) -> None:
        """Create the subscriptions.

        Args:
            taker_of: what takes the messages of an input, by the topic's key and camera.
        """
        for endpoint in self._endpoints:
            topic = endpoint.topic
            if topic.direction is Direction.OUTPUT:
                continue
            subscription = self._node.create_subscription(
                message_class(topic.type),
                topic.name_for(endpoint.camera),
                taker_of(topic.key, endpoint.camera),
                ros_profile(topic.qos),
                qos_overriding_options=OVERRIDABLE,
            )
            log.info("from %s (%s; %s)", endpoint.name, topic.type, endpoint.qos)
            self._subscriptions.append(subscription)
            if topic.key in PICTURE_TOPICS.values():
                self._pictures[endpoint.camera] = endpoint, subscription

    # --- Graph, for the session ---------------------------------------------------------------------------

    def wanted(self, camera: str) -> frozenset[Output]:
        """The outputs of a camera with a matched subscription; none once closed or the node is ending."""
        try:
            return frozenset(o for o in Output if self._outputs[camera, o].get_subscription_count() > 0)
        except (RCLError, InvalidHandle):
            if self._stays():
                raise
            return frozenset()

    def publish(self, camera: str, output: Output, message: Any) -> None:
        """Send a message on an output topic; dropped once closed or the node is ending."""
        try:
            self._outputs[camera, output].publish(message)
        except (RCLError, InvalidHandle):
            if self._stays():
                raise

    def _stays(self) -> bool:
        return not self._closed and bool(self._node.context.ok())

    def undelivered(self) -> None:
        """rclpy does not tell what a slow subscriber has missed."""

    # --- inputs -------------------------------------------------------------------------------------------

    def inputs(self) -> Mapping[str, InputState]:
        """What is known of the picture topics, by camera."""
        return {camera: self._state(*found) for camera, found in self._pictures.items()}

    def _state(self, endpoint: Endpoint, subscription: Any) -> InputState:
        found = [
            (info.topic_type, table_qos(info.qos_profile))
            for info in self._node.get_publishers_info_by_topic(subscription.topic_name)
        ]
        expected = endpoint.topic.type
        matching = sum(not why_unmatched(expected, endpoint.qos, [publisher]) for publisher in found)
        return InputState(
            endpoint.name,
            expected,
            str(endpoint.qos),
            matching,
            why_unmatched(expected, endpoint.qos, found),
        )

    def close(self) -> None:
        """Leave all topics.

        A worker that is left behind may still ask and publish: it finds nobody, by the destroyed publishers.
        """
        self._closed = True
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        for publisher in self._publishers:
            self._node.destroy_publisher(publisher)
        self._subscriptions.clear()
        self._pictures.clear()


def _endpoints(node: Any, parameters: Parameters) -> list[Endpoint]:
    """The table's topics; QoS overrides of other nodes' topics, as a `/**` file may hold, are told of."""
    names = _Names(node)
    without = Parameters(parameters.values, {})
    sides = [(endpoint.name, endpoint.topic.direction) for endpoint in endpoints_of(names, without)]
    overrides = dict(parameters.qos_overrides)
    for name in parameters.qos_overrides:
        try:
            check_topics([name], sides)
        except ValueError as error:
            log.warning("%s", error)
            del overrides[name]
    return endpoints_of(names, replace(without, qos_overrides=overrides))
