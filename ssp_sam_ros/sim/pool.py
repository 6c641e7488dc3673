"""One compiled MuJoCo model with many bodies, of which a scene shows a few.

Compiling a model and uploading it to OpenGL costs a few hundred milliseconds, re-posing and re-colouring it
next to nothing: so one model serves many scenes, and is made anew from time to time for new proportions and
textures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .gl import import_mujoco
from .shapes import Shape, make_shape
from .textures import SIDE, surface
from .words import NOUNS, SIZES

COPIES = 3
SCALES = {"small": 0.72, "large": 1.2}
SURFACES = 10
HIDDEN_GROUP = 5


@dataclass(frozen=True)
class PoolBody:
    """One body of the pool: what it is, its shape, and where it lives in the compiled model."""

    noun: str
    size: str
    shape: Shape
    outline: np.ndarray
    mocap: int
    geoms: tuple[int, ...]
    coloured: tuple[int, ...]


class Pool:
    """The compiled model, its data and its bodies: `COPIES` of every noun in every size."""

    def __init__(self, rng: np.random.Generator, width: int, height: int, samples: int = 4) -> None:
        """Build and compile; `samples` is the number of anti-aliasing samples of the colour picture."""
        mujoco = import_mujoco()
        spec = mujoco.MjSpec()
        _set_visual(spec, width, height, samples)
        for k in range(SURFACES):
            _add_surface(mujoco, spec, f"surface{k}", rng)
        world = spec.worldbody
        world.add_camera(name="view", mode=mujoco.mjtCamLight.mjCAMLIGHT_FIXED)
        for name in ("key", "fill"):
            world.add_light(name=name, type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL, castshadow=name == "key")
        world.add_geom(
            name="table",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=[0.6, 0.6, 0.02],
            pos=[0, 0, -0.02],
            material="surface0",
        )
        world.add_geom(
            name="floor",
            type=mujoco.mjtGeom.mjGEOM_PLANE,
            size=[6, 6, 0.1],
            pos=[0, 0, -0.7],
            material="surface1",
        )
        shapes = [
            (noun, size, make_shape(noun, SCALES[size] * rng.uniform(0.97, 1.03), rng))
            for noun in NOUNS
            for size in SIZES
            for _ in range(COPIES)
        ]
        for k, (_, _, shape) in enumerate(shapes):
            _add_body(mujoco, spec, f"body{k}", shape, rng)
        for geom in spec.geoms:
            geom.contype = geom.conaffinity = 0
        self.model: Any = spec.compile()
        self.model.stat.extent, self.model.stat.center[:] = 1.0, 0.0
        self.data: Any = mujoco.MjData(self.model)
        self.bodies = tuple(self._body(f"body{k}", *shape) for k, shape in enumerate(shapes))
        self.table, self.floor = self.model.geom("table").id, self.model.geom("floor").id

    def _body(self, name: str, noun: str, size: str, shape: Shape) -> PoolBody:
        body = self.model.body(name)
        geoms = tuple(range(int(body.geomadr[0]), int(body.geomadr[0]) + int(body.geomnum[0])))
        coloured = tuple(geom for geom, part in zip(geoms, shape.parts, strict=True) if part.coloured)
        return PoolBody(noun, size, shape, shape.outline_points(), int(body.mocapid[0]), geoms, coloured)


def _set_visual(spec: Any, width: int, height: int, samples: int) -> None:
    spec.visual.global_.offwidth, spec.visual.global_.offheight = width, height
    spec.visual.quality.offsamples, spec.visual.quality.shadowsize = samples, 1024
    spec.visual.map.znear, spec.visual.map.zfar, spec.visual.map.shadowclip = 0.05, 20.0, 1.3


def _add_surface(mujoco: Any, spec: Any, name: str, rng: np.random.Generator) -> None:
    texture = spec.add_texture(
        name=name, type=mujoco.mjtTexture.mjTEXTURE_2D, width=SIDE, height=SIDE, nchannel=3
    )
    texture.data = surface(rng).tobytes()
    material = spec.add_material(
        name=name, texrepeat=[2.5, 2.5], texuniform=True, specular=0.1, shininess=0.1
    )
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = texture.name


def _add_body(mujoco: Any, spec: Any, name: str, shape: Shape, rng: np.random.Generator) -> None:
    body = spec.worldbody.add_body(name=name, mocap=True)
    spec.add_material(name=name, specular=rng.uniform(0.1, 0.6), shininess=rng.uniform(0.2, 0.8))
    for k, part in enumerate(shape.parts):
        mesh = spec.add_mesh(
            name=f"{name}_{k}",
            uservert=part.vertices.ravel(),
            userface=part.faces.ravel().astype(np.int32),
            inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL,
        )
        body.add_geom(
            type=mujoco.mjtGeom.mjGEOM_MESH,
            meshname=mesh.name,
            material=name,
            rgba=[0.55, 0.56, 0.58, 1.0],
            group=HIDDEN_GROUP,
        )
