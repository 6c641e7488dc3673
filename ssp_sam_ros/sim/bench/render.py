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
    """Draws scenes of the bench; see `PoolRenderer`.

    `paints` says of every object of the last picture how many pixels each of its paints has.
    """

    most_geoms = 1000
    specular = 0.7
    pool: BenchPool
    paints: tuple[dict[str, int], ...] = ()

    def _labels(self, placed: Sequence[Placed]) -> np.ndarray:
        self._renderer.enable_segmentation_rendering()
        seen = self._renderer.render()[..., 0]
        self._renderer.disable_segmentation_rendering()
        count = self.pool.model.ngeom + 1  # the last one serves -1: the background, and what is no part of it
        label_of_geom = np.zeros(count, np.uint8)
        pixels = np.bincount(seen.ravel() % count, minlength=count)
        paints = []
        for k, item in enumerate(placed):
            body = self.pool.bodies[item.body]
            label_of_geom[list(body.geoms)] = k + 1
            seen_of = dict.fromkeys(body.paints, 0)
            for geom, paint in zip(body.geoms, body.paints, strict=True):
                seen_of[paint] += int(pixels[geom])
            paints.append(seen_of)
        self.paints = tuple(paints)
        return np.asarray(label_of_geom[seen])

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
