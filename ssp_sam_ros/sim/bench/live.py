"""One bench scene seen by a slowly moving camera: the simulator as a camera."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..camera import Camera
from ..live import PERIOD, moved
from .bench import build_scene
from .geometry import hidden_shares, in_world
from .layout import near_to_far, random_layout
from .look import random_look
from .pool import BenchPool
from .render import BenchRenderer, Placed
from .scene import BenchScene

# Keeps live scenes apart from those of `Bench` and of the datasets, whatever the seed.
_STREAM = 0xBE7C
_MOST_HIDDEN = 0.45
_ELEVATIONS = (np.radians(36), np.radians(60))


class LiveBench:
    """A scene of five to ten objects that stay in view while the camera swings around them.

    Use it from one thread: an OpenGL context belongs to the thread that made it.

    Args:
        seed: the same seed gives the same scene.
        width, height: picture size in pixels.

    Raises:
        SimulatorUnavailableError: MuJoCo or an off-screen OpenGL is missing.
    """

    def __init__(self, seed: int, width: int = 640, height: int = 480) -> None:
        """Build the world; takes about a second."""
        rng = np.random.default_rng((seed, _STREAM))
        pool = BenchPool(rng, width, height)
        self._look = random_look(rng)
        self._camera, self._placed = _lasting_layout(pool, (width, height), rng)
        self._renderer = BenchRenderer(pool, width, height)

    def camera(self, seconds: float) -> Camera:
        """Where the camera is at this time."""
        return moved(self._camera, seconds)

    def render(self, seconds: float) -> BenchScene:
        """The scene at this time, counted from any start; the movement repeats every `PERIOD` seconds."""
        camera = self.camera(seconds)
        image, labels = self._renderer.render(camera, self._placed, self._look)
        return build_scene(self._renderer.pool, camera, self._placed, image, labels, self._renderer.paints)

    def close(self) -> None:
        """Free the OpenGL context."""
        self._renderer.close()


def _lasting_layout(
    pool: BenchPool, size: tuple[int, int], rng: np.random.Generator
) -> tuple[Camera, list[Placed]]:
    """A layout whose objects are all seen, and not cut, along the whole way of the camera."""
    while True:
        camera, placed = random_layout(pool, size, rng, count=int(rng.integers(7, 11)))
        camera = replace(camera, elevation=float(np.clip(camera.elevation, *_ELEVATIONS)))
        views = [moved(camera, t) for t in np.linspace(0, PERIOD, 12, endpoint=False)]
        if all(_fits(pool, view, placed, size) for view in views):
            return camera, placed


def _fits(pool: BenchPool, camera: Camera, placed: list[Placed], size: tuple[int, int]) -> bool:
    hulls = [
        camera.project(in_world(pool.bodies[i.body].outline, i.x, i.y, i.z, i.yaw), *size) for i in placed
    ]
    points = np.concatenate(hulls)
    inside = ((points >= 2) & (points <= np.array(size) - 3)).all()
    return bool(inside) and max(hidden_shares(hulls, near_to_far(camera, placed), size)) <= _MOST_HIDDEN
