"""Picture files of every format and kind, sound and damaged."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from fuzzing.damage import damaged
from fuzzing.networks import small_segmenter
from fuzzing.promises import check_result, one_line, promise
from fuzzing.scratch import scratch
from ssp_sam_ros.perception.image_file import read_image

_FORMS = {
    "BMP": ("1", "L", "P", "RGB", "RGBA"),
    "GIF": ("1", "L", "P", "RGB", "RGBA"),
    "JPEG": ("L", "RGB", "CMYK"),
    "JPEG2000": ("L", "LA", "RGB", "RGBA"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "PPM": ("1", "L", "RGB", "I;16"),
    "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "LAB", "I;16", "I", "F"),
    "WEBP": ("L", "RGB", "RGBA"),
    "ICO": ("RGBA",),
    "TGA": ("RGB",),
}


def fuzz(rng: np.random.Generator) -> str:
    """A file becomes a picture, or an error that names it."""
    form = str(rng.choice(list(_FORMS)))
    mode = str(rng.choice(_FORMS[form]))
    data = _damaged_file(form, mode, rng)
    path = scratch() / f"picture.{rng.choice(['png', 'jpg', 'tif', 'txt'])}"
    path.write_bytes(data)
    try:
        image = read_image(path)
    except ValueError as error:
        one_line(error)
        promise(str(path) in str(error), f"the error does not name the file: {error}")
        return "refused"
    promise(image.ndim == 3 and image.shape[2] == 3 and image.size > 0, f"shape {image.shape}")
    promise(image.dtype == np.uint8 and image.flags.c_contiguous, f"{image.dtype}, {image.flags}")
    if rng.random() < 0.2 and image.shape[0] * image.shape[1] < 2**18:
        segmenter = small_segmenter("released")
        check_result(segmenter.refer(segmenter.encode(image), ["the red mug"])[0], image.shape[:2])
    return "picture"


def _damaged_file(form: str, mode: str, rng: np.random.Generator) -> bytes:
    picture, options = _picture(mode, rng), dict[str, Any]()
    if form in ("JPEG", "PNG", "WEBP") and rng.random() < 0.5:
        exif = Image.Exif()
        exif[0x0112] = int(rng.integers(0, 10))
        options["exif"] = damaged(exif.tobytes(), rng, 3)
    if form in ("GIF", "PNG", "TIFF", "WEBP") and rng.random() < 0.3:
        options |= {"save_all": True, "append_images": [picture.transpose(Image.Transpose.ROTATE_180)]}
    if form == "JPEG":
        options |= {"progressive": bool(rng.random() < 0.3), "quality": int(rng.integers(1, 96))}
    if form == "TIFF":
        options["tiffinfo"] = {0x0112: int(rng.integers(1, 9))}
    if form == "TIFF" and mode in ("L", "RGB") and rng.random() < 0.5:
        options["compression"] = str(rng.choice(["tiff_lzw", "tiff_adobe_deflate", "packbits"]))
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    data = buffer.getvalue()
    if rng.random() < 0.02:
        data = b""
    return damaged(data, rng)


def _picture(mode: str, rng: np.random.Generator) -> Image.Image:
    size = (int(rng.integers(1, 41)), int(rng.integers(1, 41)))
    noise = rng.integers(0, 256, (*size, 3), np.uint8)
    if mode == "I;16":
        return Image.fromarray(noise[:, :, 0].astype(np.uint16) * 257)
    if mode == "I":
        return Image.fromarray(noise[:, :, 0].astype(np.int32) * int(rng.choice([1, 257, 70_000, -1])))
    if mode == "F":
        return Image.fromarray(noise[:, :, 0].astype(np.float32) / np.float32(rng.choice([255.0, 1.0, 0.0])))
    if mode == "LAB":
        return Image.frombytes("LAB", size[::-1], noise.tobytes())
    return Image.fromarray(noise).convert(mode)
