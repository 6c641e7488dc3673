"""Picture files, upright."""

from __future__ import annotations

import struct
import warnings
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ssp_sam_ros.perception.image import as_rgb, check_size

FORMATS = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
"""Only these are opened: Pillow knows some fifty more, and starts Ghostscript for one of them."""

# What Pillow's readers are seen to raise on damaged files, besides OSError.
_DAMAGED = (
    SyntaxError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    EOFError,
    MemoryError,
    struct.error,
    zlib.error,
)


def read_image(path: Path) -> np.ndarray:
    """The picture in a file as uint8 RGB (H, W, 3), turned upright as its EXIF orientation says.

    Of an animation or a file with several pages the first picture counts. Transparency is dropped, colour
    profiles are not applied; 16-bit grey is scaled by 255/65535, floating-point values by 255.

    Raises:
        ValueError: one line, if there is no such file or it holds no readable picture.
    """
    if not path.is_file():
        raise ValueError(f"picture {path} {_what_it_is(path)}")
    try:
        with warnings.catch_warnings():
            # Pillow warns of metadata that it cannot read, which is no reason to do without the picture, and
            # only warns of a picture so large that it may be meant to fill the memory.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as file:
                check_size(*file.size)
                return as_rgb(_pixels(ImageOps.exif_transpose(file)))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(f"picture {path} is too large: {error}") from error
    except UnidentifiedImageError as error:
        if path.stat().st_size == 0:
            raise ValueError(f"picture {path} is empty: 0 bytes") from error
        raise ValueError(
            f"{path} is not a picture in a known format; these are read: {', '.join(FORMATS)}"
        ) from error
    except (OSError, *_DAMAGED) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"picture {path} cannot be read: {reason}") from error


def write_image(path: Path, image: np.ndarray, jpeg_quality: int = 95) -> None:
    """Write a picture in the format that the file's name ends in.

    Args:
        path: in a folder that is there.
        image: uint8 RGB (H, W, 3) or grey (H, W).
        jpeg_quality: 1 to 100, where the format is JPEG.

    Raises:
        OSError: the file cannot be written.
    """
    pixels = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    encoded, data = cv2.imencode(path.suffix, pixels, [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality])
    if not encoded:
        raise OSError(f"{path}: the picture cannot be encoded as {path.suffix}")
    path.write_bytes(data.tobytes())  # not cv2.imwrite, which only says that it did not work


def _what_it_is(path: Path) -> str:
    if path.is_dir():
        return "is a folder"
    return "is not a regular file" if path.exists() else "does not exist"


def _pixels(picture: Image.Image) -> np.ndarray:
    """The values as `as_rgb` takes them; Pillow's own conversion to RGB clips everything above 255."""
    if picture.mode.startswith("I;16"):
        return np.asarray(picture).astype(np.uint16)
    if picture.mode == "I":
        values = np.asarray(picture)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError(f"its values go from {values.min()} to {values.max()}, but 16 bits are read")
        return values.astype(np.uint16)
    if picture.mode == "F":
        return np.asarray(picture)
    return np.asarray(picture.convert("RGB"))
