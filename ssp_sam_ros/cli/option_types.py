"""Types of options that several commands share."""

from __future__ import annotations

import argparse

_SIMULATED_SIDE = 48, 4096  # pixels
_SIMULATED_RATIO = 0.75, 4.0  # width to height


def pictures_a_second(text: str) -> float:
    """A rate above 0, up to 1000 Hz."""
    rate = float(text)
    if not 0 < rate <= 1000:
        raise argparse.ArgumentTypeError(f"{text} is not a rate between 0 and 1000 Hz")
    return rate


def picture_count(text: str) -> int:
    """A number from 1 on."""
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of pictures, 1 or more")
    return int(text)


def picture_size(text: str) -> tuple[int, int]:
    """WIDTHxHEIGHT."""
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"{text!r} is not WIDTHxHEIGHT, e.g. 640x480")
    return int(width), int(height)


def simulated_picture_size(text: str) -> tuple[int, int]:
    """WIDTHxHEIGHT that the simulator can fill; see `check_simulated_size`."""
    size = picture_size(text)
    try:
        check_simulated_size(size)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return size


def check_simulated_size(size: tuple[int, int]) -> None:
    """See that a scene of several whole objects fits into such a picture: layouts are drawn until it does.

    Args:
        size: width and height, pixels.

    Raises:
        ValueError: it is too small, too large, too narrow or too wide.
    """
    width, height = size
    (least, most), (narrowest, widest) = _SIMULATED_SIDE, _SIMULATED_RATIO
    if not (least <= min(size) and max(size) <= most):
        raise ValueError(f"simulated pictures have sides of {least} to {most} pixels, not {width}x{height}")
    if not narrowest <= width / height <= widest:
        raise ValueError(
            f"simulated pictures are {narrowest:g} to {widest:g} times as wide as high, not {width}x{height}"
        )
