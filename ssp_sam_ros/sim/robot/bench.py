"""The robot's bench: one scene that can be looked at, spoken about and grasped from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..bench.scene import BenchObject
from ..scene import Scene
from .grasp import Outcome, Report, TopGrasp, UnreachableError
from .physics import Physics
from .stages import Sentence, Stage, open_stage
from .view import View

_SETTLE = 0.6  # seconds of physics before the first picture
_MOST_SLIP = 0.02  # metres that an object may move in them
_MOST_TILT = 0.12  # radians
_BEYOND = 0.25  # metres from the table's edge, and from the camera, to where things are dropped
_DRAFTS = 50
# Keeps these scenes apart from those of the datasets and of the live cameras, whatever the seed.
_STREAM = 0x60BA7


class RobotBench:
    """A scene with a camera and a gantry; the same seed gives the same scene and the same physics.

    Use it from one thread: an OpenGL context belongs to the thread that made it.

    Args:
        seed: a whole number, or a sequence of them.
        world: one of `stages.WORLDS`.
        width, height: of the pictures, pixels.

    Attributes:
        camera: the fixed camera, `ssp_sam_ros.sim.camera.Camera`.
        scene: objects and their words as they were in the first picture, which is `first`.

    Raises:
        ValueError: there is no such world.
        SimulatorUnavailableError: MuJoCo or an off-screen OpenGL is missing.
    """

    def __init__(
        self, seed: int | Sequence[int], world: str = "tabletop", width: int = 640, height: int = 480
    ) -> None:
        """Draw scenes until one stands still."""
        self.width, self.height = width, height
        self._rng = np.random.default_rng((*np.atleast_1d(seed).tolist(), _STREAM))
        for _ in range(_DRAFTS):
            self._stage = open_stage(world, self._rng, width, height)
            self.camera = self._stage.camera
            self._solids = self._stage.solids()
            self._away = _away(self._stage)
            if self._settled():
                break
            self._stage.close()
        else:
            raise RuntimeError(f"none of {_DRAFTS} drafts of seed {seed} stands still")
        self.first = self.look()
        self.scene: Scene = self._stage.scene(self.first, self._physics.poses())

    def _settled(self) -> bool:
        """Start physics from the drafted poses; whether nothing moves much."""
        self._physics = Physics(self._solids, self._stage.table, self._away)
        self._physics.wait(_SETTLE)
        self._start = self._physics.data.qpos.copy()
        for (position, quaternion), solid in zip(self._physics.poses(), self._solids, strict=True):
            x, y, z, _ = solid.pose
            _, qx, qy, _ = quaternion
            if np.linalg.norm(position - (x, y, z)) > _MOST_SLIP or np.hypot(qx, qy) > _MOST_TILT / 2:
                return False
        return True

    def reset(self) -> None:
        """Put everything back to where it was in the first picture."""
        self._physics = Physics(self._solids, self._stage.table, self._away)
        self._physics.wait(_SETTLE)

    @property
    def focal_length(self) -> float:
        """Of the camera, pixels; its centre is the picture's, ((width - 1) / 2, (height - 1) / 2)."""
        return float(0.5 * self.height / np.tan(0.5 * self.camera.fovy))

    @property
    def camera_in_world(self) -> tuple[np.ndarray, np.ndarray]:
        """Position (3,) and axes (3, 3) of the optical frame (REP-103: x right, y down, z forward)."""
        right, up, backward = self.camera.axes
        return self.camera.position, np.stack([right, -up, -backward], 1)

    @property
    def time(self) -> float:
        """Simulated time, seconds."""
        return float(self._physics.data.time)

    def sentences(self, count: int) -> list[Sentence]:
        """Sentences of the world's grammar about the first picture."""
        return self._stage.sentences(self.scene, self._rng, count)

    def name(self, index: int) -> str:
        """Size, colour and noun of an object."""
        item = self.scene.objects[index]
        return f"{item.size} {item.colour} {item.noun}"

    def with_held(self, targets: Sequence[int]) -> set[int]:
        """These objects and what was on or in them at first, which goes where they go."""
        wanted = set(targets)
        for k, item in enumerate(self.scene.objects):
            if isinstance(item, BenchObject) and item.holder in targets:
                wanted.add(k)
        return wanted

    def look(self) -> View:
        """What the camera sees now."""
        return self._stage.view(self._physics.poses(), self._physics.robot())

    def on_table(self) -> set[int]:
        """Indices of the objects that are on the table or above it."""
        return self._physics.on_table()

    def wait(self, seconds: float) -> None:
        """Let time pass without a movement of the robot."""
        self._physics.wait(seconds)

    def pick(self, grasp: TopGrasp, on_step: Callable[[float], None] | None = None) -> Report:
        """Carry out a grasp; see `Physics.pick`."""
        return self._physics.pick(grasp, on_step)

    def close(self) -> None:
        """Free the OpenGL context."""
        self._stage.close()

    def __enter__(self) -> RobotBench:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


def refused(error: UnreachableError) -> Report:
    """The report of a grasp that was not tried."""
    return Report(Outcome.UNREACHABLE, reason=str(error))


def _away(stage: Stage) -> tuple[float, float]:
    """Behind the camera and beyond the table's edge: out of the picture."""
    camera, table = stage.camera, stage.table
    behind = float(np.hypot(*camera.position[:2]))
    far = max(table.reach(camera.azimuth), behind) + _BEYOND
    return far * float(np.cos(camera.azimuth)), far * float(np.sin(camera.azimuth))
