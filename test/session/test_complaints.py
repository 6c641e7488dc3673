"""What users of such nodes complain about (docs/complaints.md): what the session does, which both nodes run.

With the shipped small model; those of the graph are in test/dds/test_complaints.py.
"""

from __future__ import annotations

import gc
import sys
import threading
import tracemalloc
from collections import Counter
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from ssp_sam_ros.dds.messages import make
from ssp_sam_ros.engine.loading import load
from ssp_sam_ros.interface import Parameters
from ssp_sam_ros.interface.image_codec import (
    COLOUR_ENCODINGS,
    decode_rgb,
    image_fields,
)
from ssp_sam_ros.network import TextFeatures
from ssp_sam_ros.perception.drawing import draw_overlay
from ssp_sam_ros.perception.inference import EncodedPicture
from ssp_sam_ros.perception.result import Result
from ssp_sam_ros.perception.segmenter import Segmenter
from ssp_sam_ros.ros import conversion
from ssp_sam_ros.session.clock import SECOND
from ssp_sam_ros.session.composer import Composer
from ssp_sam_ros.session.depth import DepthMatch
from ssp_sam_ros.session.diagnostics import InputState
from ssp_sam_ros.session.messages import MessageBuilder
from ssp_sam_ros.session.outputs import Output
from ssp_sam_ros.session.schedule import Picture
from ssp_sam_ros.session.session import Session
from ssp_sam_ros.sim.clip import Clip, ClipSentence, load_clip

IMAGE = "sensor_msgs/msg/Image"
FOUND, NO_TARGET, STALE = 1, 2, 4
IOU = 0.5


@pytest.fixture(scope="module")
def clip() -> Clip:
    return load_clip()


@pytest.fixture(scope="module")
def model() -> Segmenter:
    """The shipped model, with room for four pictures and three sentences."""
    return Segmenter.load("ssp_sam_tiny", device="cpu", image_cache_bytes=4 * 2**20, text_cache_bytes=2**16)


def present(clip: Clip) -> ClipSentence:
    return next(sentence for sentence in clip.sentences if sentence.targets)


class Graph:
    """Takes what a session publishes."""

    def __init__(self) -> None:
        self.published: list[tuple[str, Output, Any]] = []

    def wanted(self, camera: str) -> frozenset[Output]:
        return frozenset({Output.RESULT, Output.MASK, Output.TARGET_POINTS})

    def publish(self, camera: str, output: Output, message: Any) -> None:
        self.published.append((camera, output, message))

    def undelivered(self) -> int:
        return 0

    def of(self, output: Output) -> list[Any]:
        return [message for _, kind, message in self.published if kind is output]


def make_session(model: Any, clock: Callable[[], int], **parameters: object) -> tuple[Session, Graph]:
    graph = Graph()
    composer = Composer(MessageBuilder(make), draw_overlay)
    checked = Parameters.from_overrides(parameters)
    return Session("ssp_sam", model, graph, composer, decode_rgb, clock, checked), graph


def image_at(seconds: float, array: np.ndarray) -> Any:
    stamp = make("builtin_interfaces/msg/Time", sec=int(seconds), nanosec=round(seconds % 1 * SECOND))
    header = make("std_msgs/msg/Header", stamp=stamp, frame_id="camera_optical_frame")
    return make(IMAGE, header=header, **image_fields(array))


# --- 2. Latency that grows ------------------------------------------------------------------------


def test_2_the_newest_picture_wins_and_nobody_waits_for_inference(model: Segmenter, clip: Clip) -> None:
    busy, go_on = threading.Event(), threading.Event()

    def decode(message: Any) -> np.ndarray:
        busy.set()
        assert go_on.wait(30)
        return decode_rgb(message)

    graph = Graph()
    composer = Composer(MessageBuilder(make), draw_overlay)
    session = Session(
        "ssp_sam", model, graph, composer, decode, lambda: 2 * SECOND, Parameters.from_overrides({})
    )
    session.start()
    session.inputs.refer_array(
        make("ssp_sam_msgs/msg/ReferringExpressionArray", texts=[present(clip).text], header=_header(1))
    )
    session.inputs.picture("", image_at(1.6, clip.image(0)))
    assert busy.wait(30)
    for i in range(1, 40):  # in this thread, as the executor does, and while the network is busy
        session.inputs.picture("", image_at(1.6 + i / 100, clip.image(1)))
        session.tick()
    status = session.diagnostics({"": InputState("/camera/image_raw", IMAGE, "best effort", 1)})[-1]
    assert status.values["pictures dropped for newer ones"] == 38
    waiting = [o for o in gc.get_objects() if isinstance(o, Picture)]
    assert len(waiting) <= 2  # the one at hand and the newest
    go_on.set()
    deadline = threading.Event()
    for _ in range(600):
        if len(graph.of(Output.RESULT)) == 2:
            break
        deadline.wait(0.05)
    assert session.close(30)
    stamps = [result.header.stamp.nanosec for result in graph.of(Output.RESULT)]
    assert stamps == [600_000_000, 990_000_000]


