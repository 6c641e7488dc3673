"""How the pool becomes a scene of the simple world: poses, colours, surfaces and light."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .camera import Camera
from .layout import Placed
from .pool import SURFACES, Pool
from .pool_renderer import PoolRenderer


@dataclass(frozen=True)
class Look:
    """Light and surroundings of a scene; colours 0 .. 1, lengths in metres."""

    table: int
    floor: int
    half_size: tuple[float, float]
    directions: tuple[tuple[float, float, float], tuple[float, float, float]]
    diffuse: tuple[tuple[float, float, float], tuple[float, float, float]]
    ambient: float
    shadows: bool


def random_look(rng: np.random.Generator) -> Look:
    """A random table, floor, key light (shadows mostly) and fill light; never too dark to tell colours."""
    table, floor = rng.choice(SURFACES, 2, replace=False)

    def direction(low: float, high: float) -> tuple[float, float, float]:
        turn, tilt = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(low, high))
        return (float(np.sin(tilt) * np.cos(turn)), float(np.sin(tilt) * np.sin(turn)), -float(np.cos(tilt)))

    def tint(strength: float) -> tuple[float, float, float]:
        warm = rng.uniform(-0.05, 0.05)
        return (strength * (1 + warm), strength, strength * (1 - warm))

    return Look(
        table=int(table),
        floor=int(floor),
        half_size=(rng.uniform(0.62, 1.1), rng.uniform(0.62, 1.1)),
        directions=(direction(10, 50), direction(20, 65)),
        diffuse=(tint(rng.uniform(0.38, 0.58)), tint(rng.uniform(0.08, 0.25))),
        ambient=rng.uniform(0.34, 0.46),
        shadows=bool(rng.random() < 0.85),
    )


class SceneRenderer(PoolRenderer):
    """Draws scenes of the simple world; see `PoolRenderer`."""

    pool: Pool

    def _prepare(self, camera: Camera, placed: Sequence[Placed], look: Look) -> None:
        model, pool = self.pool.model, self.pool
        self._hide_all()
        for item in placed:
            body = pool.bodies[item.body]
            self._place(body, item.x, item.y, 0.0, item.yaw)
            model.geom_group[list(body.geoms)] = 0
            model.geom_rgba[list(body.coloured)] = (*item.rgb, 1.0)
        model.geom_matid[[pool.table, pool.floor]] = look.table, look.floor
        model.geom_size[pool.table, :2] = look.half_size
        self._aim(camera)
        self._light(look)
