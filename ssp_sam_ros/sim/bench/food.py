"""Things that grow."""

from __future__ import annotations

import numpy as np

from .mesh import Mesh, join, swept, turned
from .shape import DARK, TIMBER, Part, Shape

Random = np.random.Generator


def _round(radii: np.ndarray, heights: np.ndarray, segments: int = 24) -> Mesh:
    profile = [(max(0.0, float(r)), float(h)) for r, h in zip(radii, heights, strict=True)]
    return turned([profile], segments)


def _stem(height: float, length: float, lean: float) -> Mesh:
    t = np.linspace(0, 1, 4)
    centres = np.column_stack([lean * length * t**2, np.zeros(4), height + length * t])
    return swept(centres, np.full(4, 0.0026), 6)


def apple(rng: Random) -> Shape:
    """Round with a dimple and a stem; some have a leaf."""
    radius, a = rng.uniform(0.036, 0.042), np.linspace(-np.pi / 2, np.pi / 2, 15)
    dimple = rng.uniform(0.18, 0.28)
    r = radius * np.cos(a) * (1 + 0.10 * np.sin(a))
    z = radius * (np.sin(a) * rng.uniform(0.88, 0.96) - dimple * np.maximum(0, np.sin(a)) ** 12 * 1.0)
    body = _round(r, z - z.min())
    top = float((z - z.min())[-1])
    parts = [Part(body), Part(_stem(top - 0.002, 0.022, rng.uniform(-0.5, 0.5)), TIMBER)]
    if rng.random() < 0.5:
        s = np.linspace(0, 1, 6)
        leaf = swept(
            np.column_stack([0.030 * s, np.zeros(6), top + 0.012 + 0.008 * np.sin(np.pi * s)]),
            np.column_stack([np.full(6, 0.0012), 0.001 + 0.009 * np.sin(np.pi * s)]), 8,
        )  # fmt: skip
        parts.append(Part(leaf, "leaf"))
    return Shape(tuple(parts))


def orange(rng: Random) -> Shape:
    """A ball, slightly flat, with a small navel."""
    radius, a = rng.uniform(0.036, 0.042), np.linspace(-np.pi / 2, np.pi / 2, 15)
    z = radius * np.sin(a) * rng.uniform(0.92, 0.98)
    body = _round(radius * np.cos(a), z - z.min())
    top = float(np.ptp(z))
    navel = turned([[(0.006, top - 0.001), (0.005, top + 0.0015), (0.0, top + 0.001)]], 10)
    return Shape((Part(body), Part(navel, "leaf")))


def lemon(rng: Random) -> Shape:
    """An ellipsoid with a nipple at each end, lying on its side."""
    radius, half = rng.uniform(0.027, 0.031), rng.uniform(0.037, 0.044)
    t = np.linspace(-1, 1, 17)
    r = radius * np.sqrt(np.clip(1 - (t / 0.93) ** 2, 0, 1))
    r = np.maximum(r, 0.0065 * np.sqrt(np.clip(1 - np.abs(t) ** 6, 0, 1)))
    body = _round(r, half * t).rotated("y", 90).moved(z=radius)
    return Shape((Part(body),))


def pear(rng: Random) -> Shape:
    """A wide belly, a narrow neck, a stem."""
    radius, height = rng.uniform(0.035, 0.040), rng.uniform(0.085, 0.10)
    t = np.linspace(0, 1, 15)
    r = radius * np.sqrt(np.clip(1 - (2 * t - 1) ** 2, 0, None)) * (1.22 - 0.42 * np.tanh(4 * (t - 0.45)))
    r = r * radius / r.max()
    parts = (Part(_round(r, height * t)), Part(_stem(height - 0.003, 0.022, rng.uniform(-0.6, 0.6)), TIMBER))
    return Shape(parts)


def banana(rng: Random) -> Shape:
    """A bent, tapering fruit with dark tips, lying flat."""
    bend, arc, thick = (
        rng.uniform(0.075, 0.095),
        np.radians(rng.uniform(100, 130)),
        rng.uniform(0.0165, 0.0195),
    )
    angle, along = np.linspace(-arc / 2, arc / 2, 17), np.linspace(-1, 1, 17)
    radii = thick * np.clip(1 - np.abs(along) ** 3.0, 0, 1) ** 0.55
    radii[:3] = 0.0048, 0.0052, max(float(radii[2]), 0.007)
    radii[-2:] = max(float(radii[-2]), 0.008), 0.005
    centres = np.column_stack(
        [bend * np.sin(angle), bend * (np.cos(angle) - np.cos(arc / 4)), np.full(17, thick)]
    )
    body = swept(centres, radii, 12)
    tips = [swept(centres[:2], np.full(2, 0.0056), 8), swept(centres[-2:], np.full(2, 0.0058), 8)]
    tips[1] = tips[1].moved(x=0.001)
    return Shape((Part(body), Part(join(tips), DARK)))


def carrot(rng: Random) -> Shape:
    """A long cone lying flat, with a tuft of green."""
    length, radius = rng.uniform(0.11, 0.14), rng.uniform(0.015, 0.019)
    t = np.linspace(0, 1, 9)
    r = radius * (1 - t) ** 0.72 + 0.0012
    r[0] = radius * 0.8
    body = swept(np.column_stack([length * (t - 0.5), np.zeros(9), 0.9 * radius + 0 * t]), r, 12)
    tuft = []
    for turn in (-0.55, -0.2, 0.15, 0.5):
        s = np.linspace(0, 1, 4)
        reach = rng.uniform(0.045, 0.06)
        centres = np.column_stack(
            [-length / 2 - reach * s, reach * turn * s, radius + 0.012 * np.sin(np.pi * s)]
        )
        tuft.append(swept(centres, 0.0025 + 0.004 * np.sin(np.pi * s * 0.8), 6))
    return Shape((Part(body), Part(join(tuft), "leaf")))
