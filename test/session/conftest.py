"""A session on doubles: a clock turned by hand, a segmenter that can be held or fail, a recording graph."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from ssp_sam_ros.dds.messages import make
from ssp_sam_ros.interface import Parameters
from ssp_sam_ros.interface.image_codec import decode_rgb, image_fields
from ssp_sam_ros.perception.result import Outcome, Result
from ssp_sam_ros.session.clock import SECOND
from ssp_sam_ros.session.composer import Composer
from ssp_sam_ros.session.messages import MessageBuilder
from ssp_sam_ros.session.outputs import Output
from ssp_sam_ros.session.session import Session

START = 1_000 * SECOND


class Clock:
    """Seconds since START, set by the test."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> int:
        return START + round(self.seconds * SECOND)


class Segmenter:
    """Finds all but what is called absent in the picture's left half; can be held, and made to fail."""

    model_name = "double"
    weights_digest = "0" * 64
    no_target_threshold = 0.0
    no_target_min_pixels = 0.0
    prefers_batches = False

    def __init__(self) -> None:
        self.pictures: list[int] = []
        self.batches: list[list[int]] = []
        self.keys: list[Any] = []
        self.asked: list[tuple[str, ...]] = []
        self.fails: Exception | None = None
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.working = threading.Event()

    def encode(self, image: np.ndarray, key: Any = None) -> np.ndarray:
        self.pictures.append(int(image[0, 0, 0]))
        self.keys.append(key)
        self.working.set()
        assert self.may_go_on.wait(10)
        if self.fails is not None:
            raise self.fails
        return image

    def encode_batch(self, images: Sequence[np.ndarray], keys: Sequence[Any]) -> list[np.ndarray]:
        self.batches.append([int(image[0, 0, 0]) for image in images])
        return [self.encode(image, key) for image, key in zip(images, keys, strict=True)]

    def refer_batch(
        self, frames: Sequence[np.ndarray], expressions: Sequence[str], ids: Sequence[str] | None = None
    ) -> list[list[Result]]:
        return [self.refer(frame, expressions, ids) for frame in frames]

    def refer(
        self, frame: np.ndarray, expressions: Sequence[str], ids: Sequence[str] | None = None
    ) -> list[Result]:
        self.asked.append(tuple(expressions))
        return [self._result(frame, text, name) for text, name in zip(expressions, ids or [], strict=True)]

    def _result(self, frame: np.ndarray, text: str, name: str) -> Result:
        if not text or "zebra" in text:
            return Result(text, name, Outcome.FAILED, "unknown word", unknown_words=("zebra",))
        mask = np.zeros(frame.shape[:2], np.uint8)
        if "absent" in text:
            return Result(text, name, Outcome.NO_TARGET, mask=mask, no_target_probability=0.9)
        mask[1:3, : frame.shape[1] // 2] = 255
        box = (0, 1, frame.shape[1] // 2, 3)
        return Result(
            text, name, Outcome.FOUND, "", mask, box, (0.5, 1.5, 4.5, 3.5), 0.75, 0.1, "double", "0" * 64
        )


class Graph:
    """Says what is subscribed and keeps what was published."""

    def __init__(self) -> None:
        self.subscribed: frozenset[Output] = frozenset(Output)
        self.published: list[tuple[str, Output, Any]] = []
        self.arrived = threading.Condition()

    def wanted(self, camera: str) -> frozenset[Output]:
        return self.subscribed

    def publish(self, camera: str, output: Output, message: Any) -> None:
        with self.arrived:
            self.published.append((camera, output, message))
            self.arrived.notify_all()

    def undelivered(self) -> int:
        return 0

    def of(self, output: Output, camera: str = "") -> list[Any]:
        return [message for c, o, message in self.published if (c, o) == (camera, output)]

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self.arrived:
            assert self.arrived.wait_for(condition, timeout=10)


class World:
    """Everything around a session."""

    def __init__(self, **parameters: Any) -> None:
        self.clock = Clock()
        self.segmenter = Segmenter()
        self.graph = Graph()
        self.session = Session(
            "ssp_sam",
            self.segmenter,
            self.graph,
            Composer(MessageBuilder(make), lambda image, results: np.array(image)),
            decode_rgb,
            self.clock,
            Parameters.from_overrides(parameters),
        )

    def stamp(self, seconds: float) -> Any:
        nanoseconds = START + round(seconds * SECOND)
        return make("builtin_interfaces/msg/Time", sec=nanoseconds // SECOND, nanosec=nanoseconds % SECOND)

    def header(self, seconds: float, frame_id: str = "camera_optical_frame") -> Any:
        return make("std_msgs/msg/Header", stamp=self.stamp(seconds), frame_id=frame_id)

    def image(self, seconds: float, value: int = 0) -> Any:
        """A 4 x 8 picture; `value` is its first byte."""
        array = np.full((4, 8, 3), value, np.uint8)
        return make("sensor_msgs/msg/Image", header=self.header(seconds), **image_fields(array))

    def depth(self, seconds: float, millimetres: int = 2000) -> Any:
        """The same for depth, everywhere as far away."""
        array = np.full((4, 8), millimetres, np.uint16)
        return make("sensor_msgs/msg/Image", header=self.header(seconds), **image_fields(array))

    def calibrate(self, camera: str = "") -> None:
        """The camera's calibration arrives: 2 pixels' focal length, centre in the corner."""
        message = make("sensor_msgs/msg/CameraInfo", k=np.array([2.0, 0, 0, 0, 2.0, 0, 0, 0, 1]))
        self.session.inputs.camera_info(camera, message)

    def show(self, seconds: float, value: int = 0, camera: str = "") -> None:
        """A picture stamped `seconds` arrives at that time."""
        self.clock.seconds = seconds
        self.session.inputs.picture(camera, self.image(seconds, value))

    def expressions(self, texts: Sequence[str], ids: Sequence[str] = (), seconds: float | None = None) -> Any:
        header = make("std_msgs/msg/Header") if seconds is None else self.header(seconds)
        return make(
            "ssp_sam_msgs/msg/ReferringExpressionArray", header=header, ids=list(ids), texts=list(texts)
        )


@pytest.fixture
def world() -> World:
    """A session whose worker does not run: `session.run_pending()` does its work in the test's thread."""
    return World()


@pytest.fixture
def make_world() -> Callable[..., World]:
    """The same with parameters."""
    return World


@pytest.fixture
def running() -> Iterator[World]:
    """A session with its worker's thread."""
    world = World()
    world.session.start()
    yield world
    world.segmenter.may_go_on.set()
    world.session.close()
