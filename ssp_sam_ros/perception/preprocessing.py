"""From a picture to the network's two inputs (network.md, Inputs)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from ssp_sam_ros.perception.geometry import Geometry, Size, clip_geometry, sam_geometry

_QUICK_HALVING = ("AVX2", "AVX512")  # elsewhere torch has a plain loop, slower than Pillow's


def clip_input(
    image: np.ndarray, size: Size, mean: Sequence[float], std: Sequence[float]
) -> tuple[torch.Tensor, Geometry]:
    """CLIP's picture: resized, normalised on 0..1, zero-padded around the centre.

    Args:
        image: uint8 RGB, (h, w, 3).
        size: (H, W) of the input.
        mean, std: per channel, of values in 0..1.

    Returns:
        float32 (1, 3, H, W) and where the picture lies in it.
    """
    geometry = clip_geometry((image.shape[0], image.shape[1]), size)
    pixels = _channels_first(_resize(image, geometry.resized_size)).div_(255)
    return _normalise_and_pad(pixels, geometry, mean, std), geometry


def sam_input(
    image: np.ndarray, size: Size, mean: Sequence[float], std: Sequence[float]
) -> tuple[torch.Tensor, Geometry]:
    """SAM's picture: resized, normalised on 0..255, zero-padded right and below.

    Args and returns as `clip_input`; mean and std are of values in 0..255.
    """
    geometry = sam_geometry((image.shape[0], image.shape[1]), size)
    pixels = _channels_first(_resize(image, geometry.resized_size))
    return _normalise_and_pad(pixels, geometry, mean, std), geometry


def _resize(image: np.ndarray, size: Size) -> np.ndarray:
    """Pillow's bilinear filter (it averages when shrinking, as the release does); a writable copy."""
    if image.shape[:2] == size:
        return image.copy()
    halved = image.shape[:2] == (2 * size[0], 2 * size[1])
    if halved and size[0] <= size[1] and torch.backends.cpu.get_cpu_capability() in _QUICK_HALVING:
        return _halve(image, size)
    resized = Image.fromarray(image).resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.array(resized)


def _halve(image: np.ndarray, size: Size) -> np.ndarray:
    """The same of a picture that is not higher than wide, to the bit, sooner: by torch.

    Both weigh with eighths, exactly, and at the border with sevenths, whose sums are never near the half at
    which rounding turns. Other sizes are not for torch: its coarser weights put some values off by one, and
    tall pictures Pillow shrinks in another order since its version 13.
    """
    pixels = torch.from_numpy(np.require(image, requirements=("C", "W"))).permute(2, 0, 1)[None]
    halved = F.interpolate(pixels, size, mode="bilinear", antialias=True)
    return halved[0].permute(1, 2, 0).numpy()


def _channels_first(image: np.ndarray) -> torch.Tensor:
    """(h, w, 3) uint8 -> (3, h, w) float32, turned while it is a quarter of the size."""
    return torch.from_numpy(image).permute(2, 0, 1).contiguous().float()


def _normalise_and_pad(
    pixels: torch.Tensor, geometry: Geometry, mean: Sequence[float], std: Sequence[float]
) -> torch.Tensor:
    """`pixels` is normalised in place."""
    shape = (3, 1, 1)
    normalised = pixels.sub_(torch.tensor(mean).view(shape)).div_(torch.tensor(std).view(shape))
    height, width = geometry.resized_size
    if geometry.resized_size == geometry.input_size:
        return normalised[None]
    padded = torch.zeros(1, 3, *geometry.input_size)
    top, left = geometry.top, geometry.left
    padded[0, :, top : top + height, left : left + width] = normalised
    return padded
