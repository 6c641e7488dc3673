"""sensor_msgs/Image and CompressedImage, raw bytes to NumPy and back, without cv_bridge.

Pixels equal those of cv_bridge: 16-bit grey scales by 255/65535, Bayer patterns are demosaiced by OpenCV's
bilinear method, YUV 4:2:2 is BT.601 limited range. Colour arrays are RGB, as everywhere in this package.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Pixels = NDArray[np.uint8]


class ImageMessage(Protocol):
    """The fields of sensor_msgs/Image that say how to read `data`."""

    height: int
    width: int
    encoding: str
    is_bigendian: int
    step: int
    data: object


class CompressedImageMessage(Protocol):
    """The fields of sensor_msgs/CompressedImage that say how to read `data`."""

    format: str
    data: object


@dataclass(frozen=True)
class _Encoding:
    dtype: type[np.generic]
    channels: int
    to_rgb: Callable[[Array], Array] | None = None  # None: not a colour picture
    even_width: bool = False


def _cvt(code: int) -> Callable[[Array], Array]:
    return lambda array: cv2.cvtColor(array, code)


def _same(array: Array) -> Array:
    return array


_GREY = _cvt(cv2.COLOR_GRAY2RGB)
_UYVY = _Encoding(np.uint8, 2, _cvt(cv2.COLOR_YUV2RGB_UYVY), even_width=True)
_YUYV = _Encoding(np.uint8, 2, _cvt(cv2.COLOR_YUV2RGB_YUYV), even_width=True)

# OpenCV names a Bayer pattern by the second row's second and third pixel, ROS by the first row's first two.
_BAYER = {
    "rggb": cv2.COLOR_BayerBG2RGB,
    "bggr": cv2.COLOR_BayerRG2RGB,
    "gbrg": cv2.COLOR_BayerGR2RGB,
    "grbg": cv2.COLOR_BayerGB2RGB,
}

_ENCODINGS: dict[str, _Encoding] = {
    "rgb8": _Encoding(np.uint8, 3, _same),
    "bgr8": _Encoding(np.uint8, 3, _cvt(cv2.COLOR_BGR2RGB)),
    "rgba8": _Encoding(np.uint8, 4, _cvt(cv2.COLOR_RGBA2RGB)),
    "bgra8": _Encoding(np.uint8, 4, _cvt(cv2.COLOR_BGRA2RGB)),
    "rgb16": _Encoding(np.uint16, 3, _same),
    "bgr16": _Encoding(np.uint16, 3, _cvt(cv2.COLOR_BGR2RGB)),
    "mono8": _Encoding(np.uint8, 1, _GREY),
    "8UC1": _Encoding(np.uint8, 1, _GREY),
    "mono16": _Encoding(np.uint16, 1, _GREY),
    "yuv422": _UYVY,
    "uyvy": _UYVY,
    "yuv422_yuy2": _YUYV,
    "yuyv": _YUYV,
    "16UC1": _Encoding(np.uint16, 1),
    "32FC1": _Encoding(np.float32, 1),
    **{f"bayer_{name}8": _Encoding(np.uint8, 1, _cvt(code)) for name, code in _BAYER.items()},
    **{f"bayer_{name}16": _Encoding(np.uint16, 1, _cvt(code)) for name, code in _BAYER.items()},
}

COLOUR_ENCODINGS = tuple(name for name, encoding in _ENCODINGS.items() if encoding.to_rgb)
DEPTH_ENCODINGS = ("16UC1", "32FC1")

_TO_8_BIT = np.rint(np.arange(65536) * (255.0 / 65535.0)).astype(np.uint8)


def decode_array(message: ImageMessage) -> Array:
    """The picture as it is stored, without conversion of colours.

    Returns:
        (height, width) or (height, width, channels) in the machine's byte order; a view of the message's data
        where rows have no padding and the byte order fits.

    Raises:
        ValueError: the encoding is unknown, or size, step and data do not fit each other.
    """
    encoding = _ENCODINGS.get(message.encoding)
    if encoding is None:
        raise ValueError(
            f"encoding {message.encoding!r} is not supported; these are: {', '.join(sorted(_ENCODINGS))}"
        )
    height, width, step = int(message.height), int(message.width), int(message.step)
    if height < 1 or width < 1:
        raise ValueError(f"the picture is empty ({width} x {height})")
    if encoding.even_width and width % 2:
        raise ValueError(f"encoding {message.encoding!r} needs an even width, not {width}")
    dtype = np.dtype(encoding.dtype)
    row = width * encoding.channels * dtype.itemsize
    if step < row:
        raise ValueError(
            f"step {step} is less than the {row} bytes of a row of {width} {message.encoding} pixels"
        )
    data = np.frombuffer(message.data, dtype=np.uint8)  # type: ignore[call-overload]
    needed = step * (height - 1) + row  # some drivers leave out the last row's padding
    if data.size < needed:
        raise ValueError(f"data has {data.size} bytes, {width} x {height} {message.encoding} needs {needed}")
    rows = np.lib.stride_tricks.as_strided(data, (height, row), (step, 1), writeable=False)
    if step != row or dtype.itemsize > 1:
        rows = np.ascontiguousarray(rows)
    array = rows.view(dtype.newbyteorder(">" if message.is_bigendian else "<")).astype(dtype, copy=False)
    return array.reshape(height, width) if encoding.channels == 1 else array.reshape(height, width, -1)


def decode_rgb(message: ImageMessage) -> Pixels:
    """The picture as (height, width, 3) uint8 RGB; may be a read-only view of the message's data.

    Raises:
        ValueError: the encoding is unknown or holds no colour picture, or the message is inconsistent.
    """
    array = decode_array(message)
    to_rgb = _ENCODINGS[message.encoding].to_rgb
    if to_rgb is None:
        raise ValueError(
            f"encoding {message.encoding!r} is a depth or label picture, not one to look at; "
            f"these are: {', '.join(COLOUR_ENCODINGS)}"
        )
    rgb = to_rgb(array)
    return np.asarray(_TO_8_BIT[rgb] if rgb.dtype == np.uint16 else rgb, dtype=np.uint8)


def decode_depth(message: ImageMessage) -> NDArray[np.float32]:
    """Depth in metres, (height, width) float32, NaN where there is none (REP-118).

    Raises:
        ValueError: the encoding is neither 16UC1 (mm) nor 32FC1 (m), or the message is inconsistent.
    """
    if message.encoding not in DEPTH_ENCODINGS:
        raise ValueError(f"depth must be 16UC1 (mm) or 32FC1 (m), not {message.encoding!r}")
    array = decode_array(message)
    metres = array.astype(np.float32)
    if message.encoding == "16UC1":
        metres *= np.float32(0.001)
    metres[~np.isfinite(metres) | (metres <= 0)] = np.nan
    return metres


def decode_compressed(message: CompressedImageMessage) -> Pixels:
    """A JPEG or PNG picture as (height, width, 3) uint8 RGB.

    Raises:
        ValueError: the data is no picture that OpenCV can read.
    """
    data = np.frombuffer(message.data, dtype=np.uint8)  # type: ignore[call-overload]
    picture = None
    if data.size:
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if picture is None:
        raise ValueError(f"the compressed picture ({message.format!r}, {data.size} bytes) cannot be decoded")
    # image_transport notes the channel order that went into the file, e.g. "rgb8; jpeg compressed bgr8".
    if "compressed rgb" in message.format:
        return np.asarray(picture, dtype=np.uint8)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)


_STORED: dict[tuple[str, int], str] = {("uint8", 2): "mono8", ("uint8", 3): "rgb8", ("uint16", 2): "16UC1"}


def image_fields(array: Array) -> dict[str, object]:
    """The fields of sensor_msgs/Image for an array, all but the header.

    Args:
        array: (height, width) uint8 becomes mono8, (height, width, 3) uint8 rgb8, (height, width) uint16
        16UC1,
            (height, width) float32 32FC1.

    Returns:
        `data` is a flat uint8 view where the array is contiguous.

    Raises:
        ValueError: another shape or dtype.
    """
    encoding = "32FC1" if array.dtype == np.float32 and array.ndim == 2 else None
    encoding = encoding or _STORED.get((array.dtype.name, array.ndim))
    if encoding is None or (array.ndim == 3 and array.shape[2] != 3):
        raise ValueError(f"no encoding for an array of shape {array.shape} and type {array.dtype}")
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    height, width = array.shape[:2]
    return {
        "height": height,
        "width": width,
        "encoding": encoding,
        "is_bigendian": 0,
        "step": little.nbytes // height,
        "data": little.reshape(-1).view(np.uint8),
    }


def compressed_fields(picture: Pixels, quality: int = 95) -> dict[str, object]:
    """The fields of sensor_msgs/CompressedImage for an RGB picture as JPEG, all but the header."""
    _, data = cv2.imencode(
        ".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    return {"format": "rgb8; jpeg compressed bgr8", "data": data.reshape(-1)}
