"""The camera of the robot: the worlds' own pictures, of bodies where physics has put them, with depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..bench.look import Look as BenchLook
from ..bench.pool import BenchPool
from ..bench.render import BenchRenderer
from ..bench.render import Placed as BenchPlaced
from ..camera import Camera
from ..layout import Placed
from ..pool import Pool
from ..render import Look, SceneRenderer
from .physics import Box, Pose


@dataclass(frozen=True)
class View:
    """One moment as the camera sees it.

    Attributes:
        image: uint8 (H, W, 3), RGB.
        depth: float32 (H, W), metres along the optical axis, in whole millimetres as depth cameras give it.
        labels: uint8 (H, W); i + 1 where object i is seen, 0 elsewhere.
    """

    image: np.ndarray
    depth: np.ndarray
    labels: np.ndarray


class _Drawing:
    """What both worlds' renderers share, once the scene's colours, light and camera are set."""

    _mujoco: Any
    _renderer: Any
    _option: Any
    pool: Any

    def _draw(
        self, placed: Sequence[Any], shadows: bool, poses: Sequence[Pose], robot: Sequence[Box]
    ) -> View:
        mujoco, renderer = self._mujoco, self._renderer
        model, data = self.pool.model, self.pool.data
        for item, (position, quaternion) in zip(placed, poses, strict=True):
            body = self.pool.bodies[item.body]
            data.mocap_pos[body.mocap], data.mocap_quat[body.mocap] = position, quaternion
        mujoco.mj_kinematics(model, data)
        mujoco.mj_camlight(model, data)
        renderer.update_scene(data, camera="view", scene_option=self._option)
        for part in robot:
            self._add(part)
        renderer.scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = shadows
        image = renderer.render()
        renderer.enable_depth_rendering()
        depth = renderer.render()
        renderer.disable_depth_rendering()
        renderer.enable_segmentation_rendering()
        seen = renderer.render()
        renderer.disable_segmentation_rendering()
        label_of_geom = np.zeros(model.ngeom + 1, np.uint8)  # the last one serves -1: background and robot
        for k, item in enumerate(placed):
            label_of_geom[list(self.pool.bodies[item.body].geoms)] = k + 1
        return View(image, np.round(depth, 3).astype(np.float32), label_of_geom[seen[..., 0]])

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


class TabletopView(_Drawing, SceneRenderer):
    """The simple world's renderer; `pool` is a `Pool`."""

    pool: Pool

    def view(
        self,
        camera: Camera,
        placed: Sequence[Placed],
        look: Look,
        poses: Sequence[Pose],
        robot: Sequence[Box],
    ) -> View:
        """Draw the bodies of `placed` at `poses`, and the robot."""
        self._pose(camera, placed, look)
        return self._draw(placed, look.shadows, poses, robot)


class BenchView(_Drawing, BenchRenderer):
    """The richer world's renderer; `pool` is a `BenchPool`."""

    pool: BenchPool

    def view(
        self,
        camera: Camera,
        placed: Sequence[BenchPlaced],
        look: BenchLook,
        poses: Sequence[Pose],
        robot: Sequence[Box],
    ) -> View:
        """Draw the bodies of `placed` at `poses`, and the robot."""
        self._pose(placed)
        self._light(camera, look)
        return self._draw(placed, look.shadows, poses, robot)
