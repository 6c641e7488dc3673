"""Finishes: textures and texture coordinates that make paint look matt, glossy, metal or wooden."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..textures import SIDE, smooth_noise
from .mesh import Mesh
from .words import METAL, PLAIN, WOODEN

MATT, GLOSSY, FOAM, STEEL = "matt", "glossy", "foam", "steel"
_VARIANTS = 3


@dataclass(frozen=True)
class Finish:
    """MuJoCo material values; texture uint8 (SIDE, SIDE, 3) or None."""

    name: str
    specular: float
    shininess: float
    texture: np.ndarray | None = None


def finishes(rng: np.random.Generator) -> dict[str, tuple[Finish, ...]]:
    """Some variants of every finish, by its name."""
    made: dict[str, list[Finish]] = {k: [] for k in (MATT, GLOSSY, METAL, WOODEN, FOAM, STEEL)}
    for k in range(_VARIANTS):
        made[MATT].append(Finish(f"matt{k}", rng.uniform(0.0, 0.15), rng.uniform(0.0, 0.2)))
        made[GLOSSY].append(Finish(f"glossy{k}", rng.uniform(0.6, 1.0), rng.uniform(0.6, 0.95)))
        made[METAL].append(Finish(f"metal{k}", 0.9, rng.uniform(0.5, 0.8), _reflections(rng, 0.75)))
        made[STEEL].append(Finish(f"steel{k}", 0.8, rng.uniform(0.5, 0.8), _reflections(rng, 0.5)))
        made[WOODEN].append(Finish(f"wooden{k}", 0.05, 0.1, _grain(rng)))
        made[FOAM].append(Finish(f"foam{k}", 0.0, 0.0, _pores(rng)))
    return {name: tuple(variants) for name, variants in made.items()}


def of_material(material: str, rng: np.random.Generator) -> str:
    """A finish of this material: plain things are matt or glossy."""
    if material == PLAIN:
        return GLOSSY if rng.random() < 0.45 else MATT
    return material


def coordinates(mesh: Mesh, finish: str) -> np.ndarray:
    """Texture coordinates (V, 2): by the normal for what mirrors its surroundings, else by the place."""
    if finish in (METAL, STEEL):
        normals = mesh.normals()
        return np.stack([0.5 + 0.47 * normals[:, 0], 0.5 + 0.47 * normals[:, 2]], 1)
    x, y, z = mesh.vertices.T
    return np.stack([(x + 0.35 * z) / 0.16, (y + 0.9 * z) / 0.16], 1)


def _grey(shade: np.ndarray) -> np.ndarray:
    return np.repeat(np.clip(255 * shade, 0, 255).astype(np.uint8)[..., None], 3, 2)


def _reflections(rng: np.random.Generator, strength: float) -> np.ndarray:
    """A room as polished metal mirrors it: bright above, a dark horizon, lamps; rows go up."""
    up = np.linspace(0, 1, SIDE)[:, None] + 0.05 * smooth_noise(rng, (4, 4))
    horizon = rng.uniform(0.42, 0.52)
    sky = 0.45 + 0.55 * np.clip((up - horizon) / 0.45, 0, 1)
    ground = 0.75 - 0.55 * np.clip(up / horizon, 0, 1)
    shade = np.where(up > horizon, sky, ground)
    across = np.linspace(0, 1, SIDE)[None] + 0.03 * smooth_noise(rng, (4, 4))
    bands = np.cos(2 * np.pi * (rng.uniform(1.6, 2.4) * across + rng.uniform(0, 1)))
    shade = shade * (0.62 + 0.38 * np.tanh(3 * bands)) + 0.25 * (bands > 0.9)
    lamps = np.clip(smooth_noise(rng, (8, 6)) - 0.35, 0, None) * 1.2
    dark = np.clip(smooth_noise(rng, (6, 8)) - 0.4, 0, None) * 1.0
    return _grey(
        1 - strength * (1 - np.clip(shade + lamps - dark, 0, 1)) + 0.02 * smooth_noise(rng, (128, 128))
    )


def _grain(rng: np.random.Generator) -> np.ndarray:
    """Wood: stretched noise in rings."""
    field = 3.5 * smooth_noise(rng, (8, 2)) + smooth_noise(rng, (16, 2))
    rings = 0.5 + 0.5 * np.sin(2 * np.pi * (field + np.linspace(0, 5, SIDE, endpoint=False)[:, None]))
    fine = smooth_noise(rng, (128, 4))
    return _grey(0.62 + 0.33 * rings**1.5 + 0.10 * fine)


def _pores(rng: np.random.Generator) -> np.ndarray:
    """A sponge: dark dots of two sizes."""
    dots = np.clip(smooth_noise(rng, (64, 64)) - 0.35, 0, 1) + 0.7 * np.clip(
        smooth_noise(rng, (128, 128)) - 0.4, 0, 1
    )
    return _grey(0.97 - 0.55 * np.clip(1.6 * dots, 0, 1))
