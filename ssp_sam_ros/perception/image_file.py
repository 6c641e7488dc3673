"""Picture files, upright."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ssp_sam_ros.perception.image import as_rgb


def read_image(path: Path) -> np.ndarray:
    """The picture in a file as uint8 RGB (H, W, 3), turned upright as its EXIF orientation says.

    Raises:
        ValueError: one line, if there is no such file or it holds no readable picture.
    """
    if not path.is_file():
        raise ValueError(f"picture {path} {'is a folder' if path.is_dir() else 'does not exist'}")
    try:
        with warnings.catch_warnings():
            # Pillow only warns of a picture so large that it may be meant to fill the memory.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as file:
                picture = ImageOps.exif_transpose(file)
                if picture.mode.startswith("I;16"):
                    return as_rgb(np.asarray(picture).astype(np.uint16))
                return as_rgb(np.asarray(picture.convert("RGB")))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(f"picture {path} is too large: {error}") from error
    except UnidentifiedImageError as error:
        raise ValueError(f"{path} is not a picture in a known format") from error
    except (OSError, SyntaxError) as error:  # Pillow raises SyntaxError for some broken files
        raise ValueError(f"picture {path} cannot be read: {error}") from error
