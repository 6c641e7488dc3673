"""One compiled MuJoCo model with every noun in both sizes, of which a scene shows a few (see `sim.pool`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..gl import import_mujoco
from ..shapes import extreme_vertices
from ..textures import SIDE
from .finish import FOAM, GLOSSY, MATT, STEEL, Finish, coordinates, finishes, of_material
from .shape import CLEAR, MAIN, Shape
from .shape import STEEL as STEEL_PAINT
from .shape import TIMBER as TIMBER_PAINT
from .shapes import make_shape
from .surfaces import bench_surface
from .words import NOUNS, PLAIN, SIZES, WOODEN, materials_of

COPIES = 2
SCALES = {"small": (0.72, 0.82), "large": (1.14, 1.28)}
SURFACES = 12
HIDDEN_GROUP = 5
_SPONGE = "sponge"


@dataclass(frozen=True)
class PoolBody:
    """One body of the pool: what it is, its shape, and where it lives in the compiled model.

    paints: for every geom the name of its paint; outline: the extreme vertices, (P, 3).
    """

    noun: str
    size: str
    material: str
    shape: Shape
    outline: np.ndarray
    mocap: int
    geoms: tuple[int, ...]
    paints: tuple[str, ...]


class BenchPool:
    """The compiled model, its data and its bodies: `COPIES` of every noun in every size."""

    def __init__(self, rng: np.random.Generator, width: int, height: int, samples: int = 4) -> None:
        """Build and compile; `samples` is the number of anti-aliasing samples of the colour picture."""
        self._mujoco = import_mujoco()
        spec = self._mujoco.MjSpec()
        spec.visual.global_.offwidth, spec.visual.global_.offheight = width, height
        spec.visual.quality.offsamples, spec.visual.quality.shadowsize = samples, 1024
        spec.visual.map.znear, spec.visual.map.zfar, spec.visual.map.shadowclip = 0.05, 20.0, 1.3
        self._finishes = finishes(rng)
        for k in range(SURFACES):
            self._add_material(
                spec, Finish(f"surface{k}", rng.uniform(0, 0.3), rng.uniform(0.1, 0.6), bench_surface(rng))
            )
        for variants in self._finishes.values():
            for finish in variants:
                self._add_material(spec, finish)
        self._add_room(spec, rng)
        drafts = [self._draft(noun, size, rng) for noun in NOUNS for size in SIZES for _ in range(COPIES)]
        for k, (_, _, material, shape) in enumerate(drafts):
            self._add_body(spec, f"body{k}", material, shape, rng)
        for geom in spec.geoms:
            geom.contype = geom.conaffinity = 0
        self.model: Any = spec.compile()
        self.model.stat.extent, self.model.stat.center[:] = 1.0, 0.0
        self.data: Any = self._mujoco.MjData(self.model)
        self.bodies = tuple(self._body(f"body{k}", *draft) for k, draft in enumerate(drafts))
        self.table, self.floor, self.mat = (self.model.geom(name).id for name in ("table", "floor", "mat"))
        self.surfaces = tuple(self.model.material(f"surface{k}").id for k in range(SURFACES))

    def _draft(self, noun: str, size: str, rng: np.random.Generator) -> tuple[str, str, str, Shape]:
        """Noun, size, material and shape of one body; what can be of metal or wood mostly is."""
        materials = materials_of(noun)
        material = PLAIN if rng.random() < 0.3 else materials[int(rng.integers(len(materials)))]
        return noun, size, material, make_shape(noun, rng.uniform(*SCALES[size]), rng)

    def _add_material(self, spec: Any, finish: Finish) -> None:
        material = spec.add_material(name=finish.name, specular=finish.specular, shininess=finish.shininess)
        if finish.texture is None:
            return
        texture = spec.add_texture(
            name=finish.name, type=self._mujoco.mjtTexture.mjTEXTURE_2D, width=SIDE, height=SIDE, nchannel=3
        )
        texture.data = finish.texture.tobytes()
        material.textures[self._mujoco.mjtTextureRole.mjTEXROLE_RGB] = texture.name
        if finish.name.startswith("surface"):
            material.texrepeat, material.texuniform = [2.5, 2.5], True

    def _add_room(self, spec: Any, rng: np.random.Generator) -> None:
        spec.add_texture(  # what is seen above the floor's end
            name="walls",
            type=self._mujoco.mjtTexture.mjTEXTURE_SKYBOX,
            builtin=self._mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
            rgb1=rng.uniform(0.45, 0.8) * (1 + rng.uniform(-0.08, 0.08, 3)),
            rgb2=rng.uniform(0.2, 0.5) * (1 + rng.uniform(-0.08, 0.08, 3)),
            width=64,
            height=64,
        )
        world, box = spec.worldbody, self._mujoco.mjtGeom.mjGEOM_BOX
        world.add_camera(name="view", mode=self._mujoco.mjtCamLight.mjCAMLIGHT_FIXED)
        for name in ("key", "fill"):
            kind = self._mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
            world.add_light(name=name, type=kind, castshadow=name == "key")
        world.add_geom(name="table", type=box, size=[0.6, 0.6, 0.02], pos=[0, 0, -0.02], material="surface0")
        plane = self._mujoco.mjtGeom.mjGEOM_PLANE
        world.add_geom(name="floor", type=plane, size=[6, 6, 0.1], pos=[0, 0, -0.7], material="surface1")
        world.add_geom(name="mat", type=box, size=[0.2, 0.15, 0.001], pos=[0, 0, 0], material="surface2")

    def _add_body(self, spec: Any, name: str, material: str, shape: Shape, rng: np.random.Generator) -> None:
        body = spec.worldbody.add_body(name=name, mocap=True)
        own = of_material(material, rng)
        for k, part in enumerate(shape.parts):
            kind = _finish_of(part.paint, own)
            variants = self._finishes[kind]
            finish = variants[int(rng.integers(len(variants)))]
            mesh = spec.add_mesh(
                name=f"{name}_{k}",
                uservert=part.mesh.vertices.ravel(),
                userface=part.mesh.faces.ravel().astype(np.int32),
                inertia=self._mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL,
            )
            if finish.texture is not None:
                mesh.usertexcoord = coordinates(part.mesh, kind).ravel()
            body.add_geom(
                type=self._mujoco.mjtGeom.mjGEOM_MESH,
                meshname=mesh.name,
                material=finish.name,
                rgba=[0.55, 0.56, 0.58, 1.0],
                group=HIDDEN_GROUP,
            )

    def _body(self, name: str, noun: str, size: str, material: str, shape: Shape) -> PoolBody:
        body = self.model.body(name)
        geoms = tuple(range(int(body.geomadr[0]), int(body.geomadr[0]) + int(body.geomnum[0])))
        paints = tuple(MAIN if part.paint == _SPONGE else part.paint for part in shape.parts)
        outline = extreme_vertices(shape.vertices)
        return PoolBody(noun, size, material, shape, outline, int(body.mocapid[0]), geoms, paints)


def _finish_of(paint: str, own: str) -> str:
    if paint == MAIN:
        return own
    by_paint = {STEEL_PAINT: STEEL, TIMBER_PAINT: WOODEN, CLEAR: GLOSSY, "screen": GLOSSY, _SPONGE: FOAM}
    return by_paint.get(paint, MATT)
