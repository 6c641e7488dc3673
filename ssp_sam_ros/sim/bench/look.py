"""Light, surroundings, camera and lens of a scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..camera import Camera
from .pool import SURFACES

# Metres of table that the picture's height shows at the point looked at, before `scale`.
_SPAN = 0.66
Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Look:
    """Light and surroundings; colours 0 .. 1, lengths in metres, angles in radians.

    mat: (x, y, half width, half depth, turn) of a place mat, None without one.
    """

    table: int
    floor: int
    half_size: tuple[float, float]
    table_turn: float
    mat: tuple[float, float, float, float, float] | None
    mat_surface: int
    directions: tuple[Vector, Vector]
    diffuse: tuple[Vector, Vector]
    ambient: float
    shadows: bool


def random_look(rng: np.random.Generator) -> Look:
    """Bright or dim, hard or soft, warm or cold light; never too dark to tell colours."""
    table, floor, mat = rng.choice(SURFACES, 3, replace=False)
    hard = rng.uniform(0.0, 1.0)  # how much of the light comes from the key lamp
    total = rng.uniform(0.96, 1.26)
    key, ambient = 0.30 + 0.38 * hard, 0.50 - 0.22 * hard
    mat_place = (
        (
            rng.uniform(-0.15, 0.15),
            rng.uniform(-0.15, 0.15),
            rng.uniform(0.14, 0.26),
            rng.uniform(0.10, 0.19),
            rng.uniform(0, np.pi),
        )
        if rng.random() < 0.3
        else None
    )
    return Look(
        table=int(table),
        floor=int(floor),
        half_size=(rng.uniform(0.55, 1.2), rng.uniform(0.55, 1.2)),
        table_turn=rng.uniform(0, np.pi),
        mat=mat_place,
        mat_surface=int(mat),
        directions=(_direction(rng, 8, 58), _direction(rng, 20, 70)),
        diffuse=(_tint(rng, key * total), _tint(rng, rng.uniform(0.06, 0.24) * total)),
        ambient=ambient * total,
        shadows=bool(rng.random() < 0.88),
    )


def _direction(rng: np.random.Generator, low: float, high: float) -> Vector:
    turn, tilt = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(low, high))
    return (float(np.sin(tilt) * np.cos(turn)), float(np.sin(tilt) * np.sin(turn)), -float(np.cos(tilt)))


def _tint(rng: np.random.Generator, strength: float) -> Vector:
    warm = rng.uniform(-0.07, 0.07)
    return (strength * (1 + warm), strength, strength * (1 - warm))


def random_camera(rng: np.random.Generator) -> Camera:
    """From a seated person's height to straight above, from a tele to a wide lens, from any side."""
    chance = rng.random()
    low, high = (26, 36) if chance < 0.22 else (36, 62) if chance < 0.8 else (62, 84)
    fovy = np.radians(rng.uniform(26, 58))
    scale = rng.uniform(0.85, 1.15)
    return Camera(
        target=(rng.uniform(-0.04, 0.04), rng.uniform(-0.04, 0.04), rng.uniform(0.0, 0.05)),
        azimuth=rng.uniform(0, 2 * np.pi),
        elevation=float(np.radians(rng.uniform(low, high))),
        distance=float(0.5 * _SPAN / (scale * np.tan(0.5 * fovy))),
        fovy=float(fovy),
    )
