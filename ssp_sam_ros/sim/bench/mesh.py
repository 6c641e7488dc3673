"""Triangle meshes made in code: turned, swept and extruded solids, and how to move them.

A mesh also lists convex `pieces` of itself. Their projected hulls cover the mesh's silhouette, which tells
how much of an object is hidden without drawing it alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..shapes import lathe

Profile = Sequence[Sequence[tuple[float, float]]]


@dataclass(frozen=True)
class Mesh:
    """Vertices (V, 3) in metres, faces (F, 3) counter-clockwise from outside, pieces: vertex indices."""

    vertices: np.ndarray
    faces: np.ndarray
    pieces: tuple[np.ndarray, ...]

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Mesh:
        """Shifted by metres."""
        return Mesh(self.vertices + np.array([x, y, z]), self.faces, self.pieces)

    def scaled(self, x: float, y: float | None = None, z: float | None = None) -> Mesh:
        """Stretched along the axes; one number stretches all three."""
        factors = np.array([x, x if y is None else y, x if z is None else z])
        return Mesh(self.vertices * factors, self.faces, self.pieces)

    def rotated(self, axis: str, degrees: float) -> Mesh:
        """Turned about an axis through the origin, counter-clockwise seen from its positive end."""
        c, s = float(np.cos(np.radians(degrees))), float(np.sin(np.radians(degrees)))
        turns = {
            "x": [[1, 0, 0], [0, c, -s], [0, s, c]],
            "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
            "z": [[c, -s, 0], [s, c, 0], [0, 0, 1]],
        }
        return Mesh(self.vertices @ np.array(turns[axis]).T, self.faces, self.pieces)

    def normals(self) -> np.ndarray:
        """Unit vertex normals (V, 3), weighted by the areas of the faces."""
        a, b, c = (self.vertices[self.faces[:, k]] for k in range(3))
        of_faces = np.cross(b - a, c - a)
        total = np.zeros_like(self.vertices)
        for k in range(3):
            np.add.at(total, self.faces[:, k], of_faces)
        return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)


def join(meshes: Sequence[Mesh]) -> Mesh:
    """Several meshes as one."""
    starts = np.cumsum([0, *(len(m.vertices) for m in meshes)])
    return Mesh(
        np.concatenate([m.vertices for m in meshes]),
        np.concatenate([m.faces + n for m, n in zip(meshes, starts, strict=False)]),
        tuple(piece + n for m, n in zip(meshes, starts, strict=False) for piece in m.pieces),
    )


def turned(profile: Profile, segments: int = 28) -> Mesh:
    """Solid of revolution about z; `profile` as in `sim.shapes.lathe`."""
    vertices, faces = lathe(profile, segments)
    pieces, base = [], 0
    for run in profile:
        rings = [base + k * segments for k in range(len(run))]
        pieces += [np.r_[low : low + segments, high : high + segments] for low, high in pairwise(rings)]
        base += len(run) * segments
    return Mesh(vertices, faces, tuple(pieces))


def swept(centres: np.ndarray, radii: np.ndarray, sides: int = 12) -> Mesh:
    """Tube along a curve, closed at both ends.

    Args:
        centres: (N, 3) points of the curve, which lies in a plane.
        radii: (N,) or (N, 2): half widths within the curve's plane and across it.
        sides: corners of the section.
    """
    radii = radii if radii.ndim == 2 else np.stack([radii, radii], 1)
    tangents = np.gradient(centres, axis=0)
    tangents /= np.linalg.norm(tangents, axis=1, keepdims=True)
    bends = np.cross(tangents[:1], tangents)
    across = bends[np.argmax(np.linalg.norm(bends, axis=1))]
    if np.linalg.norm(across) < 1e-6:  # straight: any plane will do; lying curves bend within the table
        across = np.cross(tangents[0], [0.0, 1.0, 0.0] if abs(tangents[0][2]) > 0.9 else [0.0, 0.0, 1.0])
        across = np.cross(tangents[0], across) if abs(tangents[0][2]) <= 0.9 else across
    across = across / np.linalg.norm(across)
    within = np.cross(across, tangents)
    angle = np.arange(sides) * (2 * np.pi / sides)
    rings = (
        centres[:, None]
        + (radii[:, :1] * np.cos(angle))[..., None] * within[:, None]
        + (radii[:, 1:] * np.sin(angle))[..., None] * across[None, None]
    )
    count = len(centres)
    vertices = np.concatenate([rings.reshape(-1, 3), centres[:1], centres[-1:]])
    here, following = np.arange(sides), (np.arange(sides) + 1) % sides
    faces = []
    for k in range(count - 1):
        low, high = k * sides, (k + 1) * sides
        faces.append(np.column_stack([low + here, high + following, low + following]))
        faces.append(np.column_stack([low + here, high + here, high + following]))
    start, end, last = count * sides, count * sides + 1, (count - 1) * sides
    faces.append(np.column_stack([np.full(sides, start), here, following]))
    faces.append(np.column_stack([np.full(sides, end), last + following, last + here]))
    pieces = tuple(np.arange(k * sides, (k + 2) * sides) for k in range(count - 1))
    return Mesh(vertices, outward(vertices, np.concatenate(faces)), pieces)


def extruded(outline: np.ndarray, low: float, high: float, bevel: float = 0.0) -> Mesh:
    """A plate of any simple outline.

    Args:
        outline: (N, 2) corners in the xy plane, either way round, not crossing itself.
        low, high: its z range.
        bevel: by how much the top's edge is broken.

    Raises:
        ValueError: the outline has no inside.
    """
    x, y = outline.T
    if np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) < 0:
        outline = outline[::-1]
    count, triangles = len(outline), _triangulated(outline)
    edges = np.roll(outline, -1, 0) - outline
    edges /= np.maximum(np.linalg.norm(edges, axis=1, keepdims=True), 1e-12)
    before = np.roll(edges, 1, 0)
    inwards = np.stack([-(edges + before)[:, 1], (edges + before)[:, 0]], 1)
    inwards /= np.maximum(np.linalg.norm(inwards, axis=1, keepdims=True), 1e-9)
    inner = outline + bevel * inwards
    levels = [(outline, low), (outline, high - bevel)] + ([(inner, high)] if bevel else [])
    rings = [np.column_stack([flat, np.full(count, z)]) for flat, z in levels]
    vertices, faces = [rings[0], rings[-1]], [triangles[:, ::-1], triangles + count]
    smooth = (edges * before).sum(1) > 0.8  # edges that turn little are shaded as a curve
    # every side has its own two columns of vertices, but for smooth corners, which share one
    first = np.arange(count)
    extra = np.flatnonzero(~smooth)
    second = first.copy()
    second[extra] = count + np.arange(len(extra))
    column = [*range(count), *extra]
    width = len(column)
    base = 2 * count
    for lower, upper in pairwise(rings):
        vertices += [lower[column], upper[column]]
        a, b = base + first, base + np.roll(second, -1)
        faces += [np.column_stack([a, b, b + width]), np.column_stack([a, b + width, a + width])]
        base += 2 * width
    if _convex(outline):
        pieces: tuple[np.ndarray, ...] = (np.arange(2 * count),)
    else:
        pieces = tuple(np.concatenate([t, t + count]) for t in triangles)
    return Mesh(np.concatenate(vertices), np.concatenate(faces), pieces)


def block(x: float, y: float, z: float, bevel: float = 0.0) -> Mesh:
    """A box on z = 0, centred."""
    corners = np.array([(-x, -y), (x, -y), (x, y), (-x, y)]) / 2
    return extruded(corners, 0.0, z, bevel)


def rounded_rectangle(x: float, y: float, radius: float, steps: int = 5) -> np.ndarray:
    """Outline (4 * steps, 2) of a rectangle with round corners."""
    angle = np.linspace(0, np.pi / 2, steps)
    arc = radius * np.stack([np.cos(angle), np.sin(angle)], 1)
    corner = np.array([x / 2 - radius, y / 2 - radius])
    out = []
    for k in range(4):
        c, s = round(np.cos(k * np.pi / 2)), round(np.sin(k * np.pi / 2))
        centre = corner * np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)][k])
        out.append(centre + arc @ np.array([[c, s], [-s, c]]))
    return np.concatenate(out)


def outward(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """The same closed surface with its faces turned outwards (positive enclosed volume)."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return faces if np.einsum("ij,ij->", a, np.cross(b, c)) >= 0 else faces[:, ::-1]


