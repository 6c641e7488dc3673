"""Which objects a scene shows and where they stand: chosen so that every one is seen whole enough."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .camera import Camera, random_camera
from .colours import random_rgb
from .pool import Pool, PoolBody
from .sizes import check_size
from .words import COLOURS

# An object shows at least so many pixels in a 320x240 picture, and more in a larger one.
MIN_PIXELS_320 = 90
MAX_HIDDEN = 0.35
BORDER = 3
# Share of scenes with 2, 3, ... 8 objects.
_COUNT_SHARES = (0.06, 0.12, 0.17, 0.19, 0.18, 0.15, 0.13)
_ATTEMPTS = 25
# A mug's handle points this far, in radians, away from the camera's side.
_HANDLE = (np.radians(55), np.radians(120))


@dataclass(frozen=True)
class Placed:
    """One body of the pool with its colour and pose (x, y in metres, yaw in radians, on the table)."""

    body: int
    colour: str
    rgb: tuple[float, float, float]
    x: float
    y: float
    yaw: float


def world_outline(body: PoolBody, x: float, y: float, yaw: float) -> np.ndarray:
    """The body's outline points at this pose, (P, 3) world metres."""
    c, s = np.cos(yaw), np.sin(yaw)
    px, py, pz = body.outline.T
    return np.stack([x + c * px - s * py, y + s * px + c * py, pz], 1)


def choose_bodies(pool: Pool, count: int, rng: np.random.Generator) -> list[tuple[int, str]]:
    """Bodies and colours of a scene: many share a noun or a colour, so that one word seldom says it all."""
    chosen: list[tuple[int, str]] = []
    seen: set[tuple[str, str, str]] = set()
    twins_allowed = rng.random() < 0.25
    while len(chosen) < count:
        noun = colour = None
        if chosen:
            like = chosen[int(rng.integers(len(chosen)))]
            share = rng.random()
            if share < 0.45:
                noun = pool.bodies[like[0]].noun
            elif share < 0.70:
                colour = like[1]
        used = {body for body, _ in chosen}
        free = [k for k, b in enumerate(pool.bodies) if k not in used and noun in (None, b.noun)]
        body = free[int(rng.integers(len(free)))] if free else int(rng.integers(len(pool.bodies)))
        colour = colour or COLOURS[int(rng.integers(len(COLOURS)))]
        key = (pool.bodies[body].noun, pool.bodies[body].size, colour)
        if body in used or (key in seen and not twins_allowed):
            continue
        seen.add(key)
        chosen.append((body, colour))
    return chosen


class Arrangement:
    """Objects placed one after another under one camera.

    Args:
        pool: the bodies to place.
        camera: the view that everything must be seen in.
        size: (width, height) of the picture in pixels.
    """

    def __init__(self, pool: Pool, camera: Camera, size: tuple[int, int]) -> None:
        """An empty table."""
        self.pool, self.camera, self.size = pool, camera, size
        self.placed: list[Placed] = []
        self._hulls: list[np.ndarray] = []

    def add(self, index: int, colour: str, rng: np.random.Generator) -> bool:
        """Find a free place for this body where it and all others are seen; False where `_ATTEMPTS` fail."""
        body = self.pool.bodies[index]
        for _ in range(_ATTEMPTS):
            x, y = self._spot(body, rng)
            if not self._free(body, x, y):
                continue
            yaw = rng.uniform(0, 2 * np.pi)
            if body.noun == "mug":  # the handle is what tells a mug: never hide it behind the body
                yaw = self.camera.azimuth + rng.choice([-1, 1]) * rng.uniform(*_HANDLE)
            hull = self.camera.project(world_outline(body, x, y, yaw), *self.size)
            if not inside_border(hull, self.size):
                continue
            candidate = Placed(index, colour, random_rgb(colour, rng), float(x), float(y), float(yaw))
            if all_visible(self.camera, [*self.placed, candidate], [*self._hulls, hull], self.size):
                self.placed.append(candidate)
                self._hulls.append(hull)
                return True
        return False

    def _spot(self, body: PoolBody, rng: np.random.Generator) -> tuple[float, float]:
        """A random table point, one time in four close to another object (for "next to")."""
        if self.placed and rng.random() < 0.25:
            near = self.placed[int(rng.integers(len(self.placed)))]
            apart = body.shape.radius + self.pool.bodies[near.body].shape.radius + rng.uniform(0.01, 0.04)
            turn = rng.uniform(0, 2 * np.pi)
            return near.x + apart * np.cos(turn), near.y + apart * np.sin(turn)
        return self.camera.ground(rng.uniform(-0.34, 0.34), rng.uniform(-0.34, 0.38))

    def _free(self, body: PoolBody, x: float, y: float) -> bool:
        return all(
            np.hypot(x - p.x, y - p.y) >= body.shape.radius + self.pool.bodies[p.body].shape.radius + 0.006
            for p in self.placed
        )


def random_layout(
    pool: Pool, width: int, height: int, rng: np.random.Generator, count: int | None = None
) -> tuple[Camera, list[Placed]]:
    """A camera and a list of placed objects, none cut by the border or hidden by more than about a third.

    Args:
        pool: the bodies to choose from.
        width, height: picture size in pixels.
        rng: source of all that is random here.
        count: how many objects; None takes 2 to 8 at random.

    Raises:
        ValueError: no scene fits into pictures of this size.
    """
    check_size((width, height))
    if count is None:
        count = int(rng.choice(len(_COUNT_SHARES), p=_COUNT_SHARES)) + 2
    while True:
        arrangement = Arrangement(pool, random_camera(rng), (width, height))
        if all(arrangement.add(body, colour, rng) for body, colour in choose_bodies(pool, count, rng)):
            return arrangement.camera, arrangement.placed


def inside_border(points: np.ndarray, size: tuple[int, int]) -> bool:
    """Whether all picture points (P, 2) keep `BORDER` pixels away from the picture's edge."""
    low, high = points.min(0), points.max(0)
    return bool(low.min() >= BORDER and high[0] <= size[0] - 1 - BORDER and high[1] <= size[1] - 1 - BORDER)


def all_visible(camera: Camera, placed: list[Placed], hulls: list[np.ndarray], size: tuple[int, int]) -> bool:
    """Whether no object's outline is covered by nearer outlines for more than `MAX_HIDDEN` of its area."""
    least = MIN_PIXELS_320 * size[0] * size[1] / (320 * 240)
    eye = camera.position
    order = sorted(
        range(len(placed)), key=lambda k: (placed[k].x - eye[0]) ** 2 + (placed[k].y - eye[1]) ** 2
    )
    covered = np.zeros((size[1], size[0]), np.uint8)
    for k in order:
        polygon = cv2.convexHull(hulls[k].astype(np.float32)).round().astype(np.int32)
        (x1, y1), (x2, y2) = polygon.reshape(-1, 2).min(0), polygon.reshape(-1, 2).max(0) + 1
        own = np.zeros((y2 - y1, x2 - x1), np.uint8)
        cv2.fillConvexPoly(own, polygon - (x1, y1), 1)
        part = covered[y1:y2, x1:x2]
        total, hidden = cv2.countNonZero(own), cv2.countNonZero(own & part)
        if total - hidden < 1.2 * least or hidden > MAX_HIDDEN * total:
            return False
        part |= own
    return True
