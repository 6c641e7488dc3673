"""The label image of a mask: one number per connected part."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_MOST_LABELS = 65535  # 16UC1


def label_image(mask: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Number the connected parts of a mask.

    Args:
        mask: (height, width), 0 or not.

    Returns:
        (height, width): 0 outside, 1, 2, ... in the parts (neighbours at corners count as connected). Parts
        beyond the 65,535th read 65,535.
    """
    _, labels = cv2.connectedComponents(mask, connectivity=8, ltype=cv2.CV_32S)
    return np.minimum(labels, _MOST_LABELS).astype(np.uint16)
