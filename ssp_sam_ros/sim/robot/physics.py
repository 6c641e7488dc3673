"""The physics of one scene: free bodies on a table, and the gantry above them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..gl import import_mujoco
from .gantry import JOINTS, add_gantry
from .grasp import STROKE, Outcome, Report, TopGrasp

STEP = 0.002
HIGH = 0.5
"""Height of the finger tips when travelling, metres."""
DENSITY = 350.0
"""Of all objects, kg/m3: they are hollow or light, 30 to 500 g each."""

_FLOOR = -0.7
_GONE = -0.05  # an object whose frame is lower than this has left the table
Pose = tuple[np.ndarray, np.ndarray]
Targets = dict[str, float]
OnStep = Callable[[float], None]


@dataclass(frozen=True)
class Solid:
    """An object: convex pieces (P, 3) each in its own frame, and its first pose (x, y, z metres, yaw)."""

    pieces: Sequence[np.ndarray]
    pose: tuple[float, float, float, float]


@dataclass(frozen=True)
class Table:
    """Half sizes along its own x and y, metres, and its turn about z, radians."""

    half_size: tuple[float, float]
    turn: float = 0.0

    def reach(self, direction: float) -> float:
        """Metres from the middle to the edge in a direction, radians."""
        c, s = abs(np.cos(direction - self.turn)), abs(np.sin(direction - self.turn))
        return float(min(self.half_size[0] / max(c, 1e-6), self.half_size[1] / max(s, 1e-6)))


@dataclass(frozen=True)
class Box:
    """A part of the robot as it is now: centre (3,), axes as columns (3, 3), half sizes (3,), colour (4,)."""

    centre: np.ndarray
    axes: np.ndarray
    half_size: np.ndarray
    rgba: np.ndarray


class Physics:
    """One scene's bodies and the robot, stepped in time.

    Args:
        solids: the objects.
        table: what they stand on.
        away: (x, y) where the gripper waits and drops what it carries: beyond the table's edge, metres.
    """

    def __init__(self, solids: Sequence[Solid], table: Table, away: tuple[float, float]) -> None:
        """Compile the model, the gripper parked and open."""
        self._mujoco = mujoco = import_mujoco()
        spec = mujoco.MjSpec()
        spec.compiler.degree = False
        spec.option.timestep, spec.option.impratio = STEP, 10.0
        spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
        spec.worldbody.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX,
            pos=[0, 0, -0.02],
            quat=_about_z(table.turn),
            size=[*table.half_size, 0.02],
            friction=[0.7, 0.01, 0.001],
        )
        spec.worldbody.add_geom(
            type=mujoco.mjtGeom.mjGEOM_PLANE, pos=[0, 0, _FLOOR], size=[6, 6, 0.1], condim=6
        )
        for k, solid in enumerate(solids):
            self._add(spec, k, solid)
        self._parts = add_gantry(mujoco, spec)
        self.model = spec.compile()
        self.data = mujoco.MjData(self.model)
        self.away = away
        self._objects = [self.model.body(f"object{k}").id for k in range(len(solids))]
        self._motors = {name: self.model.actuator(name).id for name in JOINTS}
        start = {"x": away[0], "y": away[1], "z": HIGH, "yaw": 0.0, "fingers": STROKE / 2}
        for name, value in start.items():
            self.data.ctrl[self._motors[name]] = value
            for joint in ("finger_left", "finger_right") if name == "fingers" else (name,):
                self.data.joint(joint).qpos[0] = value
        mujoco.mj_forward(self.model, self.data)

    def _add(self, spec: object, k: int, solid: Solid) -> None:
        mujoco = self._mujoco
        x, y, z, yaw = solid.pose
        body = spec.worldbody.add_body(  # type: ignore[attr-defined]
            name=f"object{k}", pos=[x, y, z + 0.0005], quat=_about_z(yaw)
        )
        body.add_freejoint()
        for n, piece in enumerate(solid.pieces):
            mesh = spec.add_mesh(name=f"piece{k}_{n}", uservert=np.asarray(piece, float).ravel())  # type: ignore[attr-defined]
            body.add_geom(
                type=mujoco.mjtGeom.mjGEOM_MESH,
                meshname=mesh.name,
                density=DENSITY,
                friction=[0.7, 0.01, 0.0006],
                condim=6,
            )

    def poses(self) -> list[Pose]:
        """Position (3,) and quaternion w, x, y, z (4,) of every object now."""
        return [(self.data.xpos[b].copy(), self.data.xquat[b].copy()) for b in self._objects]

    def robot(self) -> list[Box]:
        """The robot's parts now."""
        geoms = [self.model.geom(name).id for name in self._parts]
        return [
            Box(
                self.data.geom_xpos[g].copy(),
                self.data.geom_xmat[g].reshape(3, 3).copy(),
                self.model.geom_size[g].copy(),
                self.model.geom_rgba[g].copy(),
            )
            for g in geoms
        ]

    def on_table(self) -> set[int]:
        """Indices of the objects that are on the table or above it."""
        return {k for k, b in enumerate(self._objects) if self.data.xpos[b][2] > _GONE}

    def wait(self, seconds: float, on_step: OnStep | None = None) -> None:
        """Let time pass."""
        self._go({}, seconds, on_step)

    def pick(self, grasp: TopGrasp, on_step: OnStep | None = None) -> Report:
        """Grasp, lift, carry away and drop; blocks until the gripper is parked again.

        Args:
            grasp: from above.
            on_step: called with the simulated time after every step.
        """
        before, begun = self.on_table(), self.data.time
        x, y, z = grasp.position
        yaw = (grasp.yaw + np.pi / 2) % np.pi - np.pi / 2  # half a turn is the same grasp
        travel = 0.5 + 0.7 * float(np.hypot(x - self.away[0], y - self.away[1]))
        self._go({"x": x, "y": y, "yaw": yaw, "fingers": grasp.opening / 2}, travel, on_step)
        self._go({"z": z}, 0.9, on_step, rest=0.15)
        self._go({"fingers": 0.0}, 0.45, on_step, rest=0.25)
        seconds = self.data.time - begun
        self._go({"z": HIGH}, 1.0, on_step)
        self._go({"x": self.away[0], "y": self.away[1], "yaw": 0.0}, 1.3 * travel, on_step, rest=0.2)
        self._go({"fingers": STROKE / 2}, 0.3, on_step, rest=0.5)
        removed = tuple(sorted(before - self.on_table()))
        return Report(Outcome.LIFTED if removed else Outcome.EMPTY, removed, seconds)

    def _go(self, targets: Targets, seconds: float, on_step: OnStep | None, rest: float = 0.0) -> None:
        """Lead the motors to targets on a path without jerks, then wait for `rest` seconds."""
        data = self.data
        starts = {name: float(data.ctrl[self._motors[name]]) for name in targets}
        steps, resting = max(1, round(seconds / STEP)), round(rest / STEP)
        for k in range(1, steps + resting + 1):
            s = min(1.0, k / steps)
            share = s * s * s * (10 - 15 * s + 6 * s * s)
            for name, value in targets.items():
                data.ctrl[self._motors[name]] = starts[name] + share * (value - starts[name])
            self._mujoco.mj_step(self.model, data)
            if on_step is not None:
                on_step(data.time)


def _about_z(angle: float) -> list[float]:
    return [float(np.cos(angle / 2)), 0.0, 0.0, float(np.sin(angle / 2))]
