"""Procedural meshes of the eight nouns, made in code: solids of revolution, swept tubes and a box.

A part is a triangle mesh in metres, z up, standing on z = 0. Vertices along sharp edges are repeated, so that
MuJoCo's automatic normals stay sharp there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SEGMENTS = 36


@dataclass(frozen=True)
class Part:
    """A mesh: vertices (V, 3) in metres, faces (F, 3) counter-clockwise from outside; coloured or grey."""

    vertices: np.ndarray
    faces: np.ndarray
    coloured: bool = True


@dataclass(frozen=True)
class Shape:
    """The parts of one object, and the radius of its footprint in metres."""

    parts: tuple[Part, ...]
    radius: float

    def outline_points(self) -> np.ndarray:
        """Extreme vertices, (P, 3): enough that their projected hull is the object's to within two pixels."""
        return extreme_vertices(np.concatenate([part.vertices for part in self.parts]))


def extreme_vertices(vertices: np.ndarray) -> np.ndarray:
    """Of vertices (V, 3) those farthest in one of 96 directions, (P, 3)."""
    return vertices[np.unique(np.argmax(vertices @ _directions(96).T, axis=0))]


def _directions(count: int) -> np.ndarray:
    """Unit vectors spread evenly over the sphere (Fibonacci lattice), (count, 3)."""
    k = np.arange(count) + 0.5
    polar, azimuth = np.arccos(1 - 2 * k / count), np.pi * (1 + 5**0.5) * k
    return np.stack([np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)], 1)


def lathe(
    profile: Sequence[Sequence[tuple[float, float]]], segments: int = SEGMENTS
) -> tuple[np.ndarray, np.ndarray]:
    """Solid of revolution about z.

    Args:
        profile: smooth runs of (radius, height) points, outside going up, inside going down; they meet in
            sharp edges.
        segments: corners of the circle.

    Returns:
        Vertices (V, 3) float and faces (F, 3) int.
    """
    angle = np.arange(segments) * (2 * np.pi / segments)
    circle = np.stack([np.cos(angle), np.sin(angle)], 1)
    following = (np.arange(segments) + 1) % segments
    vertices, faces, base = [], [], 0
    for run in profile:
        for k, (radius, height) in enumerate(run):
            vertices.append(np.column_stack([circle * radius, np.full(segments, height)]))
            if k:
                low, high = base + (k - 1) * segments, base + k * segments
                here = np.arange(segments)
                if run[k - 1][0] > 0:
                    faces.append(np.column_stack([low + here, low + following, high + following]))
                if radius > 0:
                    faces.append(np.column_stack([low + here, high + following, high + here]))
        base += len(run) * segments
    return np.concatenate(vertices), np.concatenate(faces)


