"""Procedural textures for tables and floors: muted, so that every object colour stands out."""

from __future__ import annotations

import numpy as np

SIDE = 256


def smooth_noise(rng: np.random.Generator, cells: tuple[int, int]) -> np.ndarray:
    """Smooth periodic noise in -1 .. 1, (SIDE, SIDE)."""
    grid = rng.uniform(-1, 1, cells)
    rows, columns = (np.arange(SIDE) * (n / SIDE) for n in cells)
    r0, c0 = rows.astype(int), columns.astype(int)
    fr, fc = ((1 - np.cos(np.pi * (v - v0))) / 2 for v, v0 in ((rows, r0), (columns, c0)))
    r1, c1 = (r0 + 1) % cells[0], (c0 + 1) % cells[1]
    top = grid[np.ix_(r0, c0)] * (1 - fc) + grid[np.ix_(r0, c1)] * fc
    bottom = grid[np.ix_(r1, c0)] * (1 - fc) + grid[np.ix_(r1, c1)] * fc
    return top * (1 - fr[:, None]) + bottom * fr[:, None]


def muted(rng: np.random.Generator) -> np.ndarray:
    """A base colour: wood, stone or a pale cloth; neither white, nor black, nor saturated."""
    kind = rng.integers(3)
    if kind == 0:  # wood
        value = rng.uniform(0.38, 0.66)
        return value * np.array([1.0, rng.uniform(0.74, 0.82), rng.uniform(0.52, 0.64)])
    if kind == 1:  # stone
        return rng.uniform(0.32, 0.62) * (1 + rng.uniform(-0.04, 0.04, 3))
    return rng.uniform(0.42, 0.62) * (1 + rng.uniform(-0.11, 0.11, 3))  # cloth


def surface(rng: np.random.Generator) -> np.ndarray:
    """A random surface, uint8 (SIDE, SIDE, 3): plain, wood grain, speckle, checks or stripes."""
    base, kind = muted(rng), rng.integers(5)
    if kind == 0:
        shade = np.zeros((SIDE, SIDE))
    elif kind == 1:
        shade = (
            0.10 * smooth_noise(rng, (4, 64))
            + 0.06 * smooth_noise(rng, (2, 16))
            + 0.04 * smooth_noise(rng, (16, 128))
        )
    elif kind == 2:
        shade = 0.10 * smooth_noise(rng, (64, 64)) + 0.05 * smooth_noise(rng, (8, 8))
    else:
        lines = (np.arange(SIDE) // (SIDE // int(rng.choice([4, 8])))) % 2
        pattern = (
            np.logical_xor(lines[:, None], lines[None]) if kind == 3 else np.broadcast_to(lines, (SIDE, SIDE))
        )
        shade = rng.uniform(0.05, 0.12) * (2.0 * pattern - 1) + 0.03 * smooth_noise(rng, (32, 32))
    return np.clip(255 * base * (1 + shade[..., None]), 0, 255).astype(np.uint8)
