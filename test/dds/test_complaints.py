"""What users of such nodes complain about (docs/complaints.md): what shows on the graph.

With the shipped small model; those of the session are in test/session/test_complaints.py.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
import pytest

from ssp_sam_ros.dds.messages import make
from ssp_sam_ros.interface.image_codec import (
    compressed_fields,
    decode_array,
    image_fields,
)
from ssp_sam_ros.interface.qos import QoS
from ssp_sam_ros.perception.segmenter import Segmenter
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
