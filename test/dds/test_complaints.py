"""What users of such nodes complain about, one test each (docs/complaints.md), with the shipped small model.

On the real graph where the graph is what matters, else on the session that both nodes run.
"""

from __future__ import annotations

import gc
import logging
import sys
import threading
import tracemalloc
from collections import Counter
from collections.abc import Callable, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from ssp_sam_ros.dds.messages import make
from ssp_sam_ros.interface import Parameters
from ssp_sam_ros.interface.image_codec import (
    COLOUR_ENCODINGS,
    compressed_fields,
    decode_array,
    decode_rgb,
    image_fields,
)
from ssp_sam_ros.interface.qos import QoS
from ssp_sam_ros.network import TextFeatures
from ssp_sam_ros.perception.drawing import draw_overlay
from ssp_sam_ros.perception.inference import EncodedPicture
from ssp_sam_ros.perception.result import Result
from ssp_sam_ros.perception.segmenter import Segmenter
from ssp_sam_ros.ros import conversion
from ssp_sam_ros.ros.loading import load
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
    """The shipped model, with room for a few pictures."""
    return Segmenter.load("ssp_sam_tiny", device="cpu", image_cache_bytes=8 * 2**20, text_cache_bytes=2**16)


def present(clip: Clip) -> ClipSentence:
    return next(sentence for sentence in clip.sentences if sentence.targets)


def iou(mask: Any, truth: np.ndarray) -> float:
    inside = decode_array(mask) > 0
    return float(np.count_nonzero(inside & truth) / np.count_nonzero(inside | truth))


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


def until(tester: Any, send: Callable[[], None], found: Callable[[], Sequence[Any]]) -> Any:
    """Send again and again until something is found."""

    def there() -> bool:
        send()
        tester.spin(0.2)
        return bool(found())

    tester.wait(there)
    return found()[0]


# --- 1. "Nothing is published" --------------------------------------------------------------------


