"""Bench tops and floors: the simple world's surfaces, planks, tiles, marble and cutting mats; all muted."""

from __future__ import annotations

import numpy as np

from ..textures import SIDE, muted, smooth_noise, surface


def bench_surface(rng: np.random.Generator) -> np.ndarray:
    """A random surface, uint8 (SIDE, SIDE, 3)."""
    kind = rng.integers(8)
    if kind < 4:
        return surface(rng)
    base, rows = muted(rng), np.arange(SIDE)
    if kind == 4:  # planks
        count = int(rng.choice([4, 8]))
        plank = rows // (SIDE // count)
        shade = rng.uniform(-0.13, 0.13, count)[plank][:, None] + 0.09 * smooth_noise(rng, (64, 4))
        shade = shade - 0.35 * ((rows % (SIDE // count)) < 2)[:, None]
    elif kind == 5:  # tiles
        count = int(rng.choice([2, 4]))
        step = SIDE // count
        joint = (rows % step < 4)[:, None] | (rows % step < 4)[None]
        tile = rng.uniform(-0.06, 0.06, (count, count)).repeat(step, 0).repeat(step, 1)
        shade = tile + 0.05 * smooth_noise(rng, (16, 16)) + rng.choice([-0.3, 0.25]) * joint
    elif kind == 6:  # marble
        field = (
            smooth_noise(rng, (4, 4)) + 0.5 * smooth_noise(rng, (8, 8)) + 0.25 * smooth_noise(rng, (32, 32))
        )
        shade = 0.12 - 0.35 * np.exp(-np.abs(field) / 0.07) + 0.04 * smooth_noise(rng, (8, 8))
    else:  # a mat with thin lines
        step = int(rng.choice([32, 64]))
        lines = (rows % step < 2)[:, None] | (rows % step < 2)[None]
        shade = 0.16 * lines + 0.03 * smooth_noise(rng, (64, 64))
    return np.clip(255 * base * (1 + shade[..., None]), 0, 255).astype(np.uint8)
