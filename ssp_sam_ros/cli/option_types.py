"""Types of options that several commands share."""

from __future__ import annotations

import argparse


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
    """WIDTHxHEIGHT that the simulator can fill; see `ssp_sam_ros.sim.sizes`."""
    from ssp_sam_ros.sim.sizes import check_size

    size = picture_size(text)
    try:
        check_size(size)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return size
