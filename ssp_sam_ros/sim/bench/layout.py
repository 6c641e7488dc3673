"""Which objects a scene shows and where they are: on the table, on or in each other, some partly hidden."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..camera import Camera
from ..sizes import check_size
from .colours import paint_rgb, random_rgb
from .geometry import Segment, hidden_shares, in_world, segment_distance
from .look import random_camera
from .pool import BenchPool, PoolBody
from .render import Placed
from .shape import CLEAR, MAIN, Support
from .words import HELD_OUT_PAIRS, colours_of

# Share of scenes with 3, 4, ... 15 objects.
_COUNT_SHARES = (0.07, 0.09, 0.10, 0.11, 0.11, 0.11, 0.10, 0.08, 0.07, 0.06, 0.04, 0.03, 0.03)
_ATTEMPTS = 20
_GAP = 0.004
_ROLLS = frozenset(("ball", "orange", "lemon", "pear", "carrot"))
_IN_DISHES = frozenset(("apple", "orange", "lemon", "pear", "ball", "block", "banana", "sponge", "tape"))
_HOLDERS = ("plate", "bowl", "pan", "book", "box", "plate", "bowl")


@dataclass(frozen=True)
class Mix:
    """Which pairs of colour and noun a scene may show.

    held_out: how likely an object has the colour that is kept out for its noun; 0 forbids it.
    """

    held_out: float = 0.0

    def colour(self, body: PoolBody, rng: np.random.Generator, like: str | None) -> str:
        """A colour for this body: `like` this one where it comes in it, else any."""
        colours = colours_of(body.noun, body.material)
        choice = [c for c in colours if (c, body.noun) not in HELD_OUT_PAIRS]
        kept = [c for c in colours if (c, body.noun) in HELD_OUT_PAIRS]
        if kept and self.held_out and rng.random() < self.held_out:
            return kept[0]
        if like in choice:
            return like
        return choice[int(rng.integers(len(choice)))]


def choose_bodies(pool: BenchPool, count: int, mix: Mix, rng: np.random.Generator) -> list[tuple[int, str]]:
    """Bodies and colours of a scene: many share a noun or a colour, so that one word seldom says it all."""
    chosen: list[tuple[int, str]] = []
    seen: set[tuple[str, str, str]] = set()
    twins_allowed, alike = rng.random() < 0.25, rng.uniform(0.2, 0.6)
    while len(chosen) < count:
        noun = colour = None
        if chosen:
            like = chosen[int(rng.integers(len(chosen)))]
            share = rng.random()
            if share < alike:
                noun = pool.bodies[like[0]].noun
            elif share < alike + 0.25:
                colour = like[1]
        elif rng.random() < 0.55:  # something to put things on or into comes first
            noun = _HOLDERS[int(rng.integers(len(_HOLDERS)))]
        used = {body for body, _ in chosen}
        free = [k for k, b in enumerate(pool.bodies) if k not in used and noun in (None, b.noun)]
        if not free:
            continue
        body = free[int(rng.integers(len(free)))]
        found = mix.colour(pool.bodies[body], rng, colour)
        key = (pool.bodies[body].noun, pool.bodies[body].size, found)
        if key in seen and not twins_allowed:
            continue
        seen.add(key)
        chosen.append((body, found))
    return chosen


class Arrangement:
    """Objects placed one after another under one camera.

    Args:
        pool: the bodies to place.
        camera: the view.
        size: (width, height) of the picture in pixels.
        rng: source of all that is random here.
    """

    def __init__(
        self, pool: BenchPool, camera: Camera, size: tuple[int, int], rng: np.random.Generator
    ) -> None:
        """An empty table."""
        self.pool, self.camera, self.size, self.rng = pool, camera, size, rng
        self.placed: list[Placed] = []
        self._hulls: list[np.ndarray] = []
        self._feet: list[tuple[Segment, float]] = []
        self._most_hidden = 0.35 if rng.random() < 0.7 else 0.62
        self._cut = 0.12 if rng.random() < 0.4 else 0.0

    def add(self, index: int, colour: str) -> bool:
        """Place this body on something or on the table; False where no place is found."""
        body, rgb = self.pool.bodies[index], self._paints(index, colour)
        if self.placed and self.rng.random() < 0.5 and self._stack(index, body, colour, rgb):
            return True
        for _ in range(_ATTEMPTS):
            (x, y), yaw = self._spot(body), self._yaw(body)
            if self._try(Placed(index, colour, rgb, x, y, 0.0, yaw), body, self._collides):
                return True
        return False

    def _stack(
        self, index: int, body: PoolBody, colour: str, rgb: dict[str, tuple[float, float, float]]
    ) -> bool:
        taken = {item.holder for item in self.placed}
        reach = float(np.hypot(*body.shape.vertices[:, :2].T).max())
        for k in self.rng.permutation(len(self.placed)):
            holder = self.placed[k]
            carrier = self.pool.bodies[holder.body]
            support = carrier.shape.support
            if support is None or k in taken or holder.holder is not None:
                continue
            if not _fits(body.noun, carrier.noun, support, reach):
                continue
            slack = max(0.0, support.radius - reach) * self.rng.random() * 0.7
            turn = self.rng.uniform(0, 2 * np.pi)
            x, y = holder.x + slack * np.cos(turn), holder.y + slack * np.sin(turn)
            item = Placed(
                index, colour, rgb, float(x), float(y), holder.z + support.height, self._yaw(body), int(k)
            )
            if self._try(item, body, lambda _: False):
                return True
        return False

    def _try(self, item: Placed, body: PoolBody, collides: Callable[[tuple[Segment, float]], bool]) -> bool:
        foot = footprint(body, item)
        if collides(foot):
            return False
        hull = self.camera.project(in_world(body.outline, item.x, item.y, item.z, item.yaw), *self.size)
        inside = ((hull >= 2) & (hull <= np.array(self.size) - 3)).all()
        if not inside and self.rng.random() >= self._cut:
            return False
        placed, hulls = [*self.placed, item], [*self._hulls, hull]
        if max(hidden_shares(hulls, near_to_far(self.camera, placed), self.size)) > self._most_hidden:
            return False
        self.placed, self._hulls = placed, hulls
        self._feet.append(foot)
        return True

    def _collides(self, foot: tuple[Segment, float]) -> bool:
        return any(segment_distance(foot[0], s) < foot[1] + r + _GAP for s, r in self._feet)

    def _spot(self, body: PoolBody) -> tuple[float, float]:
        """A random table point, one time in four close to another object (for "next to")."""
        rng = self.rng
        if self.placed and rng.random() < 0.25:
            near = int(rng.integers(len(self.placed)))
            apart = body.shape.footprint()[2] + self._feet[near][1] + rng.uniform(0.01, 0.04)
            turn = rng.uniform(0, 2 * np.pi)
            item = self.placed[near]
            return float(item.x + apart * np.cos(turn)), float(item.y + apart * np.sin(turn))
        deep = 0.5 / max(0.7, float(np.sin(self.camera.elevation)))
        return self.camera.ground(rng.uniform(-0.42, 0.42), rng.uniform(-0.7 * deep, 0.8 * deep))

    def _yaw(self, body: PoolBody) -> float:
        if body.shape.show is None:
            return float(self.rng.uniform(0, 2 * np.pi))
        turned = self.rng.choice([0.0, np.pi]) + self.rng.uniform(-0.95, 0.95)
        return float(self.camera.azimuth - body.shape.show + turned)

    def _paints(self, index: int, colour: str) -> dict[str, tuple[float, float, float]]:
        body = self.pool.bodies[index]
        main = random_rgb(colour, body.noun, self.rng)
        return {MAIN: main, **{p: paint_rgb(p, self.rng) for p in sorted({*body.paints} - {MAIN, CLEAR})}}


def near_to_far(camera: Camera, placed: Sequence[Placed]) -> list[int]:
    """Indices, nearest to the camera first; what is held counts as just before its holder."""
    eye = camera.position

    def depth(k: int) -> float:
        item = placed[k]
        if item.holder is not None:
            return depth(item.holder) - 1e-6
        return float((item.x - eye[0]) ** 2 + (item.y - eye[1]) ** 2)

    return sorted(range(len(placed)), key=depth)


def footprint(body: PoolBody, item: Placed) -> tuple[Segment, float]:
    """The body's capsule on the table: its line in world metres and its radius."""
    start, end, radius = body.shape.footprint()
    c, s = float(np.cos(item.yaw)), float(np.sin(item.yaw))
    return ((item.x + c * start, item.y + s * start), (item.x + c * end, item.y + s * end)), radius


