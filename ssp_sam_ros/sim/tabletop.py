"""Random tabletop scenes: pictures with exact visible masks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .camera import Camera
from .layout import BORDER, MIN_PIXELS_320, Placed, random_layout
from .pool import Pool
from .render import SceneRenderer, random_look
from .scene import Scene, SceneObject, measure

SCENES_PER_POOL = 200


class Tabletop:
    """An endless, reproducible stream of scenes.

    A new pool (proportions, textures) is compiled every `SCENES_PER_POOL` scenes.

    Args:
        seed: a whole number, or a sequence of them; the same seed gives the same scenes.
        width, height: picture size in pixels.

    Raises:
        SimulatorUnavailableError: MuJoCo or an off-screen OpenGL is missing.
    """

    def __init__(self, seed: int | Sequence[int], width: int = 320, height: int = 240) -> None:
        """Nothing is compiled before the first scene."""
        self._rng = np.random.default_rng(seed)
        self.width, self.height = width, height
        self._renderer: SceneRenderer | None = None
        self._made = 0

    def scene(self) -> Scene:
        """The next scene: 2 to 8 objects, none cut by the border, tiny or heavily hidden."""
        if self._renderer is None or self._made % SCENES_PER_POOL == 0:
            self.close()
            pool = Pool(self._rng, self.width, self.height)
            self._renderer = SceneRenderer(pool, self.width, self.height)
        self._made += 1
        while True:
            camera, placed = random_layout(self._renderer.pool, self.width, self.height, self._rng)
            scene = render_scene(self._renderer, camera, placed, self._rng)
            if all_seen(scene):
                return scene

    def close(self) -> None:
        """Free the OpenGL context; the next scene opens a new one."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None


def render_scene(
    renderer: SceneRenderer, camera: Camera, placed: Sequence[Placed], rng: np.random.Generator
) -> Scene:
    """Draw the placed objects under a random light."""
    return build_scene(renderer, camera, placed, *renderer.render(camera, placed, random_look(rng)))


def build_scene(
    renderer: SceneRenderer, camera: Camera, placed: Sequence[Placed], image: np.ndarray, labels: np.ndarray
) -> Scene:
    """Put a rendered picture, its labels and the placed objects together."""
    objects = []
    for k, item in enumerate(placed):
        body = renderer.pool.bodies[item.body]
        position = (item.x, item.y, 0.0)
        foot = camera.project(np.array(position), renderer.width, renderer.height)
        objects.append(
            SceneObject(
                body.noun,
                item.colour,
                body.size,
                position,
                body.shape.radius,
                *measure(labels, k),
                foot=(float(foot[0]), float(foot[1])),
            )
        )
    return Scene(image, labels, tuple(objects))


def all_seen(scene: Scene) -> bool:
    """Whether every object shows enough pixels and none touches the picture's border."""
    width, height = scene.size
    least = MIN_PIXELS_320 * width * height / (320 * 240)
    return all(
        item.pixels >= least
        and min(item.bbox[:2]) >= BORDER - 2
        and item.bbox[2] <= width - BORDER + 2
        and item.bbox[3] <= height - BORDER + 2
        for item in scene.objects
    )
