from __future__ import annotations

import numpy as np
import pytest

from ssp_sam_ros.perception.image import as_rgb


def test_a_fitting_picture_is_handed_through(picture):
    assert as_rgb(picture) is picture or np.shares_memory(as_rgb(picture), picture)


def test_grey_and_alpha():
    grey = np.arange(6, dtype=np.uint8).reshape(2, 3)
    for given in (grey, grey[:, :, None]):
        rgb = as_rgb(given)
        assert rgb.shape == (2, 3, 3) and rgb.flags.c_contiguous
        assert (rgb == grey[:, :, None]).all()
    rgba = np.dstack([grey, grey + 1, grey + 2, grey * 0])
    np.testing.assert_array_equal(as_rgb(rgba), rgba[:, :, :3])


def test_sixteen_bits_are_scaled():
    wide = np.array([[0, 128, 129, 257, 65535]], np.uint16)
    np.testing.assert_array_equal(as_rgb(wide)[0, :, 0], [0, 0, 1, 1, 255])
    every = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    expected = np.round(np.arange(65536) / 257).astype(np.uint8).reshape(256, 256)
    for given in (every, every.astype(">u2")):
        np.testing.assert_array_equal(as_rgb(given)[:, :, 0], expected)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
def test_floating_point_values_are_scaled(dtype):
    values = np.array([[0, 0.25, 0.5, 1]], dtype)
    np.testing.assert_array_equal(as_rgb(values)[0, :, 0], [0, 64, 128, 255])
    every = (np.arange(256) / 255).astype(dtype)[None]
    np.testing.assert_array_equal(as_rgb(every)[0, :, 0], np.arange(256))


def test_subclasses_of_arrays_are_plain_pictures(picture):
    masked = np.ma.masked_array(picture, mask=picture > 9)
    assert type(as_rgb(masked)) is np.ndarray
    np.testing.assert_array_equal(as_rgb(masked), picture)


def test_strided_and_read_only_pictures_are_not_written_to(picture):
    picture.setflags(write=False)
    before = picture.copy()
    flipped = as_rgb(picture[:, ::-1, ::-1])
    assert flipped.flags.c_contiguous
    np.testing.assert_array_equal(flipped, before[:, ::-1, ::-1])
    np.testing.assert_array_equal(picture, before)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([[1, 2], [3, 4]], "list"),
        (np.full((2, 2, 3), 255, np.float32), "float32 from 255 to 255"),
        (np.full((2, 2), -0.1), "from -0.1"),
        (np.array([[0.5, np.nan]]), "nan"),
        (np.array([[0.5, np.inf]]), "inf"),
        (np.zeros((2, 2, 3), bool), "bool"),
        (np.zeros((2, 2, 3), np.int64), "int64"),
        (np.zeros((2, 2, 3), np.uint32), "uint32"),
        (np.zeros((2, 2, 3), complex), "complex"),
        (np.full((2, 2), "a"), "<U1"),
        (np.full((2, 2), None), "object"),
        (np.broadcast_to(np.uint8(0), (1, 65_536)), "65536 x 1"),
        (np.broadcast_to(np.uint8(0), (8_193, 8_192, 3)), "8192 x 8193"),
        (np.zeros((2, 2, 2), np.uint8), r"\(2, 2, 2\)"),
        (np.zeros((1, 2, 2, 3), np.uint8), r"\(1, 2, 2, 3\)"),
        (np.zeros((0, 2, 3), np.uint8), "empty"),
        (np.zeros(4, np.uint8), "shape"),
    ],
)
def test_anything_else_is_named(given, message):
    with pytest.raises(ValueError, match=message):
        as_rgb(given)