@pytest.mark.parametrize("case", ["nobody", "other qos", "other type", "silent"])
def test_1_an_input_on_which_nothing_arrives_is_warned_of(
    start_node: Any, tester: Any, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    caplog.set_level(logging.WARNING, "ssp_sam")
    override = {"qos_overrides./camera/image_raw.subscription.reliability": "reliable"}
    start_node(**(override if case == "other qos" else {}))
    type_name = "std_msgs/msg/String" if case == "other type" else IMAGE
    if case != "nobody":
        qos = QoS("best_effort" if case == "other qos" else "reliable", 1)
        tester.participant.publisher("/camera/image_raw", type_name, qos)
    expected = {
        "nobody": f"no publisher on /camera/image_raw ({IMAGE}; best effort, volatile, keep last 1)",
        "other qos": "does not match: the publisher is best effort, the subscription wants reliable",
        "other type": "does not match: it sends std_msgs::msg::dds_::String_",
        "silent": f"a publisher is on /camera/image_raw ({IMAGE}; best effort, volatile, keep last 1)",
    }[case]
    tester.wait(lambda: any(expected in message for message in caplog.messages), expected)
    assert sum(expected in message for message in caplog.messages) == 1  # said once


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


# --- 3. A mask usable as it comes, 4. an explicit "I don't see it" --------------------------------


def test_3_the_mask_has_the_pictures_stamp_and_size(
    start_node: Any, tester: Any, helpers: Any, model: Segmenter, clip: Clip
) -> None:
    start_node(segmenter=model)
    tester.listen("/ssp_sam/mask", "/ssp_sam/result")
    sentence = present(clip)
    tester.say(sentence.text)
    width, height = 301, 227  # of no power of two, and of another shape than the network's input
    array = cv2.resize(clip.image(7), (width, height), interpolation=cv2.INTER_AREA)
    sent = []

    def send() -> None:
        sent.append(helpers.image(array))
        tester.send("/camera/image_raw", sent[-1], IMAGE)

    mask = until(tester, send, lambda: tester.received["/ssp_sam/mask"])
    assert any(mask.header == picture.header for picture in sent)  # to the nanosecond, the frame as well
    assert (mask.encoding, mask.width, mask.height, mask.step) == ("mono8", width, height, width)
    assert set(np.unique(decode_array(mask))) == {0, 255}
    truth = cv2.resize(clip.truth(7, sentence).astype(np.uint8), (width, height)) > 0
    assert iou(mask, truth) > IOU


def test_4_what_is_not_there_is_said_and_no_result_is_a_stale_one(
    start_node: Any, tester: Any, helpers: Any, model: Segmenter, clip: Clip
) -> None:
    start_node(segmenter=model, max_image_age=0.4)
    topics = [f"/ssp_sam/{key}" for key in ("result", "mask", "no_target", "bounding_box")]
    tester.listen(*topics)
    absent = next(sentence for sentence in clip.sentences if not sentence.targets)
    tester.say(absent.text)
    results, masks, flags, boxes = (tester.received[topic] for topic in topics)

    def send() -> None:
        tester.send("/camera/image_raw", helpers.image(clip.image(7)), IMAGE)

    result = until(tester, send, lambda: [r for r in results if r.outcome != STALE])
    tester.wait(lambda: masks and flags and boxes)
    assert result.outcome == NO_TARGET
    assert flags[0].data is True
    assert not decode_array(masks[0]).any()
    assert (boxes[0].bbox.size_x, len(boxes[0].results)) == (0.0, 0)
    # The camera stops: that is said, and nothing that looks like an answer is repeated.
    tester.wait(lambda: results[-1].outcome == STALE)
    counts = [len(kept) for kept in (results, masks, flags, boxes)]
    assert "max_image_age" in results[-1].reason
    assert results[-1].mask.height == 0
    tester.spin(1.0)
    assert [len(kept) for kept in (results, masks, flags, boxes)] == counts


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
    """New pictures, sentences and depth all the time: after 48 of them no more is alive than after 32."""
    now = [0.0]
    session, graph = make_session(model, lambda: round(now[0] * SECOND), static_scene_threshold=1.0)
    calibration = SimpleNamespace(k=[100.0, 0, 64, 0, 100.0, 48, 0, 0, 1], p=[0.0] * 12)
    session.inputs.camera_info("", calibration)
    depth = np.full((96, 128), 1500, np.uint16)
    small = [cv2.resize(clip.image(i % len(clip.frames)), (128, 96)) for i in range(32)]
    colours, nouns = ("red", "blue", "green", "yellow"), ("mug", "bowl", "plate", "ball")
    counted = (Picture, EncodedPicture, TextFeatures, DepthMatch, Result)

    def work(first: int) -> tuple[Counter[str], int]:
        for i in range(first, first + 16):
            session.inputs.refer(f"the {colours[i % 4]} {nouns[i // 4 % 4]}")
            for _ in range(4):
                now[0] += 0.01
                session.inputs.depth("", image_at(now[0], depth))
            session.inputs.picture("", image_at(now[0], small[i % 32]))
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
        before, bytes_before = work(16)
        after, bytes_after = work(32)
    finally:
        tracemalloc.stop()
    assert all(after[name] <= before[name] for name in (t.__name__ for t in counted)), (before, after)
    assert bytes_after - bytes_before < small[0].nbytes  # less than one picture in sixteen
    stats = model.cache_stats()
    assert all(cache.nbytes <= cache.capacity for cache in stats.values())


# --- 8. Compressed input, 9. several cameras, 10. depth -------------------------------------------


def test_8_compressed_pictures_are_answered_like_raw_ones(
    start_node: Any, tester: Any, helpers: Any, model: Segmenter, clip: Clip
) -> None:
    start_node(segmenter=model, image_transport="compressed")
    tester.listen("/ssp_sam/result")
    sentence = present(clip)
    tester.say(sentence.text)
    fields = compressed_fields(clip.image(7))
    kind = "sensor_msgs/msg/CompressedImage"

    def send() -> None:
        tester.send("/camera/image_raw/compressed", make(kind, header=helpers.header(), **fields), kind)

    result = until(
        tester, send, lambda: [r for r in tester.received["/ssp_sam/result"] if r.outcome == FOUND]
    )
    assert (result.mask.width, result.mask.height) == clip.size
    assert iou(result.mask, clip.truth(7, sentence)) > IOU


@pytest.mark.parametrize("batch", ["never", "always"])
def test_9_each_of_several_cameras_is_answered_on_its_own_picture(
    start_node: Any, tester: Any, helpers: Any, model: Segmenter, clip: Clip, batch: str
) -> None:
    start_node(segmenter=model, cameras=["left", "right"], batch_cameras=batch)
    topics = {"left": "/ssp_sam/left/result", "right": "/ssp_sam/right/result"}
    tester.listen(*topics.values())
    sentence = present(clip)
    tester.say(sentence.text)
    pictures = {"left": clip.image(0), "right": clip.image(7)[:, ::-1]}
    truths = {"left": clip.truth(0, sentence), "right": clip.truth(7, sentence)[:, ::-1]}

    def send() -> None:
        for camera, array in pictures.items():
            tester.send(f"/{camera}/image", helpers.image(array), IMAGE)

    def found(camera: str) -> list[Any]:
        return [r for r in tester.received[topics[camera]] if r.outcome == FOUND]

    until(tester, send, lambda: found("left") and found("right"))
    for camera, truth in truths.items():
        assert iou(found(camera)[0].mask, truth) > IOU


def test_10_the_target_is_where_depth_says(
    start_node: Any, tester: Any, helpers: Any, model: Segmenter, clip: Clip
) -> None:
    start_node(segmenter=model)
    tester.listen("/ssp_sam/result", "/ssp_sam/target_points")
    tester.say(present(clip).text)
    width, height = clip.size
    k = np.array([600.0, 0, width / 2, 0, 600.0, height / 2, 0, 0, 1])
    depth = np.full((height, width), 1250, np.uint16)

    def send() -> None:
        tester.send(
            "/camera/camera_info", make("sensor_msgs/msg/CameraInfo", k=k), "sensor_msgs/msg/CameraInfo"
        )
        picture = helpers.image(clip.image(7))
        tester.send(
            "/camera/depth/image_raw", make(IMAGE, header=picture.header, **image_fields(depth)), IMAGE
        )
        tester.send("/camera/image_raw", picture, IMAGE)

    results = tester.received["/ssp_sam/result"]
    result = until(tester, send, lambda: [r for r in results if r.depth_pixels])
    rows, columns = np.nonzero(decode_array(result.mask))
    assert result.depth_pixels == len(rows)
    x, y = (columns.mean() - width / 2) / 600 * 1.25, (rows.mean() - height / 2) / 600 * 1.25
    centroid, extent = result.centroid, result.extent
    np.testing.assert_allclose((centroid.x, centroid.y, centroid.z), (x, y, 1.25), atol=1e-4)
    sides = (np.ptp(columns) / 600 * 1.25, np.ptp(rows) / 600 * 1.25, 0.0)
    np.testing.assert_allclose((extent.x, extent.y, extent.z), sides, atol=1e-4)
    tester.wait(lambda: tester.received["/ssp_sam/target_points"])
    assert tester.received["/ssp_sam/target_points"][0].header.frame_id == "camera_optical_frame"