def _cross(a: np.ndarray, b: np.ndarray) -> float:
    return float(a[0] * b[1] - a[1] * b[0])


def _convex(outline: np.ndarray) -> bool:
    ahead, back = np.roll(outline, -1, 0) - outline, outline - np.roll(outline, 1, 0)
    return bool((back[:, 0] * ahead[:, 1] - back[:, 1] * ahead[:, 0] >= -1e-12).all())


def _triangulated(outline: np.ndarray) -> np.ndarray:
    """Triangles (N - 2, 3) of a counter-clockwise simple polygon, by cutting ears."""
    if _convex(outline):
        inner = np.arange(1, len(outline) - 1)
        return np.column_stack([np.zeros_like(inner), inner, inner + 1])
    left, triangles = list(range(len(outline))), []
    while len(left) > 3:
        for n in range(len(left)):
            i, j, k = left[n - 1], left[n], left[(n + 1) % len(left)]
            a, b, c = outline[i], outline[j], outline[k]
            if _cross(b - a, c - b) <= 1e-14:
                continue
            rest = outline[[m for m in left if m not in (i, j, k)]]
            if not _inside(rest, a, b, c).any():
                triangles.append((i, j, k))
                del left[n]
                break
        else:
            raise ValueError("the outline has no inside to fill: it is flat or crosses itself")
    return np.array([*triangles, tuple(left)])


def _inside(points: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    def side(p: np.ndarray, q: np.ndarray) -> np.ndarray:
        return (q[0] - p[0]) * (points[:, 1] - p[1]) - (q[1] - p[1]) * (points[:, 0] - p[0])

    return (side(a, b) > -1e-12) & (side(b, c) > -1e-12) & (side(c, a) > -1e-12)
