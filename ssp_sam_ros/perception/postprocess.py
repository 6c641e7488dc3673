"""From the mask decoder's low-resolution logits to logits of the picture."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ssp_sam_ros.perception.geometry import Geometry, Size


def logits_to_image(low_res: Tensor, geometry: Geometry) -> Tensor:
    """Mask logits at the picture's size, as segment_anything's `Sam.postprocess_masks` computes them.

    Bilinear to SAM's input, crop the padding, bilinear to the picture. Float32 throughout.

    Args:
        low_res: (N, 1, h, w) logits.
        geometry: where the picture lies in SAM's input.

    Returns:
        float32 (N, H, W); the mask is where they are positive.
    """
    logits = _resize(low_res, geometry.input_size)
    height, width = geometry.resized_size
    return _resize(logits[..., :height, :width], geometry.image_size)[:, 0]


def logits_to_letterbox(low_res: Tensor, sam_size: Size, side: int = 512) -> Tensor:
    """Mask logits in the letterbox in which the release trains and evaluates (protocol `paper`).

    Args:
        low_res: (N, 1, h, w) logits.
        sam_size: (height, width) of SAM's input.
        side: the long side of the letterbox, padding included.

    Returns:
        float32 (N, 1, side, side) for a square input.
    """
    scale = side / max(sam_size)
    return _resize(_resize(low_res, sam_size), (round(sam_size[0] * scale), round(sam_size[1] * scale)))


def _resize(logits: Tensor, size: Size) -> Tensor:
    with torch.autocast(logits.device.type, enabled=False):
        logits = logits.float()
        if logits.shape[-2:] == size:
            return logits
        return F.interpolate(logits, size, mode="bilinear", align_corners=False)
