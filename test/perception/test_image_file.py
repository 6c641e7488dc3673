from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ssp_sam_ros.perception.image_file import read_image

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