def tube(centres: np.ndarray, radii: np.ndarray, sides: int = 14) -> tuple[np.ndarray, np.ndarray]:
    """Tube around a curve that lies in a plane through z or in the xy plane, closed at both ends.

    Args:
        centres: (N, 3) points of the curve. radii: (N,) radius at each of them.
    """
    tangents = np.gradient(centres, axis=0)
    tangents /= np.linalg.norm(tangents, axis=1, keepdims=True)
    normal_of_plane = np.cross(tangents[0], tangents[len(tangents) // 2])
    normal_of_plane /= np.linalg.norm(normal_of_plane)
    across = np.cross(normal_of_plane, tangents)
    angle = np.arange(sides) * (2 * np.pi / sides)
    rings = centres[:, None] + radii[:, None, None] * (
        np.cos(angle)[None, :, None] * across[:, None]
        + np.sin(angle)[None, :, None] * (-normal_of_plane)[None, None]
    )
    vertices = np.concatenate([rings.reshape(-1, 3), centres[:1], centres[-1:]])
    here, following, faces = np.arange(sides), (np.arange(sides) + 1) % sides, []
    for k in range(len(centres) - 1):
        low, high = k * sides, (k + 1) * sides
        faces.append(np.column_stack([low + here, high + following, low + following]))
        faces.append(np.column_stack([low + here, high + here, high + following]))
    start, end, last = len(centres) * sides, len(centres) * sides + 1, (len(centres) - 1) * sides
    faces.append(np.column_stack([np.full(sides, start), here, following]))
    faces.append(np.column_stack([np.full(sides, end), last + following, last + here]))
    return vertices, _outward(vertices, np.concatenate(faces))


def _outward(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """The same closed surface with its faces turned outwards (positive enclosed volume)."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return faces if np.einsum("ij,ij->", a, np.cross(b, c)) >= 0 else faces[:, ::-1]


def _arc(
    centre: tuple[float, float], radius: float, start: float, stop: float, steps: int = 6
) -> list[tuple[float, float]]:
    """Points of an arc in the (radius, height) half plane; angles in degrees."""
    angle = np.radians(np.linspace(start, stop, steps))
    return [
        (max(0.0, centre[0] + radius * float(np.cos(a))), centre[1] + radius * float(np.sin(a)))
        for a in angle
    ]


def _mug(rng: np.random.Generator) -> Shape:
    radius, height, wall = 0.040 * rng.uniform(0.95, 1.05), 0.095 * rng.uniform(0.95, 1.05), 0.005
    taper = rng.uniform(0.85, 1.0)
    outside = [(radius * taper, 0.0), (radius, height - wall / 2)]
    rim = _arc((radius - wall / 2, height - wall / 2), wall / 2, 0, 180)
    inside = [(radius - wall, height - wall / 2), (radius * taper - wall, wall)]
    body = lathe([[(0.0, 0.0), outside[0]], outside, rim, inside, [inside[-1], (0.0, wall)]])
    reach, half = 0.030, height * 0.31
    angle = np.linspace(-np.pi / 2, np.pi / 2, 13)
    centres = np.column_stack(
        [radius * 0.93 + reach * np.cos(angle), np.zeros(13), height * 0.52 + half * np.sin(angle)]
    )
    handle = tube(centres, np.full(13, 0.0062))
    return Shape((Part(*body), Part(*handle)), radius * 1.15)


def _bowl(rng: np.random.Generator) -> Shape:
    radius, height, wall = 0.075 * rng.uniform(0.95, 1.05), 0.055 * rng.uniform(0.92, 1.08), 0.005
    foot = 0.4 * radius
    t = np.linspace(0, np.pi / 2, 10)
    outside = [(foot + (radius - foot) * float(np.sin(a)), height * float(1 - np.cos(a))) for a in t]
    inside = [
        (
            max(0.0, foot - wall) + (radius - foot) * float(np.sin(a)),
            wall + (height - wall) * float(1 - np.cos(a)),
        )
        for a in t[::-1]
    ]
    body = lathe([[(0.0, 0.0), (foot, 0.0)], outside, [outside[-1], inside[0]], [*inside, (0.0, wall)]])
    return Shape((Part(*body),), radius)


def _bottle(rng: np.random.Generator) -> Shape:
    radius, height = 0.031 * rng.uniform(0.95, 1.05), 0.185 * rng.uniform(0.95, 1.05)
    neck, shoulder = 0.0115, height * rng.uniform(0.52, 0.6)
    t = np.linspace(0, np.pi / 2, 8)
    slope = [
        (neck + (radius - neck) * float(np.cos(a)), shoulder + height * 0.2 * float(np.sin(a))) for a in t
    ]
    body = lathe(
        [[(0.0, 0.0), (radius, 0.0)], [(radius, 0.0), *slope], [(neck, slope[-1][1]), (neck, height * 0.9)]]
    )
    top = height
    cap = lathe(
        [
            [(0.0, height * 0.88), (neck * 1.3, height * 0.88)],
            [(neck * 1.3, height * 0.88), (neck * 1.3, top)],
            [(neck * 1.3, top), (0.0, top)],
        ]
    )
    return Shape((Part(*body), Part(*cap, coloured=False)), radius)


def _can(rng: np.random.Generator) -> Shape:
    radius, height = 0.034 * rng.uniform(0.95, 1.05), 0.105 * rng.uniform(0.95, 1.05)
    rim = radius * 0.93
    body = lathe([[(radius, height * 0.06), (radius, height * 0.94)]])
    lid = lathe(
        [
            [(radius, height * 0.94), (rim, height)],
            [(rim, height), (rim * 0.9, height)],
            [(rim * 0.9, height), (rim * 0.88, height * 0.965)],
            [(rim * 0.88, height * 0.965), (0.0, height * 0.965)],
        ]
    )
    foot = lathe([[(0.0, 0.0), (rim, 0.0)], [(rim, 0.0), (radius, height * 0.06)]])
    return Shape((Part(*body), Part(*lid, coloured=False), Part(*foot, coloured=False)), radius)


def _plate(rng: np.random.Generator) -> Shape:
    radius, height, wall = 0.088 * rng.uniform(0.95, 1.05), 0.016 * rng.uniform(0.9, 1.1), 0.004
    foot = radius * rng.uniform(0.6, 0.68)
    outside = [(foot, 0.0), (radius, height - wall / 2)]
    rim = _arc((radius - wall / 4, height - wall / 2), wall / 2, 0, 120)
    inside = [rim[-1], (foot, wall)]
    body = lathe([[(0.0, 0.0), outside[0]], outside, rim, inside, [inside[-1], (0.0, wall)]])
    return Shape((Part(*body),), radius)


def _box(rng: np.random.Generator) -> Shape:
    size = np.array([0.098, 0.066, 0.064]) * rng.uniform(0.9, 1.1, 3)
    corners = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (0.0, 1.0)]) * size
    sides = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    vertices = np.concatenate([corners[list(side)] for side in sides])
    faces = np.concatenate([[[4 * k, 4 * k + 1, 4 * k + 2], [4 * k, 4 * k + 2, 4 * k + 3]] for k in range(6)])
    return Shape((Part(vertices, faces),), float(np.hypot(size[0], size[1]) / 2))


def _ball(rng: np.random.Generator) -> Shape:
    radius = 0.042 * rng.uniform(0.96, 1.04)
    return Shape((Part(*lathe([_arc((0.0, radius), radius, -90, 90, 17)])),), radius * 0.9)


def _banana(rng: np.random.Generator) -> Shape:
    bend, arc, thick = 0.088 * rng.uniform(0.95, 1.05), np.radians(rng.uniform(112, 128)), 0.018
    angle = np.linspace(-arc / 2, arc / 2, 19)
    along = np.linspace(-1, 1, 19)
    radii = thick * np.clip(1 - np.abs(along) ** 3.2, 0, 1) ** 0.55
    radii[:3], radii[-2:] = (
        (0.0045, 0.0045, np.maximum(radii[2], 0.0045)),
        (np.maximum(radii[-2], 0.006), 0.004),
    )
    centres = np.column_stack(
        [bend * np.sin(angle), bend * (np.cos(angle) - np.cos(arc / 4)), np.full(19, thick)]
    )
    return Shape((Part(*tube(centres, radii)),), bend * float(np.sin(arc / 2)) * 0.85)


_MAKERS = {
    "mug": _mug,
    "bowl": _bowl,
    "bottle": _bottle,
    "can": _can,
    "plate": _plate,
    "box": _box,
    "ball": _ball,
    "banana": _banana,
}


def make_shape(noun: str, scale: float, rng: np.random.Generator) -> Shape:
    """A shape of this noun with slightly random proportions, `scale` times the usual size."""
    shape = _MAKERS[noun](rng)
    parts = tuple(Part(part.vertices * scale, part.faces, part.coloured) for part in shape.parts)
    return Shape(parts, shape.radius * scale)
