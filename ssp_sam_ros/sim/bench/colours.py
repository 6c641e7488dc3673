"""What the colour words and the fixed paints look like."""

from __future__ import annotations

import colorsys

import numpy as np

from .shape import DARK, PALE, STEEL, TIMBER

RGB = tuple[float, float, float]

# Hue, saturation and value, 0 .. 1, and how much each may differ.
_HSV: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "red": ((0.992, 0.90, 0.74), (0.014, 0.07, 0.09)),
    "orange": ((0.068, 0.94, 0.95), (0.010, 0.05, 0.05)),
    "yellow": ((0.145, 0.88, 0.93), (0.014, 0.09, 0.05)),
    "green": ((0.350, 0.78, 0.50), (0.050, 0.12, 0.12)),
    "blue": ((0.605, 0.85, 0.74), (0.025, 0.10, 0.12)),
    "purple": ((0.775, 0.68, 0.64), (0.020, 0.10, 0.07)),
    "pink": ((0.925, 0.45, 0.95), (0.022, 0.07, 0.04)),
    "brown": ((0.062, 0.68, 0.38), (0.012, 0.07, 0.05)),
    "white": ((0.120, 0.03, 0.93), (0.040, 0.02, 0.04)),
    "silver": ((0.600, 0.02, 0.86), (0.100, 0.02, 0.06)),
    "black": ((0.600, 0.10, 0.055), (0.100, 0.08, 0.02)),
}
# The colour word for each fixed paint.
COLOUR_OF_PAINT = {
    STEEL: "silver", DARK: "black", PALE: "white", TIMBER: "brown", "leaf": "green", "paper": "white",
    "screen": "black",
}  # fmt: skip
_GREEN_FRUIT = ((0.235, 0.75, 0.62), (0.020, 0.08, 0.06))
_PAINTS: dict[str, RGB] = {
    STEEL: (0.66, 0.67, 0.70),
    DARK: (0.09, 0.09, 0.10),
    PALE: (0.86, 0.85, 0.81),
    TIMBER: (0.42, 0.29, 0.17),
    "leaf": (0.20, 0.42, 0.12),
    "paper": (0.90, 0.88, 0.80),
    "screen": (0.03, 0.035, 0.05),
}


def random_rgb(colour: str, noun: str, rng: np.random.Generator) -> RGB:
    """The colour as this noun has it, with a jitter that keeps it apart from every other colour."""
    middle, spread = _HSV[colour]
    if colour == "green" and noun in ("apple", "banana", "pear"):
        middle, spread = _GREEN_FRUIT
    h, s, v = (m + rng.uniform(-d, d) for m, d in zip(middle, spread, strict=True))
    return colorsys.hsv_to_rgb(h % 1.0, min(1.0, max(0.0, s)), min(1.0, max(0.0, v)))


def paint_rgb(paint: str, rng: np.random.Generator) -> RGB:
    """A fixed paint, a little lighter or darker."""
    r, g, b = _PAINTS[paint]
    shade = rng.uniform(0.88, 1.1)
    return (min(1.0, r * shade), min(1.0, g * shade), min(1.0, b * shade))
