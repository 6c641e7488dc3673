"""How the pool becomes a scene of the bench: poses, paints, surfaces and light."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..camera import Camera
from ..pool_renderer import PoolRenderer
from .colours import RGB
from .look import Look
from .pool import BenchPool
from .shape import CLEAR, MAIN

_CLEAR_ALPHA = 0.5


@dataclass(frozen=True)
class Placed:
    """One body of the pool: its colour and pose (metres, yaw in radians), and what holds it.

    rgb: of the main paint and of every other paint. holder: index in the scene of what it is on or in.
    """

    body: int
    colour: str
    rgb: dict[str, RGB]
    x: float
    y: float
    z: float
    yaw: float
    holder: int | None = None


class BenchRenderer(PoolRenderer):
    """Draws scenes of the bench; see `PoolRenderer`."""

    most_geoms = 1000
    specular = 0.7
    pool: BenchPool

    def _prepare(self, camera: Camera, placed: Sequence[Placed], look: Look) -> None:
        model = self.pool.model
        self._hide_all()
        for item in placed:
            body = self.pool.bodies[item.body]
            self._place(body, item.x, item.y, item.z, item.yaw)
            for geom, paint in zip(body.geoms, body.paints, strict=True):
                model.geom_group[geom] = 0
                rgb = item.rgb[MAIN if paint == CLEAR else paint]
                model.geom_rgba[geom] = (*rgb, _CLEAR_ALPHA if paint == CLEAR else 1.0)
        self._surround(look)
        self._aim(camera)
        self._light(look)

    def _surround(self, look: Look) -> None:
        """Table, floor and place mat."""
        model, pool = self.pool.model, self.pool
        model.geom_matid[[pool.table, pool.floor, pool.mat]] = [
            pool.surfaces[k] for k in (look.table, look.floor, look.mat_surface)
        ]
        model.geom_size[pool.table, :2] = look.half_size
        model.geom_quat[pool.table] = (np.cos(look.table_turn / 2), 0, 0, np.sin(look.table_turn / 2))
        if look.mat is not None:
            x, y, width, depth, turn = look.mat
            model.geom_group[pool.mat] = 0
            model.geom_pos[pool.mat] = (x, y, 0.0)
            model.geom_size[pool.mat, :2] = width, depth
            model.geom_quat[pool.mat] = (np.cos(turn / 2), 0, 0, np.sin(turn / 2))
