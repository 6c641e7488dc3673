"""What counts as a picture: every accepted array becomes contiguous uint8 RGB, (height, width, 3)."""

from __future__ import annotations

import numpy as np

MOST_PIXELS = 2**26
"""The largest picture, 8192 x 8192 or as many pixels in another form: twice what 8K video has."""

LONGEST_SIDE = 65_535
"""As in JPEG and most other formats."""


def as_rgb(image: np.ndarray) -> np.ndarray:
    """The picture as C-contiguous uint8 RGB of shape (height, width, 3).

    Accepts (H, W) or (H, W, 1) grey, (H, W, 3) RGB and (H, W, 4) RGBA, whose alpha is dropped, with values

    - uint8, taken as they are;
    - uint16, scaled from 0..65535 to 0..255;
    - floating-point, scaled from 0..1 to 0..255; a value that is not in 0..1 is an error, not clipped.

    The input may be read-only, strided or in foreign byte order; it is never written to, and returned as it
    is when it already fits.

    Raises:
        ValueError: for anything else, naming what was given and what is wanted.
    """
    if not isinstance(image, np.ndarray):
        raise ValueError(
            f"the picture is a {type(image).__name__}; give a NumPy array, uint8 RGB, (height, width, 3)"
        )
    image = np.asarray(image)  # a subclass (matrix, masked array) would index in its own way
    if image.ndim == 2:
        image = image[:, :, None]
    if image.ndim != 3 or image.shape[2] not in (1, 3, 4):
        raise ValueError(
            f"the picture has shape {image.shape}; wanted (height, width) grey, "
            "(height, width, 3) RGB or (height, width, 4) RGBA"
        )
    if 0 in image.shape:
        raise ValueError(f"the picture is empty: its shape is {image.shape}")
    check_size(image.shape[1], image.shape[0])
    image = image[:, :, :3]
    if image.dtype != np.uint8:
        image = _as_uint8(image)
    if image.shape[2] == 1:
        image = np.broadcast_to(image, (*image.shape[:2], 3))
    return np.ascontiguousarray(image)


def check_size(width: int, height: int) -> None:
    """See that a picture is one to be worked on.

    Raises:
        ValueError: it has more than `MOST_PIXELS` pixels or a side longer than `LONGEST_SIDE`.
    """
    if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
        raise ValueError(
            f"the picture is too large: {width} x {height} pixels; at most {MOST_PIXELS:,} pixels and "
            f"{LONGEST_SIDE:,} on a side are taken, shrink it"
        )


def _as_uint8(image: np.ndarray) -> np.ndarray:
    if image.dtype.kind == "u" and image.dtype.itemsize == 2:
        # Rounded division by 257 maps 0..65535 onto 0..255 exactly.
        return ((image.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if image.dtype.kind == "f":
        low, high = image.min(), image.max()  # NaN if any value is
        if not (low >= 0 and high <= 1):
            raise ValueError(
                f"the picture's values are {image.dtype} from {low:g} to {high:g}; floating-point pictures "
                "go from 0 to 1: scale or clip it, or convert it to uint8"
            )
        wide = np.float32 if image.dtype.itemsize < 4 else image.dtype
        return np.rint(image.astype(wide) * 255).astype(np.uint8)
    raise ValueError(
        f"the picture's values are {image.dtype}; give uint8 (0 to 255), uint16 (0 to 65535) or "
        "floating-point values (0 to 1)"
    )
