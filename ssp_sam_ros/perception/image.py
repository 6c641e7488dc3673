"""What counts as a picture: every accepted array becomes contiguous uint8 RGB, (height, width, 3)."""

from __future__ import annotations

import numpy as np


def as_rgb(image: np.ndarray) -> np.ndarray:
    """The picture as C-contiguous uint8 RGB of shape (height, width, 3).

    Accepts uint8 or uint16 arrays: (H, W) or (H, W, 1) grey, (H, W, 3) RGB, (H, W, 4) RGBA, whose
    alpha is dropped. 16-bit values are scaled from 0..65535 to 0..255. The input may be read-only or
    strided; it is never written to, and returned as it is when it already fits.

    Raises:
        ValueError: for anything else, naming what was given and what is wanted.
    """
    if not isinstance(image, np.ndarray):
        raise ValueError(
            f"the picture is a {type(image).__name__}; give a NumPy array, uint8 RGB, (height, width, 3)"
        )
    if image.ndim == 2:
        image = image[:, :, None]
    if image.ndim != 3 or image.shape[2] not in (1, 3, 4):
        raise ValueError(
            f"the picture has shape {image.shape}; wanted (height, width) grey, "
            "(height, width, 3) RGB or (height, width, 4) RGBA"
        )
    if 0 in image.shape:
        raise ValueError(f"the picture is empty: its shape is {image.shape}")
    if image.dtype == np.uint16:
        # Rounded division by 257 maps 0..65535 onto 0..255 exactly.
        image = ((image.astype(np.uint32) + 128) // 257).astype(np.uint8)
    elif image.dtype != np.uint8:
        raise ValueError(
            f"the picture's values are {image.dtype}; convert them to uint8 in 0..255 (or uint16)"
        )
    if image.shape[2] == 1:
        image = np.broadcast_to(image, (*image.shape[:2], 3))
    return np.ascontiguousarray(image[:, :, :3])
