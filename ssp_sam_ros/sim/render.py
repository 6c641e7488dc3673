"""Pose the pool for a scene, draw the colour picture and the exact labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .camera import Camera
from .gl import HELP, SimulatorUnavailableError, import_mujoco
from .layout import Placed
from .pool import HIDDEN_GROUP, SURFACES, Pool


@dataclass(frozen=True)
class Look:
    """Light and surroundings of a scene; colours 0 .. 1, lengths in metres."""

    table: int
    floor: int
    half_size: tuple[float, float]
    directions: tuple[tuple[float, float, float], tuple[float, float, float]]
    diffuse: tuple[tuple[float, float, float], tuple[float, float, float]]
    ambient: float
    shadows: bool


def random_look(rng: np.random.Generator) -> Look:
    """A random table, floor, key light (shadows mostly) and fill light; never too dark to tell colours."""
    table, floor = rng.choice(SURFACES, 2, replace=False)

    def direction(low: float, high: float) -> tuple[float, float, float]:
        turn, tilt = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(low, high))
        return (float(np.sin(tilt) * np.cos(turn)), float(np.sin(tilt) * np.sin(turn)), -float(np.cos(tilt)))

    def tint(strength: float) -> tuple[float, float, float]:
        warm = rng.uniform(-0.05, 0.05)
        return (strength * (1 + warm), strength, strength * (1 - warm))

    return Look(
        table=int(table),
        floor=int(floor),
        half_size=(rng.uniform(0.62, 1.1), rng.uniform(0.62, 1.1)),
        directions=(direction(10, 50), direction(20, 65)),
        diffuse=(tint(rng.uniform(0.38, 0.58)), tint(rng.uniform(0.08, 0.25))),
        ambient=rng.uniform(0.34, 0.46),
        shadows=bool(rng.random() < 0.85),
    )


class SceneRenderer:
    """An OpenGL context for one pool; `render` draws one posed scene.

    Raises:
        SimulatorUnavailableError: no off-screen OpenGL on this machine.
    """

    def __init__(self, pool: Pool, width: int, height: int) -> None:
        """Open the context; `close` it when done, or use it in a `with` block."""
        self._mujoco = import_mujoco()
        self.pool, self.width, self.height = pool, width, height
        try:
            self._renderer = self._mujoco.Renderer(pool.model, height, width, max_geom=500)
        except (RuntimeError, ImportError, AttributeError) as error:
            raise SimulatorUnavailableError(f"no off-screen OpenGL here ({error}): {HELP}") from error
        self._option = self._mujoco.MjvOption()
        self._option.geomgroup[:] = 1
        self._option.geomgroup[HIDDEN_GROUP] = 0

    def close(self) -> None:
        """Free the OpenGL context."""
        self._renderer.close()

    def __enter__(self) -> SceneRenderer:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def render(self, camera: Camera, placed: Sequence[Placed], look: Look) -> tuple[np.ndarray, np.ndarray]:
        """Colour picture uint8 (H, W, 3) and labels uint8 (H, W) with i + 1 where placed[i] is seen."""
        mujoco, model, data = self._mujoco, self.pool.model, self.pool.data
        self._pose(camera, placed, look)
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

    def _pose(self, camera: Camera, placed: Sequence[Placed], look: Look) -> None:
        model, data, pool = self.pool.model, self.pool.data, self.pool
        model.geom_group[:] = HIDDEN_GROUP
        model.geom_group[[pool.table, pool.floor]] = 0
        for item in placed:
            body = pool.bodies[item.body]
            data.mocap_pos[body.mocap] = (item.x, item.y, 0.0)
            data.mocap_quat[body.mocap] = (np.cos(item.yaw / 2), 0.0, 0.0, np.sin(item.yaw / 2))
            model.geom_group[list(body.geoms)] = 0
            model.geom_rgba[list(body.coloured)] = (*item.rgb, 1.0)
        model.geom_matid[[pool.table, pool.floor]] = look.table, look.floor
        model.geom_size[pool.table, :2] = look.half_size
        model.cam_pos[0] = camera.position
        self._mujoco.mju_mat2Quat(model.cam_quat[0], camera.axes.T.ravel())
        model.cam_fovy[0] = np.degrees(camera.fovy)
        model.light_dir[:] = look.directions
        model.light_pos[:] = -2.0 * np.asarray(look.directions)
        model.light_diffuse[:] = look.diffuse
        model.light_ambient[:] = 0.0
        model.light_specular[:] = 0.3 * np.asarray(look.diffuse)
        model.vis.headlight.ambient[:] = look.ambient
        model.vis.headlight.diffuse[:] = 0.06
        model.vis.headlight.specular[:] = 0.0