def _fits(noun: str, carrier: str, support: Support, reach: float) -> bool:
    """Whether a thing of this reach from its middle can be put there and stay."""
    if support.kind == "in":
        return noun in _IN_DISHES and reach <= support.radius * 1.05
    if noun in _ROLLS and carrier != "plate":
        return False
    return reach <= support.radius * 1.15


def random_layout(
    pool: BenchPool,
    size: tuple[int, int],
    rng: np.random.Generator,
    mix: Mix | None = None,
    count: int | None = None,
) -> tuple[Camera, list[Placed]]:
    """A camera and a list of placed objects.

    Args:
        pool: the bodies to choose from.
        size: (width, height) of the picture in pixels.
        rng: source of all that is random here.
        mix: which pairs of colour and noun are allowed.
        count: how many objects; None takes 3 to 15 at random.

    Raises:
        ValueError: no scene fits into pictures of this size.
    """
    check_size(size)
    if count is None:
        count = int(rng.choice(len(_COUNT_SHARES), p=_COUNT_SHARES)) + 3
    least = max(2, round(0.75 * count))  # a full table may stay a few short
    while True:
        arrangement = Arrangement(pool, random_camera(rng), size, rng)
        for body, colour in choose_bodies(pool, count, mix or Mix(), rng):
            arrangement.add(body, colour)
        if len(arrangement.placed) >= least:
            return arrangement.camera, arrangement.placed
