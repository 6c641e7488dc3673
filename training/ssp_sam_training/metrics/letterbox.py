"""The space of protocol `paper`: a 512 x 512 letterbox, picture at the top left (docs/evaluation.md).

The authors' code works at SAM's 1024 and then halves. For a variant whose input is not square the letterbox
has the input's aspect: what is missing to a square would be empty in both masks and changes no score.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ssp_sam_ros.perception.postprocess import logits_to_letterbox

LONG_SIDE = 1024  # of the letterbox before it is halved


def letterbox_size(input_size: tuple[int, int]) -> tuple[int, int]:
    """(height, width) of the 1024 letterbox for a network input of `input_size` (height, width)."""
    longest = max(input_size)
    height, width = (2 * round(LONG_SIDE * side / longest / 2) for side in input_size)
    return height, width


def letterbox_prediction(logits: Tensor, input_size: tuple[int, int] = (LONG_SIDE, LONG_SIDE)) -> Tensor:
    """Low-resolution logits to binary masks of the 512 letterbox.

    Args:
        logits: (N, 1, h, w) float, the mask decoder's output over the padded input.
        input_size: (height, width) of the network's SAM input.

    Returns:
        (N, H, W) bool; 512 x 512 for a square input. Bilinear to the input's size and to 512, sigmoid >= 0.5.
    """
    return torch.sigmoid(logits_to_letterbox(logits, input_size, LONG_SIDE // 2)[:, 0]) >= 0.5


def letterbox_truth(
    mask: NDArray[np.bool_], input_size: tuple[int, int] = (LONG_SIDE, LONG_SIDE)
) -> NDArray[np.bool_]:
    """A truth mask in the 512 letterbox, as the authors' data pipeline makes it.

    The mask goes through Pillow's bilinear filter as an 8-bit picture of 0 and 255 (their float mask becomes
    one on the way), and every pixel that is not 0 counts. That dilates the mask, in all published numbers.

    Args:
        mask: (h, w) bool, at the picture's own size.
        input_size: (height, width) of the network's SAM input.

    Returns:
        (H, W) bool; 512 x 512 for a square input.
    """
    return _letterbox(mask, input_size, 1)


def letterbox_mask(
    mask: NDArray[np.bool_], input_size: tuple[int, int] = (LONG_SIDE, LONG_SIDE)
) -> NDArray[np.bool_]:
    """A predicted mask in the 512 letterbox, for predictions whose logits are not at hand.

    Bilinear, one half or more: the border stays where it is, unlike the truth's. Arguments and result as
    `letterbox_truth`.
    """
    return _letterbox(mask, input_size, 128)


def _letterbox(mask: NDArray[np.bool_], input_size: tuple[int, int], least: int) -> NDArray[np.bool_]:
    """The mask as an 8-bit picture through Pillow's bilinear filter; what is `least` or more counts."""
    height, width = letterbox_size(input_size)
    scale = min(height / mask.shape[0], width / mask.shape[1])
    rows, columns = (
        min(limit, max(1, int(side * scale + 0.5)))
        for side, limit in zip(mask.shape, (height, width), strict=True)
    )
    picture = Image.fromarray(mask.astype(np.uint8) * 255)
    padded = np.zeros((height, width), np.bool_)
    padded[:rows, :columns] = np.asarray(picture.resize((columns, rows), Image.Resampling.BILINEAR)) >= least
    return padded[::2, ::2]  # "nearest" takes the first of two
