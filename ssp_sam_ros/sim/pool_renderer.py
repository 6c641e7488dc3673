"""Drawing a pool of bodies: what the worlds' renderers share. The colour picture and the exact labels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from .camera import Camera
from .gl import HELP, SimulatorUnavailableError, import_mujoco
from .pool import HIDDEN_GROUP

Vector = tuple[float, float, float]
_Self = TypeVar("_Self", bound="PoolRenderer")


class Light(Protocol):
    """What a scene's look says of its two lamps; colours 0 .. 1."""

    @property
    def directions(self) -> tuple[Vector, Vector]:
        """Where the light goes."""

    @property
    def diffuse(self) -> tuple[Vector, Vector]:
        """Colour and strength of each."""

    @property
    def ambient(self) -> float:
        """Strength of the light from everywhere."""

    @property
    def shadows(self) -> bool:
        """Whether the lamps throw shadows."""


class PoolRenderer(ABC):
    """An OpenGL context for one pool; `render` draws one posed scene.

    Subclasses say in `_prepare` how the pool becomes the scene.

    Args:
        pool: a compiled model with a camera, two lamps and bodies that follow mocap poses.
        width, height: picture size in pixels.

    Raises:
        SimulatorUnavailableError: no off-screen OpenGL on this machine.
    """

    most_geoms = 500
    specular = 0.3  # of the lamps, relative to their diffuse light
    pool: Any

    def __init__(self, pool: Any, width: int, height: int) -> None:
        """Open the context; `close` it when done, or use it in a `with` block."""
        self._mujoco = import_mujoco()
        self.pool, self.width, self.height = pool, width, height
        try:
            self._renderer = self._mujoco.Renderer(pool.model, height, width, max_geom=self.most_geoms)
        except (RuntimeError, ImportError, AttributeError) as error:
            raise SimulatorUnavailableError(f"no off-screen OpenGL here ({error}): {HELP}") from error
        self._option = self._mujoco.MjvOption()
        self._option.geomgroup[:] = 1
        self._option.geomgroup[HIDDEN_GROUP] = 0

    def close(self) -> None:
        """Free the OpenGL context."""
        self._renderer.close()

    def __enter__(self: _Self) -> _Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def render(self, camera: Camera, placed: Sequence[Any], look: Any) -> tuple[np.ndarray, np.ndarray]:
        """Colour picture uint8 (H, W, 3) and labels uint8 (H, W) with i + 1 where placed[i] is seen."""
        self._prepare(camera, placed, look)
        self._update(look.shadows)
        return self._renderer.render(), self._labels(placed)

    @abstractmethod
    def _prepare(self, camera: Camera, placed: Sequence[Any], look: Any) -> None:
        """Give the model the poses, colours, surfaces, lens and light of the scene."""

    def _update(self, shadows: bool) -> None:
        """Bring the model's state to the renderer."""
        mujoco, model, data = self._mujoco, self.pool.model, self.pool.data
        mujoco.mj_kinematics(model, data)
        mujoco.mj_camlight(model, data)
        self._renderer.update_scene(data, camera="view", scene_option=self._option)
        self._renderer.scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = shadows

    def _labels(self, placed: Sequence[Any]) -> np.ndarray:
        self._renderer.enable_segmentation_rendering()
        seen = self._renderer.render()
        self._renderer.disable_segmentation_rendering()
        # The last one serves -1: the background, and what is no part of the model.
        label_of_geom = np.zeros(self.pool.model.ngeom + 1, np.uint8)
        for k, item in enumerate(placed):
            label_of_geom[list(self.pool.bodies[item.body].geoms)] = k + 1
        return np.asarray(label_of_geom[seen[..., 0]])

    def _hide_all(self) -> None:
        """Hide everything but table and floor."""
        model, pool = self.pool.model, self.pool
        model.geom_group[:] = HIDDEN_GROUP
        model.geom_group[[pool.table, pool.floor]] = 0

    def _place(self, body: Any, x: float, y: float, z: float, yaw: float) -> None:
        data = self.pool.data
        data.mocap_pos[body.mocap] = (x, y, z)
        data.mocap_quat[body.mocap] = (np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2))

    def _aim(self, camera: Camera) -> None:
        model = self.pool.model
        model.cam_pos[0] = camera.position
        self._mujoco.mju_mat2Quat(model.cam_quat[0], camera.axes.T.ravel())
        model.cam_fovy[0] = np.degrees(camera.fovy)

    def _light(self, look: Light) -> None:
        model = self.pool.model
        model.light_dir[:] = look.directions
        model.light_pos[:] = -2.0 * np.asarray(look.directions)
        model.light_diffuse[:] = look.diffuse
        model.light_ambient[:] = 0.0
        model.light_specular[:] = self.specular * np.asarray(look.diffuse)
        model.vis.headlight.ambient[:] = look.ambient
        model.vis.headlight.diffuse[:] = 0.06
        model.vis.headlight.specular[:] = 0.0