def _header(seconds: int) -> Any:
    return make("std_msgs/msg/Header", stamp=make("builtin_interfaces/msg/Time", sec=seconds))


# --- 5. Weights, 6. cv_bridge ---------------------------------------------------------------------


@pytest.mark.parametrize("case", ["missing", "cut off", "not weights", "of another model", "not shipped"])
def test_5_weights_that_cannot_be_used_stop_with_one_line(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, case: str, repository: Any
) -> None:
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("something is downloaded"))
    path, model = tmp_path / "weights.safetensors", "ssp_sam_tiny"
    shipped = (repository / "ssp_sam_ros/assets/ssp_sam_tiny.safetensors").read_bytes()
    if case == "cut off":
        path.write_bytes(shipped[: len(shipped) // 2])
    elif case == "not weights":
        path.write_bytes(b"<html>404: not found</html>" * 100)
    elif case == "of another model":
        path.write_bytes(shipped)
        model = "ssp_sam_224"
    parameters = {"model": model, "device": "cpu", "weights": str(path)}
    if case == "not shipped":
        parameters = {"model": "ssp_sam_224", "device": "cpu"}
        monkeypatch.setenv("SSP_SAM_WEIGHTS", str(tmp_path))
    with pytest.raises(ValueError) as caught:
        load(Parameters.from_overrides(parameters))
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) > 40
    assert case == "not shipped" or str(path) in text


@pytest.mark.parametrize("failure", ["attribute", "import", "wrong pixels"])
def test_6_a_cv_bridge_that_does_not_work_is_done_without(
    monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    """As with NumPy 2 beside a cv_bridge that was built for NumPy 1."""
    module = ModuleType("cv_bridge")

    class CvBridge:
        def imgmsg_to_cv2(self, message: Any, encoding: str) -> np.ndarray:
            if failure == "attribute":
                raise AttributeError("_ARRAY_API not found")
            return np.zeros((1, 1, 3), np.uint8)

    if failure != "import":
        monkeypatch.setattr(module, "CvBridge", CvBridge, raising=False)
    monkeypatch.setitem(sys.modules, "cv_bridge", module)
    monkeypatch.setattr(conversion, "make", make)
    decode = conversion.raw_decoder()
    for encoding in COLOUR_ENCODINGS:
        channels = {"rgb": 3, "bgr": 3, "yuv": 2, "uyv": 2, "yuy": 2}.get(encoding[:3], 1)
        channels += encoding[:4] in ("rgba", "bgra")
        row = 8 * channels * (2 if encoding.endswith("16") else 1)
        data = np.arange(6 * (row + 4), dtype=np.uint8)
        message = make(IMAGE, height=6, width=8, encoding=encoding, step=row + 4, data=data)
        np.testing.assert_array_equal(decode(message), decode_rgb(message))


# --- 7. Memory that creeps ------------------------------------------------------------------------


def test_7_memory_does_not_creep(model: Segmenter, clip: Clip) -> None:
    """New pictures, sentences and depth all the time: after 24 of them no more is alive than after 16."""
    now = [0.0]
    session, graph = make_session(model, lambda: round(now[0] * SECOND), static_scene_threshold=1.0)
    calibration = SimpleNamespace(k=[100.0, 0, 64, 0, 100.0, 48, 0, 0, 1], p=[0.0] * 12)
    session.inputs.camera_info("", calibration)
    depth = np.full((96, 128), 1500, np.uint16)
    small = [cv2.resize(clip.image(i % len(clip.frames)), (128, 96)) for i in range(24)]
    colours, nouns = ("red", "blue", "green", "yellow"), ("mug", "bowl", "plate", "ball")
    counted = (Picture, EncodedPicture, TextFeatures, DepthMatch, Result)

    def work(first: int) -> tuple[Counter[str], int]:
        for i in range(first, first + 8):
            session.inputs.refer(f"the {colours[i % 4]} {nouns[i // 4 % 4]}")
            for _ in range(4):
                now[0] += 0.01
                session.inputs.depth("", image_at(now[0], depth))
            session.inputs.picture("", image_at(now[0], small[i]))
            assert session.run_pending()
            session.tick()
            graph.published.clear()
        gc.collect()
        alive = Counter(type(o).__name__ for o in gc.get_objects() if type(o) in counted)
        return alive, tracemalloc.get_traced_memory()[0]

    model.clear_caches()
    tracemalloc.start()
    try:
        work(0)
        before, bytes_before = work(8)
        after, bytes_after = work(16)
    finally:
        tracemalloc.stop()
    assert all(after[name] <= before[name] for name in (t.__name__ for t in counted)), (before, after)
    assert bytes_after - bytes_before < small[0].nbytes  # less than one picture in eight
    stats = model.cache_stats()
    assert all(cache.nbytes <= cache.capacity for cache in stats.values())
