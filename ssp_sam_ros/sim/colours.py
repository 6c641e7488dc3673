"""What the colour words look like: eight colours far apart, each with a small jitter."""

from __future__ import annotations

import colorsys

import numpy as np

# Hue, saturation and value, each 0 .. 1.
_HSV: dict[str, tuple[float, float, float]] = {
    "red": (0.995, 0.92, 0.74),
    "green": (0.36, 0.85, 0.53),
    "blue": (0.615, 0.90, 0.78),
    "yellow": (0.148, 0.92, 0.92),
    "orange": (0.068, 0.96, 0.94),
    "purple": (0.79, 0.75, 0.62),
    "white": (0.12, 0.02, 0.93),
    "black": (0.60, 0.10, 0.055),
}


def random_rgb(colour: str, rng: np.random.Generator) -> tuple[float, float, float]:
    """The colour with a small jitter that keeps it far from every other one."""
    h, s, v = _HSV[colour]
    return colorsys.hsv_to_rgb(
        (h + rng.uniform(-0.012, 0.012)) % 1.0,
        min(1.0, s * rng.uniform(0.93, 1.05)),
        min(1.0, v * rng.uniform(0.92, 1.06)),
    )
