"""cv_bridge and the codec that needs no ROS give the same pixels."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source its setup file")

from ssp_sam_ros.interface.image_codec import COLOUR_ENCODINGS, compressed_fields, decode_rgb
from ssp_sam_ros.ros import conversion
from ssp_sam_ros.ros.messages import make

pytestmark = pytest.mark.ros

WIDE = {"rgb16", "bgr16", "mono16"}
CHANNELS = {"rgba8": 4, "bgra8": 4, "rgb8": 3, "bgr8": 3, "rgb16": 3, "bgr16": 3}
CHANNELS |= dict.fromkeys(("yuv422", "uyvy", "yuv422_yuy2", "yuyv"), 2)


def message(encoding: str, padding: int = 0, big_endian: bool = False) -> Any:
    """A random picture of 6 x 8 pixels."""
    rng = np.random.default_rng(0)
    wide = encoding in WIDE or encoding.endswith("16")
    row = 8 * CHANNELS.get(encoding, 1) * (2 if wide else 1)
    data = rng.integers(0, 256, (6, row + padding), np.uint8)
    return make(
        "sensor_msgs/msg/Image",
        height=6,
        width=8,
        encoding=encoding,
        is_bigendian=int(big_endian),
        step=row + padding,
        data=data.reshape(-1),
    )


@pytest.fixture
def bridge() -> Any:
    found = conversion._working_bridge()
    if found is None:
        pytest.skip("needs a cv_bridge whose compiled part loads")
    return found


@pytest.mark.parametrize("encoding", COLOUR_ENCODINGS)
def test_cv_bridge_gives_the_codecs_pixels(bridge: Any, encoding: str) -> None:
    picture = message(encoding)
    try:
        expected = bridge(picture, "rgb8")
    except Exception as error:
        pytest.skip(f"this cv_bridge does not convert {encoding}: {error}")
    np.testing.assert_array_equal(decode_rgb(picture), expected)


@pytest.mark.parametrize("encoding", COLOUR_ENCODINGS)
@pytest.mark.parametrize("padding", [0, 1, 6])
@pytest.mark.parametrize("big_endian", [False, True])
def test_the_nodes_decoder_gives_the_codecs_pixels(encoding: str, padding: int, big_endian: bool) -> None:
    picture = message(encoding, padding, big_endian)
    np.testing.assert_array_equal(conversion.raw_decoder()(picture), decode_rgb(picture))


def test_a_bad_message_is_refused() -> None:
    picture = message("rgb8")
    picture.height = 7
    with pytest.raises(ValueError, match="data has"):
        conversion.raw_decoder()(picture)


def test_without_cv_bridge_the_codec_decodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cv_bridge", None)
    assert conversion.raw_decoder() is decode_rgb


def test_compressed_pictures_as_cv_bridge_reads_them(bridge: Any) -> None:
    from cv_bridge import CvBridge

    rng = np.random.default_rng(0)
    picture = cv2.resize(rng.integers(0, 256, (4, 6, 3), np.uint8), (96, 64))
    packed = make("sensor_msgs/msg/CompressedImage", **compressed_fields(picture))
    np.testing.assert_array_equal(
        conversion.picture_decoder("compressed")(packed), CvBridge().compressed_imgmsg_to_cv2(packed, "rgb8")
    )
