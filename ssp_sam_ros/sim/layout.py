"""Which objects a scene shows and where they stand: chosen so that every one is seen whole enough."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import cv2
import numpy as np

from .camera import Camera, random_camera
from .pool import Pool, PoolBody
from .words import COLOURS

# The picture area is divided by this when a hull is compared with the least number of visible pixels.
MIN_PIXELS_320 = 90
MAX_HIDDEN = 0.35
BORDER = 3

_HSV: dict[str, tuple[float, float, float]] = {
    "red": (0.995, 0.92, 0.74),
    "green": (0.36, 0.85, 0.53),
    "blue": (0.615, 0.90, 0.78),
    "yellow": (0.148, 0.92, 0.92),
    "orange": (0.068, 0.96, 0.94),
    "purple": (0.79, 0.75, 0.62),
    "white": (0.12, 0.02, 0.93),
    "black": (0.60, 0.10, 0.055),
}


@dataclass(frozen=True)
class Placed:
    """One body of the pool with its colour and pose (x, y in metres, yaw in radians, on the table)."""

    body: int
    colour: str
    rgb: tuple[float, float, float]
    x: float
    y: float
    yaw: float


def random_rgb(colour: str, rng: np.random.Generator) -> tuple[float, float, float]:
    """The colour with a small jitter that keeps it far from every other one."""
    h, s, v = _HSV[colour]
    return colorsys.hsv_to_rgb(
        (h + rng.uniform(-0.012, 0.012)) % 1.0, min(1.0, s * rng.uniform(0.93, 1.05)), min(1.0, v * rng.uniform(0.92, 1.06))
    )


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


def random_layout(
    pool: Pool, width: int, height: int, rng: np.random.Generator, count: int | None = None
) -> tuple[Camera, list[Placed]]:
    """A camera and a list of placed objects, none cut by the border or hidden by more than about a third.

    Args:
        count: how many objects; None takes 2 to 8 at random.
    """
    count = int(rng.choice([2, 3, 4, 5, 6, 7, 8], p=[0.06, 0.12, 0.17, 0.19, 0.18, 0.15, 0.13])) if count is None else count
    while True:
        camera = random_camera(rng)
        placed: list[Placed] | None = []
        hulls: list[np.ndarray] = []
        for body, colour in choose_bodies(pool, count, rng):
            placed = _place_one(pool, camera, placed, hulls, body, colour, (width, height), rng)
            if placed is None:
                break
        if placed is not None:
            return camera, placed


def _place_one(
    pool: Pool,
    camera: Camera,
    placed: list[Placed],
    hulls: list[np.ndarray],
    index: int,
    colour: str,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> list[Placed] | None:
    body = pool.bodies[index]
    for _ in range(25):
        if placed and rng.random() < 0.25:  # close to another one, for "next to"
            near = placed[int(rng.integers(len(placed)))]
            gap, turn = body.shape.radius + pool.bodies[near.body].shape.radius + rng.uniform(0.01, 0.04), rng.uniform(0, 2 * np.pi)
            x, y = near.x + gap * np.cos(turn), near.y + gap * np.sin(turn)
        else:
            x, y = camera.ground(rng.uniform(-0.34, 0.34), rng.uniform(-0.34, 0.38))
        if any(
            np.hypot(x - p.x, y - p.y) < body.shape.radius + pool.bodies[p.body].shape.radius + 0.006 for p in placed
        ):
            continue
        yaw = rng.uniform(0, 2 * np.pi)
        if body.noun == "mug":  # the handle is what tells a mug: never hide it behind the body
            yaw = camera.azimuth + rng.choice([-1, 1]) * rng.uniform(np.radians(55), np.radians(120))
        hull = camera.project(world_outline(body, x, y, yaw), *size)
        low, high = hull.min(0), hull.max(0)
        if low.min() < BORDER or high[0] > size[0] - 1 - BORDER or high[1] > size[1] - 1 - BORDER:
            continue
        candidate = Placed(index, colour, random_rgb(colour, rng), float(x), float(y), float(yaw))
        if all_visible(camera, [*placed, candidate], [*hulls, hull], size):
            hulls.append(hull)
            return [*placed, candidate]
    return None


def all_visible(camera: Camera, placed: list[Placed], hulls: list[np.ndarray], size: tuple[int, int]) -> bool:
    """Whether no object's outline is covered by nearer outlines for more than `MAX_HIDDEN` of its area."""
    least = MIN_PIXELS_320 * size[0] * size[1] / (320 * 240)
    eye = camera.position
    order = sorted(range(len(placed)), key=lambda k: (placed[k].x - eye[0]) ** 2 + (placed[k].y - eye[1]) ** 2)
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
