"""Pose the pool for a scene, draw the colour picture and the exact labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..camera import Camera
from ..gl import HELP, SimulatorUnavailableError, import_mujoco
from .colours import RGB
from .look import Look
from .pool import HIDDEN_GROUP, BenchPool
from .shape import CLEAR, MAIN

_CLEAR_ALPHA = 0.5


@dataclass(frozen=True)
class Placed:
    """One body of the pool: its colour and pose (metres, yaw in radians), and what holds it.

    rgb: of the main paint and of every other paint. holder: index in the scene of what it is on or in.
    """

    body: int
    colour: str
    rgb: dict[str, RGB]
    x: float
    y: float
    z: float
    yaw: float
    holder: int | None = None


class BenchRenderer:
    """An OpenGL context for one pool; `render` draws one posed scene.

    Raises:
        SimulatorUnavailableError: no off-screen OpenGL on this machine.
    """

    def __init__(self, pool: BenchPool, width: int, height: int) -> None:
        """Open the context; `close` it when done, or use it in a `with` block."""
        self._mujoco = import_mujoco()
        self.pool, self.width, self.height = pool, width, height
        try:
            self._renderer = self._mujoco.Renderer(pool.model, height, width, max_geom=1000)
        except (RuntimeError, ImportError, AttributeError) as error:
            raise SimulatorUnavailableError(f"no off-screen OpenGL here ({error}): {HELP}") from error
        self._option = self._mujoco.MjvOption()
        self._option.geomgroup[:] = 1
        self._option.geomgroup[HIDDEN_GROUP] = 0

    def close(self) -> None:
        """Free the OpenGL context."""
        self._renderer.close()

    def __enter__(self) -> BenchRenderer:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def render(self, camera: Camera, placed: Sequence[Placed], look: Look) -> tuple[np.ndarray, np.ndarray]:
        """Colour picture uint8 (H, W, 3) and labels uint8 (H, W) with i + 1 where placed[i] is seen."""
        mujoco, model, data = self._mujoco, self.pool.model, self.pool.data
        self._pose(placed)
        self._light(camera, look)
        mujoco.mj_kinematics(model, data)
        mujoco.mj_camlight(model, data)
        self._renderer.update_scene(data, camera="view", scene_option=self._option)
        self._renderer.scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = look.shadows
        image = self._renderer.render()
        self._renderer.enable_segmentation_rendering()
        seen = self._renderer.render()
        self._renderer.disable_segmentation_rendering()
        label_of_geom = np.zeros(model.ngeom + 1, np.uint8)  # the last one serves -1, the background
        for k, item in enumerate(placed):
            label_of_geom[list(self.pool.bodies[item.body].geoms)] = k + 1
        return image, label_of_geom[seen[..., 0]]

    def _pose(self, placed: Sequence[Placed]) -> None:
        model, data, pool = self.pool.model, self.pool.data, self.pool
        model.geom_group[:] = HIDDEN_GROUP
        model.geom_group[[pool.table, pool.floor]] = 0
        for item in placed:
            body = pool.bodies[item.body]
            data.mocap_pos[body.mocap] = (item.x, item.y, item.z)
            data.mocap_quat[body.mocap] = (np.cos(item.yaw / 2), 0, 0, np.sin(item.yaw / 2))
            for geom, paint in zip(body.geoms, body.paints, strict=True):
                model.geom_group[geom] = 0
                rgb = item.rgb[MAIN if paint == CLEAR else paint]
                model.geom_rgba[geom] = (*rgb, _CLEAR_ALPHA if paint == CLEAR else 1.0)

    def _light(self, camera: Camera, look: Look) -> None:
        model, pool = self.pool.model, self.pool
        model.geom_matid[[pool.table, pool.floor, pool.mat]] = [
            pool.surfaces[k] for k in (look.table, look.floor, look.mat_surface)
        ]
        model.geom_size[pool.table, :2] = look.half_size
        model.geom_quat[pool.table] = (np.cos(look.table_turn / 2), 0, 0, np.sin(look.table_turn / 2))
        if look.mat is not None:
            x, y, width, depth, turn = look.mat
            model.geom_group[pool.mat] = 0
            model.geom_pos[pool.mat] = (x, y, 0.0)
            model.geom_size[pool.mat, :2] = width, depth
            model.geom_quat[pool.mat] = (np.cos(turn / 2), 0, 0, np.sin(turn / 2))
        model.cam_pos[0] = camera.position
        self._mujoco.mju_mat2Quat(model.cam_quat[0], camera.axes.T.ravel())
        model.cam_fovy[0] = np.degrees(camera.fovy)
        model.light_dir[:] = look.directions
        model.light_pos[:] = -2.0 * np.asarray(look.directions)
        model.light_diffuse[:] = look.diffuse
        model.light_ambient[:] = 0.0
        model.light_specular[:] = 0.7 * np.asarray(look.diffuse)
        model.vis.headlight.ambient[:] = look.ambient
        model.vis.headlight.diffuse[:] = 0.06
        model.vis.headlight.specular[:] = 0.0
