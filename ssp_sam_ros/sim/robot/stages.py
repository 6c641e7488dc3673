"""A scene of either world, ready for physics: what stands where, how it looks, what can be said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from ..bench.bench import build_scene as build_bench_scene
from ..bench.effects import degrade
from ..bench.grammar import expressions as bench_expressions
from ..bench.layout import random_layout as random_bench_layout
from ..bench.look import random_look as random_bench_look
from ..bench.pool import BenchPool
from ..camera import Camera
from ..grammar import expressions
from ..layout import random_layout
from ..pool import Pool
from ..render import random_look
from ..scene import Scene
from ..tabletop import build_scene
from .collision import convex_pieces
from .physics import Box, Pose, Solid, Table
from .view import BenchView, TabletopView, View

WORLDS = ("tabletop", "bench")


@dataclass(frozen=True)
class Sentence:
    """A sentence, its kind, and the indices of the objects that it means; none: absent."""

    text: str
    kind: str
    targets: tuple[int, ...]


class Stage(Protocol):
    """A drafted scene and its renderer."""

    camera: Camera
    table: Table

    def solids(self) -> list[Solid]:
        """The objects' collision geometry and first poses."""

    def view(self, poses: Sequence[Pose], robot: Sequence[Box]) -> View:
        """What the camera sees of the objects at these poses, and of the robot."""

    def scene(self, view: View, poses: Sequence[Pose]) -> Scene:
        """The objects of a view with their words and where they are."""

    def sentences(self, scene: Scene, rng: np.random.Generator, count: int) -> list[Sentence]:
        """Sentences of the world's grammar about the scene."""

    def close(self) -> None:
        """Free the OpenGL context."""


class TabletopStage:
    """A scene of the simple world."""

    def __init__(self, rng: np.random.Generator, width: int, height: int) -> None:
        """Compile a pool, draw camera, light and layout."""
        self._pool, self._look = Pool(rng, width, height), random_look(rng)
        self.camera, self._placed = random_layout(self._pool, width, height, rng)
        self.table = Table(self._look.half_size)
        self._renderer = TabletopView(self._pool, width, height)

    def solids(self) -> list[Solid]:
        """See `Stage`."""
        return [
            Solid(
                _pieces([(part.vertices, part.faces) for part in self._pool.bodies[item.body].shape.parts]),
                (item.x, item.y, 0.0, item.yaw),
            )
            for item in self._placed
        ]

    def view(self, poses: Sequence[Pose], robot: Sequence[Box]) -> View:
        """See `Stage`."""
        return self._renderer.view(self.camera, self._placed, self._look, poses, robot)

    def scene(self, view: View, poses: Sequence[Pose]) -> Scene:
        """See `Stage`."""
        moved = [
            replace(item, x=float(position[0]), y=float(position[1]), yaw=_yaw(turn))
            for item, (position, turn) in zip(self._placed, poses, strict=True)
        ]
        return build_scene(self._renderer, self.camera, moved, view.image, view.labels)

    def sentences(self, scene: Scene, rng: np.random.Generator, count: int) -> list[Sentence]:
        """See `Stage`."""
        return [
            Sentence(e.text, e.kind, e.targets) for e in expressions(scene.objects, scene.size, rng, count)
        ]

    def close(self) -> None:
        """See `Stage`."""
        self._renderer.close()


class BenchStage:
    """A scene of the richer world; its lens and sensor blur and tint every picture alike."""

    def __init__(self, rng: np.random.Generator, width: int, height: int) -> None:
        """Compile a pool, draw camera, light and layout."""
        self._pool, self._look = BenchPool(rng, width, height), random_bench_look(rng)
        self.camera, self._placed = random_bench_layout(self._pool, (width, height), rng)
        self.table = Table(self._look.half_size, self._look.table_turn)
        self._renderer = BenchView(self._pool, width, height)
        self._effects = int(rng.integers(1 << 62))

    def solids(self) -> list[Solid]:
        """See `Stage`."""
        return [
            Solid(
                _pieces([(p.mesh.vertices, p.mesh.faces) for p in self._pool.bodies[item.body].shape.parts]),
                (item.x, item.y, item.z, item.yaw),
            )
            for item in self._placed
        ]

    def view(self, poses: Sequence[Pose], robot: Sequence[Box]) -> View:
        """See `Stage`."""
        view = self._renderer.view(self.camera, self._placed, self._look, poses, robot)
        return replace(view, image=degrade(view.image, np.random.default_rng(self._effects)))

    def scene(self, view: View, poses: Sequence[Pose]) -> Scene:
        """See `Stage`."""
        moved = [
            replace(item, x=float(p[0]), y=float(p[1]), z=float(p[2]), yaw=_yaw(turn))
            for item, (p, turn) in zip(self._placed, poses, strict=True)
        ]
        return build_bench_scene(self._pool, self.camera, moved, view.image, view.labels, view.paints)

    def sentences(self, scene: Scene, rng: np.random.Generator, count: int) -> list[Sentence]:
        """See `Stage`."""
        objects: Any = scene.objects
        return [
            Sentence(e.text, e.kind, e.targets) for e in bench_expressions(objects, scene.size, rng, count)
        ]

    def close(self) -> None:
        """See `Stage`."""
        self._renderer.close()


def open_stage(world: str, rng: np.random.Generator, width: int, height: int) -> Stage:
    """The next scene of a world.

    Raises:
        ValueError: there is no such world.
        SimulatorUnavailableError: MuJoCo or an off-screen OpenGL is missing.
    """
    if world not in WORLDS:
        raise ValueError(f"the world is one of {', '.join(WORLDS)}, not {world!r}")
    return (TabletopStage if world == "tabletop" else BenchStage)(rng, width, height)


def _pieces(meshes: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[np.ndarray]:
    """Convex pieces of an object's meshes taken together."""
    starts = np.cumsum([0, *(len(vertices) for vertices, _ in meshes)])
    faces = np.concatenate([faces + start for (_, faces), start in zip(meshes, starts[:-1], strict=True)])
    return convex_pieces(np.concatenate([vertices for vertices, _ in meshes]), faces)


def _yaw(quaternion: np.ndarray) -> float:
    w, x, y, z = quaternion.tolist()
    return float(np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z)))
