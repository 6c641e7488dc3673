"""Properties: whatever array or file comes in is either a picture of the right shape or one clear line."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from ssp_sam_ros.perception.image import as_rgb
from ssp_sam_ros.perception.image_file import read_image
from ssp_sam_ros.perception.result import NO_BOX, Outcome

SIDES = st.one_of(st.integers(1, 70), st.sampled_from([127, 128, 129, 500, 4000]))
DTYPES = st.sampled_from(["u1", "u2", ">u2", "f2", "f4", "f8", ">f4", "b1", "i4", "i8", "u4", "c8", "U1"])
QUICKLY = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@st.composite
def sizes(draw):
    """A height and a width, whose product stays small."""
    height, width = draw(SIDES), draw(SIDES)
    assume(height * width <= 20_000)
    return height, width


@st.composite
def pictures(draw):
    """uint8 RGB of any size and memory layout."""
    height, width = draw(sizes())
    fill = draw(st.integers(0, 255))
    array = np.full((height, width, 3), fill, np.uint8)
    array[: height // 2, : width // 3] = draw(st.integers(0, 255))
    layout = draw(st.sampled_from(["plain", "fortran", "flipped", "stepped", "read-only"]))
    if layout == "fortran":
        array = np.asfortranarray(array)
    elif layout == "flipped":
        array = array[::-1, ::-1, ::-1]
    elif layout == "stepped":
        array = np.repeat(array, 2, axis=1)[:, ::2]
    array.setflags(write=layout != "read-only")
    return array


@pytest.mark.parametrize("shared_trunk", [False, True])
def test_the_mask_has_the_pictures_size_and_the_box_lies_in_it(segmenters, variants, shared_trunk):
    segmenter = segmenters(variants(shared_trunk=shared_trunk))

    @QUICKLY
    @given(pictures(), st.sampled_from([0.0, 0.3, 0.5, 1.0]), st.sampled_from([0, 1, 50]))
    def holds(image, threshold, min_pixels):
        before = image.copy()
        segmenter.no_target_threshold, segmenter.no_target_min_pixels = threshold, min_pixels
        results = segmenter.refer(segmenter.encode(image), ["red", "the blue mug"])
        np.testing.assert_array_equal(image, before)
        height, width = image.shape[:2]
        for result in results:
            assert result.mask.shape == (height, width) and result.mask.dtype == np.uint8
            assert set(np.unique(result.mask)) <= {0, 255}
            x1, y1, x2, y2 = result.box
            rows, columns = np.nonzero(result.mask)
            if result.outcome is Outcome.FOUND:
                assert (x1, y1, x2, y2) == (
                    columns.min(), rows.min(), columns.max() + 1, rows.max() + 1,
                )  # fmt: skip
                assert 0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height
                assert 0.5 <= result.score <= 1
            else:
                assert result.outcome is Outcome.NO_TARGET
                assert result.box == NO_BOX and not len(rows) and np.isnan(result.score)
            left, top, right, bottom = result.network_box
            assert 0 <= left <= width and 0 <= right <= width
            assert 0 <= top <= height and 0 <= bottom <= height
            assert 0 <= result.no_target_probability <= 1

    holds()


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_every_array_is_a_picture_or_named(data):
    shape = data.draw(arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6))
    array = data.draw(arrays.arrays(np.dtype(data.draw(DTYPES)), shape))
    try:
        rgb = as_rgb(array)
    except ValueError as error:
        assert str(error).startswith("the picture") and "\n" not in str(error)
        return
    assert rgb.shape == (*array.shape[:2], 3) and rgb.dtype == np.uint8 and rgb.flags.c_contiguous
    grey = array if array.ndim == 2 else array[:, :, 0]
    if array.dtype == np.uint8:
        np.testing.assert_array_equal(rgb[:, :, 0], grey)
    elif array.dtype.kind == "f":
        np.testing.assert_allclose(rgb[:, :, 0] / 255, grey.astype(float), atol=0.5 / 255 + 1e-3)


def encoded(form: str, orientation: int = 1) -> bytes:
    """A small picture file."""
    pixels = np.random.default_rng(3).integers(0, 256, (9, 14, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    options = {"exif": exif} if form in ("JPEG", "PNG", "WEBP", "TIFF") else {}
    Image.fromarray(pixels).save(buffer, form, **options)
    return buffer.getvalue()


FILES = {form: encoded(form, 6) for form in ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM")}


@st.composite
def damaged_files(draw):
    """A picture file with bytes changed, cut off, put in or repeated."""
    data = bytearray(FILES[draw(st.sampled_from(sorted(FILES)))])
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.sampled_from(["change", "cut", "insert", "repeat", "number"])):
            case "change":
                data[place : place + 1] = draw(st.binary(min_size=1, max_size=1))
            case "cut":
                del data[place:]
            case "insert":
                data[place:place] = draw(st.binary(max_size=8))
            case "repeat":
                data[place:place] = data[place : place + 16]
            case "number":
                data[place : place + 4] = struct.pack(">I", draw(st.integers(0, 2**32 - 1)))
    return bytes(data)


@QUICKLY
@given(data=damaged_files())
def test_every_file_is_a_picture_or_named(tmp_path, data):
    path = tmp_path / "picture"
    path.write_bytes(data)
    try:
        image = read_image(path)
    except ValueError as error:
        assert str(path) in str(error) and "\n" not in str(error)
        return
    assert image.ndim == 3 and image.shape[2] == 3 and image.dtype == np.uint8
    assert image.size > 0 and image.flags.c_contiguous
