"""One tabletop scene seen by a slowly moving camera: the simulator as a camera."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .camera import Camera
from .layout import Placed, all_visible, inside_border, random_layout, world_outline
from .pool import Pool
from .render import SceneRenderer, random_look
from .scene import Scene
from .tabletop import build_scene

PERIOD = 24.0
SWING = np.radians(12.0)
NOD = np.radians(3.0)
# Keeps live scenes apart from those of `Tabletop` and of the datasets, whatever the seed.
_STREAM = 0x11FE


class LiveTabletop:
    """A scene of six or seven objects that stay in view while the camera swings around them.

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
        pool = Pool(rng, width, height)
        self._look = random_look(rng)
        self._camera, self._placed = _lasting_layout(pool, width, height, rng)
        self._renderer = SceneRenderer(pool, width, height)

    def camera(self, seconds: float) -> Camera:
        """Where the camera is at this time."""
        return moved(self._camera, seconds)

    def render(self, seconds: float) -> Scene:
        """The scene at this time, counted from any start; the movement repeats every `PERIOD` seconds."""
        camera = self.camera(seconds)
        image, labels = self._renderer.render(camera, self._placed, self._look)
        return build_scene(self._renderer, camera, self._placed, image, labels)

    def close(self) -> None:
        """Free the OpenGL context."""
        self._renderer.close()


def moved(camera: Camera, seconds: float) -> Camera:
    """The camera on its way: it swings around its target and nods, once every `PERIOD` seconds."""
    phase = 2 * np.pi * seconds / PERIOD
    return replace(
        camera,
        azimuth=camera.azimuth + SWING * float(np.sin(phase)),
        elevation=camera.elevation + NOD * float(np.sin(2 * phase)),
    )


def _lasting_layout(
    pool: Pool, width: int, height: int, rng: np.random.Generator
) -> tuple[Camera, list[Placed]]:
    """A layout whose objects are all seen, and not cut, along the whole way of the camera."""
    while True:
        camera, placed = random_layout(pool, width, height, rng, count=int(rng.integers(6, 8)))
        camera = replace(camera, elevation=float(np.clip(camera.elevation, np.radians(36), np.radians(54))))
        times = np.linspace(0, PERIOD, 16, endpoint=False)
        if all(_fits(pool, moved(camera, t), placed, width, height) for t in times):
            return camera, placed


def _fits(pool: Pool, camera: Camera, placed: list[Placed], width: int, height: int) -> bool:
    hulls = [
        camera.project(world_outline(pool.bodies[item.body], item.x, item.y, item.yaw), width, height)
        for item in placed
    ]
    size = (width, height)
    return inside_border(np.concatenate(hulls), size) and all_visible(camera, placed, hulls, size)
