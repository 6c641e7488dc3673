"""The perception node without ROS: every topic of the interface table, on DDS."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from ssp_sam_ros.dds.graph import PublisherWatch, type_on_the_wire
from ssp_sam_ros.dds.messages import make
from ssp_sam_ros.dds.participant import Participant, Publisher, Subscription
from ssp_sam_ros.interface.endpoints import PICTURE_TOPICS, Endpoint, endpoints_of
from ssp_sam_ros.interface.image_codec import decode_compressed, decode_rgb
from ssp_sam_ros.interface.names import NodeNames
from ssp_sam_ros.interface.parameters import Parameters
from ssp_sam_ros.interface.qos import QoS
from ssp_sam_ros.interface.topics import Direction
from ssp_sam_ros.session.clock import Clock, SimulatedClock, system_clock
from ssp_sam_ros.session.composer import Composer, DrawOverlay
from ssp_sam_ros.session.contracts import Segmenter
from ssp_sam_ros.session.diagnostics import InputState, why_unmatched
from ssp_sam_ros.session.input_warnings import InputWarnings
from ssp_sam_ros.session.messages import MessageBuilder, nanoseconds_of
from ssp_sam_ros.session.outputs import Output
from ssp_sam_ros.session.session import Session

_TICK = 0.05  # seconds; staleness is noticed within one
_DIAGNOSTICS_PERIOD = 1.0
_PATIENCE = 3.0  # seconds before a silent input is worth a warning
_CLOCK_QOS = QoS("best_effort", depth=1)

log = logging.getLogger("ssp_sam")


class PerceptionNode:
    """Joins the graph, listens in the thread that calls `spin`, and answers from the session's worker."""

    def __init__(
        self,
        names: NodeNames,
        parameters: Parameters,
        segmenter: Segmenter,
        draw_overlay: DrawOverlay,
        health: Callable[[], Mapping[str, object]] = dict,
    ) -> None:
        """Create all endpoints and start the worker.

        Args:
            names: node name, namespace and remapping rules.
            parameters: checked values.
            segmenter: loaded and warmed up.
            draw_overlay: takes an RGB picture and results and returns the RGB drawing.
            health: more lines for the inference diagnostics.

        Raises:
            ValueError: parameters, names or the environment's DDS settings do not fit.
        """
        if not parameters.flag("autostart"):
            raise ValueError(
                "autostart: false needs lifecycle transitions, which only the node of a ROS install has"
            )
        endpoints = endpoints_of(names, parameters)
        self._cameras = parameters.names("cameras") or ("",)
        self._builder = MessageBuilder(make)
        self._clock: Clock = SimulatedClock() if parameters.flag("use_sim_time") else system_clock
        self._participant = Participant(names)
        self._outputs: dict[tuple[str, Output], Publisher] = {}
        self._pictures: dict[str, tuple[str, Subscription]] = {}
        self._beside: list[tuple[str | None, str, Subscription]] = []  # None: of all cameras
        self._watch = PublisherWatch(self._participant.domain)
        decode = decode_compressed if parameters.text("image_transport") == "compressed" else decode_rgb
        composer = Composer(self._builder, draw_overlay)
        self.session = Session(names.node, segmenter, self, composer, decode, self._clock, parameters, health)
        self._create(endpoints)
        if isinstance(self._clock, SimulatedClock):
            self._follow(self._clock, names.resolve("/clock"))
        self._participant.announce()
        self._started = self._last_diagnostics = time.monotonic()
        self._warnings = InputWarnings()
        self.session.start()

    # --- Graph, for the session ---------------------------------------------------------------------------

    def wanted(self, camera: str) -> frozenset[Output]:
        """The outputs of a camera with a matched subscription."""
        return frozenset(output for output in Output if self._outputs[camera, output].subscriptions() > 0)

    def publish(self, camera: str, output: Output, message: Any) -> None:
        """Send a message on an output topic."""
        self._outputs[camera, output].publish(message)

    def undelivered(self) -> int:
        """Messages dropped so far because a reliable subscriber was too slow."""
        return sum(publisher.undelivered for publisher in self._outputs.values())

    # --- running ------------------------------------------------------------------------------------------

    def spin(self, stop: threading.Event) -> None:
        """Listen until `stop` is set.

        Raises:
            RuntimeError: the worker has ended by an error.
        """
        while not stop.is_set():
            self._participant.spin_once(_TICK)
            self.session.tick()
            if time.monotonic() - self._last_diagnostics >= _DIAGNOSTICS_PERIOD:
                self._last_diagnostics = time.monotonic()
                self._publish_diagnostics()

    def close(self) -> bool:
        """Stop the worker and leave the graph; False where the worker was too busy and is left behind."""
        done = self.session.close()
        self._watch.close()
        self._participant.close()
        return done

    # --- endpoints ----------------------------------------------------------------------------------------

    def _create(self, endpoints: list[Endpoint]) -> None:
        for endpoint in endpoints:
            topic, camera, name, qos = endpoint.topic, endpoint.camera, endpoint.name, endpoint.qos
            way = "from" if topic.direction is Direction.INPUT else "to"
            log.info("%-4s %s (%s; %s)", way, name, topic.type, qos)
            if topic.direction is Direction.INPUT:
                callback = self.session.input(topic.key, camera)
                subscription = self._participant.subscription(name, topic.type, qos, callback)
                if topic.key in PICTURE_TOPICS.values():
                    self._pictures[camera] = (name, subscription)
                else:
                    self._beside.append((camera if topic.per_camera else None, name, subscription))
                continue
            publisher = self._participant.publisher(name, topic.type, qos)
            if topic.key == "diagnostics":
                self._diagnostics = publisher
            else:
                self._outputs[camera, Output(topic.key)] = publisher

    def _follow(self, clock: SimulatedClock, topic: str) -> None:
        self._participant.subscription(
            topic,
            "rosgraph_msgs/msg/Clock",
            _CLOCK_QOS,
            lambda message: clock.set(nanoseconds_of(message.clock)),
        )

    # --- diagnostics --------------------------------------------------------------------------------------

    def _publish_diagnostics(self) -> None:
        statuses = self.session.diagnostics({camera: self._input_state(camera) for camera in self._cameras})
        header = self._builder.header(self._clock(), "")
        self._diagnostics.publish(self._builder.diagnostics(header, statuses))
        if time.monotonic() - self._started >= _PATIENCE:
            self._warnings.heed(statuses)

    def _input_state(self, camera: str) -> InputState:
        name, subscription = self._pictures[camera]
        publishers = [(publisher.type, publisher.qos) for publisher in self._watch.of(name)]
        expected = type_on_the_wire(subscription.type_name)
        return InputState(
            name,
            subscription.type_name,
            str(subscription.qos),
            subscription.publishers(),
            why_unmatched(expected, subscription.qos, publishers),
            subscription.malformed,
            {name: other.malformed for owner, name, other in self._beside if owner in (None, camera)},
        )
