"""A DDS domain of this test process's own, kept on this machine, and a perception node on a double."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

pytest.importorskip("cyclonedds", reason="needs the extra dds")

from ssp_sam_ros.dds.messages import make
from ssp_sam_ros.dds.node import PerceptionNode
from ssp_sam_ros.dds.participant import Participant
from ssp_sam_ros.interface import TOPICS, Parameters
from ssp_sam_ros.interface.endpoints import default_remaps
from ssp_sam_ros.interface.image_codec import image_fields
from ssp_sam_ros.interface.names import NodeNames
from ssp_sam_ros.interface.qos import QoS
from ssp_sam_ros.perception.result import Outcome, Result

PATIENCE = 30.0


@pytest.fixture(autouse=True, scope="session")
def own_domain() -> Iterator[None]:
    """Processes of other tests, and other machines, are not seen."""
    settings = {"ROS_DOMAIN_ID": str(100 + os.getpid() % 100), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    yield
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


class Segmenter:
    """Finds bright pixels; nothing of what is called absent; fails on what is called broken."""

    model_name = "double"
    weights_digest = "0" * 64
    no_target_threshold = 0.0
    no_target_min_pixels = 0.0
    prefers_batches = False

    def __init__(self) -> None:
        self.pictures: list[np.ndarray] = []

    def encode(self, image: np.ndarray, key: Any = None) -> np.ndarray:
        self.pictures.append(image)
        return image

    def refer(
        self, frame: np.ndarray, expressions: Sequence[str], ids: Sequence[str] | None = None
    ) -> list[Result]:
        return [self._result(frame, text, name) for text, name in zip(expressions, ids or [], strict=True)]

    def _result(self, frame: np.ndarray, text: str, name: str) -> Result:
        if "broken" in text:
            return Result(text, name, Outcome.FAILED, "broken", model="double")
        mask = np.where(frame[..., 0] > 128, 255, 0).astype(np.uint8)
        if "absent" in text:
            mask[:] = 0
            return Result(text, name, Outcome.NO_TARGET, mask=mask, no_target_probability=0.9, model="double")
        rows, columns = np.nonzero(mask)
        box = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
        return Result(text, name, Outcome.FOUND, "", mask, box, (1.5, 2.5, 3.5, 4.5), 0.75, 0.1, "double")


class Tester:
    """The other end: a node that publishes pictures and expressions and keeps what comes back, by topic."""

    def __init__(self) -> None:
        self.participant = Participant(NodeNames("tester"))
        self.received: dict[str, list[Any]] = {}
        self._publishers: dict[str, Any] = {}

    def listen(self, *topics: str, type_name: str = "", qos: QoS | None = None) -> None:
        """Subscribe to absolute topics; type and QoS are those of the table entry with the last name."""
        for topic in topics:
            entry = TOPICS[topic.rpartition("/")[2]] if not type_name else None
            kept = self.received.setdefault(topic, [])
            self.participant.subscription(
                topic,
                type_name or entry.type,  # type: ignore[union-attr]
                qos or (entry.qos if entry else QoS("reliable", 10)),
                kept.append,
            )
        self.participant.announce()

    def send(self, topic: str, message: Any, type_name: str, qos: QoS | None = None) -> None:
        """Publish, the first time after somebody has subscribed."""
        if topic not in self._publishers:
            self._publishers[topic] = self.participant.publisher(topic, type_name, qos or QoS("reliable", 10))
            self.wait(lambda: self._publishers[topic].subscriptions() > 0, f"a subscription to {topic}")
        assert self._publishers[topic].publish(message)

    def wait(self, condition: Callable[[], Any], what: str = "it") -> None:
        """Spin until the condition holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"{what} has not come"
            self.participant.spin_once(0.02)

    def spin(self, seconds: float) -> None:
        """Spin for a while."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.participant.spin_once(0.02)

    def say(self, text: str) -> None:
        """A plain expression."""
        self.send("/referring_expression", make("std_msgs/msg/String", data=text), "std_msgs/msg/String")

    def close(self) -> None:
        self.participant.close()


def header(stamp_ns: int | None = None, frame_id: str = "camera_optical_frame") -> Any:
    """A header stamped now, or as given."""
    now = time.time_ns() if stamp_ns is None else stamp_ns
    stamp = make("builtin_interfaces/msg/Time", sec=now // 10**9, nanosec=now % 10**9)
    return make("std_msgs/msg/Header", stamp=stamp, frame_id=frame_id)


def scene(height: int = 48, width: int = 64) -> np.ndarray:
    """A dark picture with a bright patch, rows 10 to 19, columns 20 to 39."""
    picture = np.full((height, width, 3), 20, np.uint8)
    picture[10:20, 20:40] = (220, 30, 40)
    return picture


def image(array: np.ndarray, stamp_ns: int | None = None) -> Any:
    """sensor_msgs/Image of an array."""
    return make("sensor_msgs/msg/Image", header=header(stamp_ns), **image_fields(array))


@pytest.fixture
def tester() -> Iterator[Tester]:
    """The other end of the node's topics."""
    tester = Tester()
    yield tester
    tester.close()


class RunningNode:
    """A perception node spinning in a thread."""

    def __init__(self, names: NodeNames, parameters: dict[str, object], segmenter: Any = None) -> None:
        self.segmenter = segmenter or Segmenter()
        self.drawn: list[int] = []

        def draw(picture: np.ndarray, results: Sequence[Result]) -> np.ndarray:
            self.drawn.append(len(results))
            return 255 - picture

        self.node = PerceptionNode(
            names.with_default_remaps(default_remaps()),
            Parameters.from_overrides(parameters),
            self.segmenter,
            draw,
            lambda: {"device": "double"},
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.node.spin, args=(self._stop,))
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        self.node.close()


@pytest.fixture
def start_node() -> Iterator[Callable[..., RunningNode]]:
    """Starts nodes, by default on a double: `start_node(names=NodeNames(...), max_rate=5.0, ...)`."""
    nodes: list[RunningNode] = []

    def start(
        names: NodeNames = NodeNames("ssp_sam"),  # noqa: B008
        segmenter: Any = None,
        **parameters: object,
    ) -> RunningNode:
        nodes.append(RunningNode(names, parameters, segmenter))
        return nodes[-1]

    yield start
    for node in nodes:
        node.close()


@pytest.fixture
def helpers() -> Any:
    """The message helpers of this file."""
    from types import SimpleNamespace

    return SimpleNamespace(header=header, scene=scene, image=image)
