"""Random bench scenes: pictures with exact visible masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..camera import Camera
from ..scene import measure
from .colours import COLOUR_OF_PAINT
from .effects import degrade
from .geometry import silhouette_area
from .layout import Mix, footprint, random_layout
from .lens import Lens, random_lens
from .look import random_look
from .pool import BenchPool
from .render import BenchRenderer, Placed
from .scene import (
    CLEAR_COLOURED,
    CLEAR_COLOURED_PIXELS,
    CLEAR_PIXELS_320,
    CLEAR_SHARE,
    LARGE_PART,
    BenchObject,
    BenchScene,
)

SCENES_PER_POOL = 250
_MOST_UNCLEAR = 2


class Bench:
    """An endless, reproducible stream of scenes.

    A new pool (shapes, materials, textures) is compiled every `SCENES_PER_POOL` scenes.

    Args:
        seed: a whole number, or a sequence of them; the same seed gives the same scenes.
        width, height: picture size in pixels.
        mix: which pairs of colour and noun are shown.

    Raises:
        SimulatorUnavailableError: MuJoCo or an off-screen OpenGL is missing.
    """

    def __init__(
        self, seed: int | Sequence[int], width: int = 320, height: int = 240, mix: Mix | None = None
    ) -> None:
        """Nothing is compiled before the first scene."""
        self._rng = np.random.default_rng(seed)
        self.width, self.height, self.mix = width, height, mix or Mix()
        self._renderer: BenchRenderer | None = None
        self._made = 0

    def scene(self) -> BenchScene:
        """The next scene: 2 to 15 objects, most of them clear."""
        if self._renderer is None or self._made % SCENES_PER_POOL == 0:
            self.close()
            self._renderer = BenchRenderer(
                BenchPool(self._rng, self.width, self.height), self.width, self.height
            )
        self._made += 1
        size = (self.width, self.height)
        while True:
            camera, placed = random_layout(self._renderer.pool, size, self._rng, self.mix)
            image, labels = self._renderer.render(camera, placed, random_look(self._rng))
            lens = random_lens(size, self._rng)
            scene = build_scene(
                self._renderer.pool, camera, placed, image, labels, self._renderer.paints, lens
            )
            unclear = sum(not item.clear for item in scene.objects)
            if (
                unclear <= _MOST_UNCLEAR
                and unclear < len(placed) - 1
                and all(o.pixels for o in scene.objects)
            ):
                return BenchScene(degrade(scene.image, self._rng), scene.labels, scene.objects)

    def close(self) -> None:
        """Free the OpenGL context; the next scene opens a new one."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None


def build_scene(
    pool: BenchPool,
    camera: Camera,
    placed: Sequence[Placed],
    image: np.ndarray,
    labels: np.ndarray,
    paints: Sequence[Mapping[str, int]] | None = None,
    lens: Lens | None = None,
) -> BenchScene:
    """Put a rendered picture, its labels and the placed objects together.

    Args:
        pool: the bodies.
        camera: the view.
        placed: what is shown.
        image: uint8 (H, W, 3).
        labels: uint8 (H, W); i + 1 where placed[i] is seen.
        paints: `BenchRenderer.paints` of this picture. Without it every paint counts as a large part.
        lens: distorts picture and labels; None leaves them as they are.
    """
    size = (labels.shape[1], labels.shape[0])
    least = CLEAR_PIXELS_320 * size[0] * size[1] / (320 * 240)
    areas = np.bincount(labels.ravel(), minlength=len(placed) + 1)
    if lens is not None:
        areas = np.bincount(labels[lens.kept], minlength=len(placed) + 1)
        image, labels = lens.picture(image), lens.labels(labels)
    objects = []
    for k, item in enumerate(placed):
        body = pool.bodies[item.body]
        foot = camera.project(np.array([item.x, item.y, 0.0]), *size)
        if lens is not None:
            foot = lens.point(foot)
        pixels, box, centroid = measure(labels, k)
        pose = (item.x, item.y, item.z, item.yaw)
        share = min(1.0, areas[k + 1] / max(1, silhouette_area(body.shape, pose, camera, size)))
        coloured, also = _own_and_other(dict.fromkeys(body.paints, 1) if paints is None else paints[k])
        ends, radius = footprint(body, item)
        support = None if item.holder is None else pool.bodies[placed[item.holder].body].shape.support
        objects.append(
            BenchObject(
                body.noun,
                item.colour,
                body.size,
                (item.x, item.y, item.z),
                radius,
                pixels,
                box,
                centroid,
                (float(foot[0]), float(foot[1])),
                material=body.material,
                share=float(share),
                clear=bool(
                    pixels >= least
                    and share >= CLEAR_SHARE
                    and coloured >= max(CLEAR_COLOURED, CLEAR_COLOURED_PIXELS * least / pixels)
                ),
                ends=ends,
                holder=item.holder,
                held=support.kind if support else None,
                also=also,
            )
        )
    return BenchScene(image, labels, tuple(objects))


def _own_and_other(paints: Mapping[str, int]) -> tuple[float, tuple[str, ...]]:
    """Which share of what is seen has the object's own colour, and what other colours have a large one."""
    total = max(1, sum(paints.values()))
    others: dict[str, float] = {}
    for paint, pixels in paints.items():
        if paint in COLOUR_OF_PAINT:
            colour = COLOUR_OF_PAINT[paint]
            others[colour] = others.get(colour, 0.0) + pixels / total
    own = sum(pixels for paint, pixels in paints.items() if paint not in COLOUR_OF_PAINT) / total
    return own, tuple(sorted(colour for colour, share in others.items() if share >= LARGE_PART))
