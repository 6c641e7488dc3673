"""Sizes of pictures that the simulated worlds can fill."""

from __future__ import annotations

_SIDE = 48, 4096  # pixels
_RATIO = 0.75, 4.0  # width to height


def check_size(size: tuple[int, int]) -> None:
    """See that a scene of several whole objects fits into such a picture: layouts are drawn until it does.

    Args:
        size: width and height, pixels.

    Raises:
        ValueError: it is too small, too large, too narrow or too wide.
    """
    width, height = size
    (least, most), (narrowest, widest) = _SIDE, _RATIO
    if not (least <= min(size) and max(size) <= most):
        raise ValueError(f"simulated pictures have sides of {least} to {most} pixels, not {width}x{height}")
    if not narrowest <= width / height <= widest:
        raise ValueError(
            f"simulated pictures are {narrowest:g} to {widest:g} times as wide as high, not {width}x{height}"
        )
