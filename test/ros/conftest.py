"""A ROS domain of this test process's own, and a perception node on a double, spinning in a thread."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from ssp_sam_ros.interface import TOPICS
from ssp_sam_ros.interface.image_codec import image_fields
from ssp_sam_ros.perception.result import Outcome, Result

PATIENCE = 20.0


class Segmenter:
    """Finds bright pixels; nothing of what is called absent; can be held."""

    model_name = "double"
    weights_digest = "0" * 64
    no_target_threshold = 0.0
    no_target_min_pixels = 0.0
    prefers_batches = False

    def __init__(self) -> None:
        self.pictures: list[np.ndarray] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def encode(self, image: np.ndarray, key: Any = None) -> np.ndarray:
        self.pictures.append(image)
        assert self.may_go_on.wait(PATIENCE)
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
            return Result(text, name, Outcome.NO_TARGET, mask=mask, no_target_probability=0.9)
        rows, columns = np.nonzero(mask)
        box = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
        return Result(text, name, Outcome.FOUND, "", mask, box, (1.5, 2.5, 3.5, 4.5), 0.75, 0.1, "double")


@pytest.fixture(autouse=True, scope="session")
def ros() -> Iterator[None]:
    """rclpy on a domain that other processes, and other machines, do not see."""
    rclpy = pytest.importorskip("rclpy", reason="needs ROS 2: source its setup file")
    os.environ["ROS_DOMAIN_ID"] = str(100 + os.getpid() % 100)
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    rclpy.init()
    # While a context has no node, rmw_cyclonedds overlooks who leaves the graph and keeps them for good.
    keeper = rclpy.create_node("keeper")
    yield
    keeper.destroy_node()
    if rclpy.ok():
        rclpy.shutdown()


class Tester:
    """The other end: a node that publishes and keeps what comes back, by absolute topic."""

    def __init__(self) -> None:
        import rclpy
        from rclpy.executors import SingleThreadedExecutor

        self.node = rclpy.create_node("tester")
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self.received: dict[str, list[Any]] = {}
        self._publishers: dict[str, Any] = {}

    def listen(self, *topics: str) -> None:
        """Subscribe; type and QoS are those of the table entry with the topic's last name."""
        from ssp_sam_ros.ros.messages import message_class
        from ssp_sam_ros.ros.qos import ros_profile

        for topic in topics:
            entry = TOPICS[topic.rpartition("/")[2]]
            kept = self.received.setdefault(topic, [])
            self.node.create_subscription(
                message_class(entry.type), topic, kept.append, ros_profile(entry.qos)
            )

    def send(self, topic: str, message: Any, qos: Any = 10) -> None:
        """Publish, the first time after somebody has subscribed."""
        if topic not in self._publishers:
            self._publishers[topic] = publisher = self.node.create_publisher(type(message), topic, qos)
            self.wait(lambda: publisher.get_subscription_count() > 0, f"a subscription to {topic}")
        self._publishers[topic].publish(message)

    def wait(self, condition: Callable[[], Any], what: str = "it") -> None:
        """Spin until the condition holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"{what} has not come"
            self.executor.spin_once(0.02)

    def spin(self, seconds: float) -> None:
        """Spin for a while."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.executor.spin_once(0.02)

    def call(self, type_name: str, name: str, wait: Callable[[], Any] = bool, **fields: Any) -> Any:
        """Call a service and wait for its answer; `wait` is called in between."""
        from ssp_sam_ros.ros.messages import message_class

        service = message_class(type_name)
        client = self.node.create_client(service, name)
        self.wait(client.service_is_ready, name)
        future = client.call_async(service.Request(**fields))
        self.wait(lambda: (wait(), future.done())[1], f"the answer of {name}")
        self.node.destroy_client(client)
        return future.result()

    def say(self, text: str) -> None:
        """A plain expression."""
        from ssp_sam_ros.ros.messages import make

        self.send("/referring_expression", make("std_msgs/msg/String", data=text))

    def close(self) -> None:
        self.executor.shutdown()
        self.node.destroy_node()


@pytest.fixture
def tester(ros: None) -> Iterator[Tester]:
    """The other end of the node's topics and services."""
    tester = Tester()
    yield tester
    tester.close()


class RunningNode:
    """A perception node on a double, spinning in a thread, started unless `autostart` is false."""

    def __init__(self, arguments: Sequence[str], namespace: str) -> None:
        from rclpy.executors import SingleThreadedExecutor

        from ssp_sam_ros.engine.loading import Loaded
        from ssp_sam_ros.ros.perception_node import PerceptionNode

        self.segmenter = Segmenter()
        self.loads = 0

        def load(parameters: Any) -> Loaded:
            if parameters.text("weights") == "bad":
                raise ValueError("bad.safetensors is not there; download it")
            self.loads += 1
            return Loaded(self.segmenter, "double", lambda image, results: 255 - image, dict)

        remaps = ["-r", "image:=/camera/image_raw", "-r", "image/compressed:=/camera/image_raw/compressed"]
        self.node = PerceptionNode(
            load,
            namespace=namespace,
            cli_args=["--ros-args", *remaps, *arguments],
            use_global_arguments=False,
        )
        self.started = self.node.start()
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._executor.spin)
        self._thread.start()

    def close(self) -> None:
        self.segmenter.may_go_on.set()
        self._executor.shutdown()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        assert self.node.close()


@pytest.fixture
def start_node(ros: None) -> Iterator[Callable[..., RunningNode]]:
    """Starts perception nodes: `start_node("-p", "max_rate:=5.0", namespace="robot")`."""
    nodes: list[RunningNode] = []

    def start(*arguments: str, namespace: str = "") -> RunningNode:
        nodes.append(RunningNode(arguments, namespace))
        return nodes[-1]

    yield start
    for node in nodes:
        node.close()


class Helpers:
    """Messages for the tests."""

    @staticmethod
    def header(stamp: float | None = None) -> Any:
        """A header stamped now, or as given in seconds."""
        from ssp_sam_ros.ros.messages import make

        now = time.time_ns() if stamp is None else round(stamp * 1e9)
        time_message = make("builtin_interfaces/msg/Time", sec=now // 10**9, nanosec=now % 10**9)
        return make("std_msgs/msg/Header", stamp=time_message, frame_id="camera_optical_frame")

    @staticmethod
    def scene() -> np.ndarray:
        """A dark picture with a bright patch, rows 10 to 19, columns 20 to 39."""
        picture = np.full((48, 64, 3), 20, np.uint8)
        picture[10:20, 20:40] = (220, 30, 40)
        return picture

    def image(self, array: np.ndarray | None = None, stamp: float | None = None) -> Any:
        """sensor_msgs/Image of an array, the scene by default."""
        from ssp_sam_ros.ros.messages import make

        fields = image_fields(self.scene() if array is None else array)
        return make("sensor_msgs/msg/Image", header=self.header(stamp), **fields)

    def ask(self, tester: Tester, text: str, topic: str = "/ssp_sam/result") -> Any:
        """Ask and send pictures until the answer comes."""
        tester.say(text)

        def answers() -> list[Any]:
            return [r for r in tester.received[topic] if r.expression == text and r.outcome != 4]

        def shown() -> bool:
            tester.send("/camera/image_raw", self.image())
            tester.spin(0.05)
            return bool(answers())

        tester.wait(shown, f"an answer to {text!r}")
        return answers()[0]


@pytest.fixture
def helpers() -> Helpers:
    """The message helpers of this file."""
    return Helpers()
