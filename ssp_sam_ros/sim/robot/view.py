"""The camera of the robot: the worlds' own pictures, of bodies where physics has put them, with depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..bench.render import BenchRenderer
from ..camera import Camera
from ..pool_renderer import PoolRenderer
from ..render import SceneRenderer
from .physics import Box, Pose


@dataclass(frozen=True)
class View:
    """One moment as the camera sees it.

    Attributes:
        image: uint8 (H, W, 3), RGB.
        depth: float32 (H, W), metres along the optical axis, in whole millimetres as depth cameras give it.
        labels: uint8 (H, W); i + 1 where object i is seen, 0 elsewhere.
        paints: of every object how many pixels each of its paints has (`BenchRenderer`); None in the simple
            world.
    """

    image: np.ndarray
    depth: np.ndarray
    labels: np.ndarray
    paints: tuple[dict[str, int], ...] | None = None


class _RobotView(PoolRenderer):
    """Draws bodies where physics has put them, the robot, and depth; joined with a world's renderer."""

    def view(
        self, camera: Camera, placed: Sequence[Any], look: Any, poses: Sequence[Pose], robot: Sequence[Box]
    ) -> View:
        """Draw the bodies of `placed` at `poses`, and the robot."""
        self._prepare(camera, placed, look)
        data = self.pool.data
        for item, (position, quaternion) in zip(placed, poses, strict=True):
            body = self.pool.bodies[item.body]
            data.mocap_pos[body.mocap], data.mocap_quat[body.mocap] = position, quaternion
        self._update(look.shadows)
        for part in robot:
            self._add(part)
        image = self._renderer.render()
        self._renderer.enable_depth_rendering()
        depth = self._renderer.render()
        self._renderer.disable_depth_rendering()
        return View(image, np.round(depth, 3).astype(np.float32), self._labels(placed))

    def _add(self, part: Box) -> None:
        scene = self._renderer.scene
        geom = scene.geoms[scene.ngeom]
        self._mujoco.mjv_initGeom(
            geom,
            self._mujoco.mjtGeom.mjGEOM_BOX,
            part.half_size,
            part.centre,
            part.axes.ravel(),
            part.rgba.astype(np.float32),
        )
        geom.category = self._mujoco.mjtCatBit.mjCAT_DYNAMIC
        geom.objid, geom.segid = -1, scene.ngeom
        scene.ngeom += 1


class TabletopView(_RobotView, SceneRenderer):
    """The simple world's view."""


class BenchView(_RobotView, BenchRenderer):
    """The richer world's view."""

    def view(
        self, camera: Camera, placed: Sequence[Any], look: Any, poses: Sequence[Pose], robot: Sequence[Box]
    ) -> View:
        """See above."""
        return replace(super().view(camera, placed, look, poses, robot), paints=self.paints)
