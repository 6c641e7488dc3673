"""Raw bytes against OpenCV's own conversions and against numbers worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssp_sam_ros.interface.image_codec import (
    COLOUR_ENCODINGS,
    compressed_fields,
    decode_array,
    decode_compressed,
    decode_depth,
    decode_rgb,
    image_fields,
)

HEIGHT, WIDTH = 6, 8
DTYPES = {"rgb16": "u2", "bgr16": "u2", "mono16": "u2", "16UC1": "u2", "32FC1": "f4"}
CHANNELS = {"rgb8": 3, "bgr8": 3, "rgb16": 3, "bgr16": 3, "rgba8": 4, "bgra8": 4} | dict.fromkeys(
    ("yuv422", "uyvy", "yuv422_yuy2", "yuyv"), 2
)


def dtype_of(encoding: str) -> np.dtype:
    return np.dtype(
        "u2" if encoding.startswith("bayer") and encoding.endswith("16") else DTYPES.get(encoding, "u1")
    )


def random_array(encoding: str, seed: int = 0, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    rng = np.random.default_rng(seed)
    shape = (height, width, CHANNELS[encoding]) if encoding in CHANNELS else (height, width)
    dtype = dtype_of(encoding)
    if dtype.kind == "f":
        return rng.uniform(0.1, 9.0, shape).astype(dtype)
    return rng.integers(0, np.iinfo(dtype).max, shape, endpoint=True, dtype=dtype)


def message(
    encoding: str, array: np.ndarray, padding: int = 0, big_endian: bool = False, last_row_padded: bool = True
) -> SimpleNamespace:
    """An Image message of an array, rows padded with rubbish."""
    raw = array.astype(array.dtype.newbyteorder(">" if big_endian else "<"))
    rows = raw.reshape(len(array), -1).view(np.uint8)
    padded = np.hstack([rows, np.full((len(array), padding), 0xAB, np.uint8)])
    data = padded.reshape(-1)
    if padding and not last_row_padded:
        data = data[:-padding]
    return SimpleNamespace(
        height=array.shape[0],
        width=array.shape[1],
        encoding=encoding,
        is_bigendian=int(big_endian),
        step=padded.shape[1],
        data=data,
    )


ALL = [*COLOUR_ENCODINGS, "16UC1", "32FC1"]


@pytest.mark.parametrize("encoding", ALL)
@pytest.mark.parametrize("padding", [0, 5])
@pytest.mark.parametrize("big_endian", [False, True])
def test_stored_values_come_back(encoding: str, padding: int, big_endian: bool) -> None:
    array = random_array(encoding)
    got = decode_array(message(encoding, array, padding, big_endian))
    assert got.dtype == array.dtype
    np.testing.assert_array_equal(got, array)


@given(
    encoding=st.sampled_from(ALL),
    height=st.integers(1, 9),
    half_width=st.integers(1, 9),
    padding=st.integers(0, 9),
    big_endian=st.booleans(),
    last_row_padded=st.booleans(),
)
def test_any_geometry(
    encoding: str, height: int, half_width: int, padding: int, big_endian: bool, last_row_padded: bool
) -> None:
    array = random_array(encoding, 1, height, 2 * half_width)
    got = decode_array(message(encoding, array, padding, big_endian, last_row_padded))
    np.testing.assert_array_equal(got, array)


def test_channel_orders() -> None:
    pixel = np.array([[[10, 20, 30, 40]]], np.uint8)
    assert decode_rgb(message("rgb8", pixel[..., :3])).tolist() == [[[10, 20, 30]]]
    assert decode_rgb(message("bgr8", pixel[..., :3])).tolist() == [[[30, 20, 10]]]
    assert decode_rgb(message("rgba8", pixel)).tolist() == [[[10, 20, 30]]]
    assert decode_rgb(message("bgra8", pixel)).tolist() == [[[30, 20, 10]]]
    assert decode_rgb(message("mono8", pixel[..., 0])).tolist() == [[[10, 10, 10]]]


def test_sixteen_bits_scale_and_round() -> None:
    values = np.array([[0, 128, 129, 257, 32767, 32768, 65535]], np.uint16)
    expected = np.rint(values / 257.0)  # 255/65535 = 1/257; no value lies half way, 257 being odd
    np.testing.assert_array_equal(decode_rgb(message("mono16", values))[..., 0], expected)
    np.testing.assert_array_equal(decode_rgb(message("mono16", values, 3, True))[..., 2], expected)


@pytest.mark.parametrize(
    ("encoding", "code"),
    [
        ("yuv422", cv2.COLOR_YUV2RGB_UYVY),
        ("uyvy", cv2.COLOR_YUV2RGB_UYVY),
        ("yuv422_yuy2", cv2.COLOR_YUV2RGB_YUY2),
        ("yuyv", cv2.COLOR_YUV2RGB_YUY2),
    ],
)
def test_yuv422(encoding: str, code: int) -> None:
    array = random_array(encoding)
    np.testing.assert_array_equal(decode_rgb(message(encoding, array, 4)), cv2.cvtColor(array, code))


def test_yuv422_of_known_colours() -> None:
    # BT.601 limited range: white is Y 235, black Y 16, both with U = V = 128.
    uyvy = np.array([[[128, 235], [128, 16]]], np.uint8)
    assert decode_rgb(message("yuv422", uyvy)).tolist() == [[[255] * 3, [0] * 3]]
    assert decode_rgb(message("yuv422_yuy2", uyvy[..., ::-1].copy())).tolist() == [[[255] * 3, [0] * 3]]


@pytest.mark.parametrize("pattern", ["rggb", "bggr", "gbrg", "grbg"])
@pytest.mark.parametrize("bits", [8, 16])
def test_bayer_of_a_plain_colour(pattern: str, bits: int) -> None:
    colour = {"r": 200, "g": 100, "b": 50}
    tile = np.array([colour[c] for c in pattern]).reshape(2, 2)
    mosaic = np.tile(tile, (4, 4))
    if bits == 16:
        mosaic = mosaic * 257
    picture = decode_rgb(message(f"bayer_{pattern}{bits}", mosaic.astype(f"u{bits // 8}"), 2))
    np.testing.assert_array_equal(picture, np.broadcast_to([200, 100, 50], (8, 8, 3)))


def test_depth_in_metres() -> None:
    millimetres = np.array([[0, 1, 1500, 65535]], np.uint16)
    np.testing.assert_allclose(
        decode_depth(message("16UC1", millimetres)), [[np.nan, 0.001, 1.5, 65.535]], rtol=1e-6
    )
    metres = np.array([[np.nan, np.inf, -1.0, 0.0, 2.5]], np.float32)
    got = decode_depth(message("32FC1", metres, 4, True))
    assert np.isnan(got[0, :4]).all()
    assert got[0, 4] == 2.5
    with pytest.raises(ValueError, match="rgb8"):
        decode_depth(message("rgb8", random_array("rgb8")))


@pytest.mark.parametrize("encoding", ["16UC1", "32FC1"])
def test_depth_is_no_colour_picture(encoding: str) -> None:
    with pytest.raises(ValueError, match="not one to look at"):
        decode_rgb(message(encoding, random_array(encoding)))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"encoding": "nv12"}, "'nv12' is not supported.*rgb8"),
        ({"encoding": ""}, "not supported"),
        ({"step": 23}, "step 23 is less than the 24 bytes"),
        ({"height": 7}, "needs 168"),
        ({"height": 0}, "empty"),
        ({"width": 0}, "empty"),
        ({"data": np.zeros(0, np.uint8)}, "0 bytes"),
        ({"encoding": "yuv422", "width": 7}, "even width"),
    ],
)
def test_inconsistent_messages_are_refused(change: dict[str, object], text: str) -> None:
    good = message("rgb8", random_array("rgb8"))
    vars(good).update(change)
    with pytest.raises(ValueError, match=text):
        decode_rgb(good)


def test_no_copy_of_a_plain_picture() -> None:
    array = random_array("rgb8")
    sent = message("rgb8", array)
    assert np.shares_memory(decode_rgb(sent), sent.data)


def test_bytes_and_array_payloads() -> None:
    from array import array

    picture = random_array("rgb8")
    for payload in (picture.tobytes(), array("B", picture.tobytes()), memoryview(picture.tobytes())):
        sent = message("rgb8", picture)
        sent.data = payload
        np.testing.assert_array_equal(decode_rgb(sent), picture)


@pytest.mark.parametrize("encoding", ["mono8", "rgb8", "16UC1", "32FC1"])
def test_encoding_is_the_inverse_of_decoding(encoding: str) -> None:
    array = random_array(encoding)
    fields = image_fields(array)
    assert fields["encoding"] == encoding
    np.testing.assert_array_equal(decode_array(SimpleNamespace(**fields)), array)
    strided = np.asfortranarray(array)
    np.testing.assert_array_equal(decode_array(SimpleNamespace(**image_fields(strided))), array)


@pytest.mark.parametrize(
    "array", [np.zeros((2, 2), np.int32), np.zeros((2, 2, 4), np.uint8), np.zeros(3, np.uint8)]
)
def test_arrays_without_an_encoding(array: np.ndarray) -> None:
    with pytest.raises(ValueError, match="no encoding"):
        image_fields(array)


def test_compressed_round_trip() -> None:
    picture = np.zeros((32, 64, 3), np.uint8)
    picture[:, :32] = (200, 40, 30)
    picture[:, 32:] = (20, 60, 210)
    fields = compressed_fields(picture)
    decoded = decode_compressed(SimpleNamespace(**fields))
    difference = np.abs(decoded.astype(int) - picture)
    difference[:, 30:34] = 0  # JPEG halves the resolution of colours
    assert difference.max() <= 2


def test_png_is_exact_and_notes_its_channel_order() -> None:
    picture = random_array("rgb8")
    _, png = cv2.imencode(".png", picture[..., ::-1])
    plain = SimpleNamespace(format="png", data=png.reshape(-1))
    np.testing.assert_array_equal(decode_compressed(plain), picture)
    _, swapped = cv2.imencode(".png", picture)
    told = SimpleNamespace(format="rgb8; png compressed rgb8", data=swapped.reshape(-1))
    np.testing.assert_array_equal(decode_compressed(told), picture)


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\xff\xd8\xff\xe0"])
def test_data_that_is_no_picture(data: bytes) -> None:
    with pytest.raises(ValueError, match="cannot be decoded"):
        decode_compressed(SimpleNamespace(format="jpeg", data=data))
