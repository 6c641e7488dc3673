"""Messages as they come off the wire, into the session that both nodes share, and what it sends back."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from rosbags.serde import SerdeError

from fuzzing.damage import damaged
from fuzzing.networks import WORDS, small_segmenter
from fuzzing.promises import promise
from ssp_sam_ros.dds.messages import deserialize, make, serialize
from ssp_sam_ros.interface import Parameters
from ssp_sam_ros.interface.image_codec import (
    COLOUR_ENCODINGS,
    compressed_fields,
    decode_array,
    decode_compressed,
    decode_rgb,
    image_fields,
)
from ssp_sam_ros.perception.drawing import draw_overlay
from ssp_sam_ros.session.clock import SECOND
from ssp_sam_ros.session.composer import Composer
from ssp_sam_ros.session.diagnostics import InputState
from ssp_sam_ros.session.messages import MessageBuilder, nanoseconds_of
from ssp_sam_ros.session.outputs import Output
from ssp_sam_ros.session.session import Session

_START = 1_000 * SECOND
_STAMPS = (0, 1, -1, 2**31 - 1, -(2**31))
_ENCODINGS = (*COLOUR_ENCODINGS, "16UC1", "32FC1", "nv12", "")


class _Graph:
    """Everything is subscribed to, and serialised as for the wire."""

    def __init__(self) -> None:
        self.pictures: dict[int, tuple[int, int]] = {}
        self.sent = 0

    def wanted(self, camera: str) -> frozenset[Output]:
        return frozenset(Output)

    def undelivered(self) -> int:
        return 0

    def publish(self, camera: str, output: Output, message: Any) -> None:
        self.sent += 1
        serialize(message, message.__msgtype__)
        if output in (Output.MASK, Output.LABEL_IMAGE, Output.OVERLAY):
            stamp = nanoseconds_of(message.header.stamp)
            promise(stamp in self.pictures, f"{output} with the stamp of no picture")
            promise(decode_array(message).shape[:2] == self.pictures[stamp], f"{output} of another size")


class _World:
    """A session on a clock that the fuzzer turns."""

    def __init__(self, compressed: bool) -> None:
        self.now = _START
        self.graph = _Graph()
        self.compressed = compressed
        self.session = Session(
            "ssp_sam",
            small_segmenter("released"),
            self.graph,
            Composer(MessageBuilder(make), draw_overlay),
            self._decode,
            lambda: self.now,
            Parameters.from_overrides({"image_transport": "compressed" if compressed else "raw"}),
        )

    def _decode(self, message: Any) -> Any:
        try:
            image = decode_compressed(message) if self.compressed else decode_rgb(message)
        except ValueError:
            raise
        except Exception as error:
            raise SystemExit(f"the codec raises {error!r}, not ValueError") from error
        promise(image.ndim == 3 and image.shape[2] == 3 and image.dtype == np.uint8, f"decoded {image.shape}")
        self.graph.pictures[nanoseconds_of(message.header.stamp)] = image.shape[:2]
        return image


def fuzz(rng: np.random.Generator) -> str:
    """Nothing that arrives ends the session, and everything it sends can be sent."""
    logging.disable(logging.CRITICAL)  # what is wrong with the messages is logged, as it should be
    world = _World(compressed=bool(rng.random() < 0.3))
    unread = 0
    for _ in range(int(rng.integers(2, 8))):
        world.now += int(rng.choice([0, 1, SECOND // 10, SECOND, -SECOND]))
        key, message = _message(world, rng)
        type_name = message.__msgtype__
        data = serialize(message, type_name)
        if rng.random() < 0.5:
            data = damaged(data, rng, 3)
        try:
            received = deserialize(data, type_name)
        except SerdeError:
            unread += 1
            continue
        world.session.input(key, "")(received)
        while world.session.run_pending():
            pass
        world.session.tick()
    state = InputState("/camera/image_raw", "sensor_msgs/msg/Image", "best effort", 1, malformed=unread)
    statuses = world.session.diagnostics({"": state})
    array = MessageBuilder(make).diagnostics(make("std_msgs/msg/Header"), statuses)
    serialize(array, array.__msgtype__)
    return "answered" if world.graph.sent else "unread" if unread else "silent"


def _message(world: _World, rng: np.random.Generator) -> tuple[str, Any]:
    kinds = ("picture", "picture", "expression", "expression", "array", "depth", "calibration")
    match str(rng.choice(kinds)):
        case "picture" if world.compressed:
            return "compressed_image", _compressed(world, rng)
        case "picture":
            return "image", _image(world, rng)
        case "depth":
            message = _image(world, rng)
            message.encoding = str(rng.choice(["16UC1", "32FC1", "rgb8"]))
            return "depth_image", message
        case "calibration":
            numbers = rng.choice([0.0, 1.0, -1.0, 500.0, np.nan, np.inf, 1e-300], 9)
            return "camera_info", make("sensor_msgs/msg/CameraInfo", header=_header(world, rng), k=numbers)
        case "array":
            count = int(rng.integers(0, 40))
            texts = [" ".join(rng.choice(WORDS, 2)) for _ in range(count)]
            ids = [str(i % 30) for i in range(int(rng.choice([0, count, 1])))]
            kind = "ssp_sam_msgs/msg/ReferringExpressionArray"
            return "expressions", make(kind, header=_header(world, rng), ids=ids, texts=texts)
    words = rng.choice([*WORDS, "zebra", ""], int(rng.integers(0, 5)))
    text = " ".join(words) * int(rng.choice([1, 1, 1, 400]))
    return "referring_expression", make("std_msgs/msg/String", data=text)


def _header(world: _World, rng: np.random.Generator) -> Any:
    seconds, nanoseconds = divmod(world.now, SECOND)
    if rng.random() < 0.2:
        seconds, nanoseconds = int(rng.choice(_STAMPS)), int(rng.choice([0, 1, 2**32 - 1]))
    stamp = make("builtin_interfaces/msg/Time", sec=seconds, nanosec=nanoseconds)
    return make("std_msgs/msg/Header", stamp=stamp, frame_id=str(rng.choice(["camera", "", "é" * 99])))


def _pixels(rng: np.random.Generator) -> np.ndarray:
    height, width = (int(side) for side in rng.integers(1, 33, 2))
    return rng.integers(0, 256, (height, width, 3), np.uint8)


def _image(world: _World, rng: np.random.Generator) -> Any:
    fields = image_fields(_pixels(rng))
    if rng.random() < 0.7:
        fields["encoding"] = str(rng.choice(_ENCODINGS))
        fields["is_bigendian"] = int(rng.integers(0, 2))
    if rng.random() < 0.3:
        name = str(rng.choice(["height", "width", "step"]))
        fields[name] = int(rng.choice([0, 1, 2, 3, 7, 33, 2**31, 2**32 - 1]))
    return make("sensor_msgs/msg/Image", header=_header(world, rng), **fields)


def _compressed(world: _World, rng: np.random.Generator) -> Any:
    fields = compressed_fields(_pixels(rng))
    data = damaged(bytes(np.asarray(fields["data"])), rng, 3)
    fields["data"] = np.frombuffer(data, np.uint8)
    formats = ["jpeg", "rgb8; jpeg compressed bgr8", "bgr8; png compressed rgb8", ""]
    fields["format"] = str(rng.choice(formats))
    return make("sensor_msgs/msg/CompressedImage", header=_header(world, rng), **fields)
