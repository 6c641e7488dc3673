from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from ssp_sam_ros.perception.image_file import read_image, write_image

PIXELS = np.random.default_rng(1).integers(0, 256, (4, 6, 3), np.uint8)


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (1, lambda x: x),
        (3, lambda x: np.rot90(x, 2)),
        (6, lambda x: np.rot90(x, 3)),
        (8, np.rot90),
        (2, np.fliplr),
    ],
)
def test_pictures_are_turned_upright(tmp_path, orientation, turn):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(PIXELS).save(tmp_path / "p.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "p.png"), turn(PIXELS))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "CMYK", "1"])
def test_modes(tmp_path, mode):
    suffix = "tif" if mode == "CMYK" else "png"
    Image.fromarray(PIXELS).convert(mode).save(tmp_path / f"p.{suffix}")
    image = read_image(tmp_path / f"p.{suffix}")
    assert image.shape == (4, 6, 3) and image.dtype == np.uint8
    if mode in ("RGB", "RGBA"):
        np.testing.assert_array_equal(image, PIXELS)


def test_sixteen_bit_grey(tmp_path):
    Image.fromarray(np.array([[0, 257, 65535]], np.uint16)).save(tmp_path / "p.png")
    np.testing.assert_array_equal(read_image(tmp_path / "p.png")[0, :, 0], [0, 1, 255])


def test_what_is_no_picture(tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        read_image(tmp_path / "none.png")
    with pytest.raises(ValueError, match="is a folder"):
        read_image(tmp_path)
    (tmp_path / "empty.png").touch()
    with pytest.raises(ValueError, match="is empty: 0 bytes"):
        read_image(tmp_path / "empty.png")
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ValueError, match="not a regular file"):
        read_image(tmp_path / "pipe.png")
    with pytest.raises(ValueError, match="does not exist"):
        read_image(Path("a\0b.png"))
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(ValueError, match="known format"):
        read_image(tmp_path / "text.png")


def test_a_picture_cut_short(tmp_path):
    path = tmp_path / "p.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ValueError, match="cannot be read"):
        read_image(path)


def test_a_picture_meant_to_fill_the_memory(tmp_path, monkeypatch):
    Image.fromarray(PIXELS).save(tmp_path / "p.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    with pytest.raises(ValueError, match="too large"):
        read_image(tmp_path / "p.png")


def test_a_picture_with_too_many_pixels_is_not_decoded(tmp_path, monkeypatch):
    Image.new("L", (70_000, 1)).save(tmp_path / "p.png")
    monkeypatch.setattr(ImageFile.ImageFile, "load", None)
    with pytest.raises(ValueError, match="70000 x 1 pixels"):
        read_image(tmp_path / "p.png")


def test_grey_of_more_than_eight_bits_is_scaled_not_clipped(tmp_path):
    wide = np.array([[0, 257, 65535]], np.uint16)
    (tmp_path / "p.pgm").write_bytes(b"P5 3 1 65535\n" + wide.astype(">u2").tobytes())  # Pillow: 32 bits
    Image.fromarray(wide).save(tmp_path / "p.tif")
    Image.fromarray(wide.astype(np.int32)).save(tmp_path / "i.tif")
    Image.fromarray((wide / 65535).astype(np.float32)).save(tmp_path / "f.tif")
    for name in ("p.pgm", "p.tif", "i.tif", "f.tif"):
        np.testing.assert_array_equal(read_image(tmp_path / name)[0, :, 0], [0, 1, 255])
    for values, message in [
        (np.array([[65536]], np.int32), "from 65536 to 65536"),
        (np.array([[-1]], np.int32), "from -1 to -1"),
        (np.array([[0.5, 2]], np.float32), "from 0.5 to 2"),
        (np.array([[np.nan]], np.float32), "nan"),
    ]:
        Image.fromarray(values).save(tmp_path / "bad.tif")
        with pytest.raises(ValueError, match=message):
            read_image(tmp_path / "bad.tif")


@pytest.mark.parametrize("suffix", ["gif", "png", "webp", "tif"])
def test_of_several_pictures_the_first_counts(tmp_path, suffix):
    first, second = (Image.fromarray(np.full((4, 6, 3), value, np.uint8)) for value in (10, 200))
    options = {"lossless": True} if suffix == "webp" else {}
    first.save(tmp_path / f"p.{suffix}", save_all=True, append_images=[second], **options)
    assert (read_image(tmp_path / f"p.{suffix}") == 10).all()


def test_transparency_is_dropped(tmp_path):
    picture = Image.fromarray(PIXELS).quantize(16)
    plain = np.asarray(picture.convert("RGB"))
    picture.save(tmp_path / "p.png", transparency=0)
    np.testing.assert_array_equal(read_image(tmp_path / "p.png"), plain)


def test_a_cmyk_jpeg(tmp_path):
    Image.new("CMYK", (6, 4), (0, 0, 0, 255)).save(tmp_path / "p.jpg")
    image = read_image(tmp_path / "p.jpg")
    assert image.shape == (4, 6, 3) and image.max() < 5


def test_damaged_metadata_are_no_reason_to_do_without_the_picture(tmp_path, recwarn):
    path = tmp_path / "p.jpg"
    Image.fromarray(PIXELS).save(path, exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01\x12" * 9)
    assert read_image(path).shape == PIXELS.shape
    assert not recwarn


def test_no_program_is_started_for_a_picture(tmp_path):
    """Pillow hands PostScript to Ghostscript."""
    path = tmp_path / "p.png"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n")
    with pytest.raises(ValueError, match="known format; these are read: BMP, GIF, JPEG"):
        read_image(path)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_what_is_written_is_read_again(tmp_path, shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    write_image(tmp_path / "picture.png", pixels)
    expected = pixels if len(shape) == 3 else np.repeat(pixels[..., None], 3, axis=2)
    np.testing.assert_array_equal(read_image(tmp_path / "picture.png"), expected)


def test_jpeg_quality(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    sizes = []
    for quality in (50, 95):
        write_image(tmp_path / "picture.jpg", pixels, quality)
        sizes.append((tmp_path / "picture.jpg").stat().st_size)
    assert sizes[0] < sizes[1]


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(OSError, match=r"no such folder.picture\.png"):
        write_image(tmp_path / "no such folder" / "picture.png", np.zeros((5, 7, 3), np.uint8))
