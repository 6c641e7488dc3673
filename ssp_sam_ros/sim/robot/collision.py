"""Collision geometry: a triangle mesh cut into convex pieces, hollow where the mesh is.

MuJoCo takes the convex hull of a mesh for contacts, which would fill a mug and give a bottle no neck. So a
solid of revolution is cut into bands of height, and where it is hollow into sectors of its wall; what is
long is cut into slices; everything else is its hull.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

Points = np.ndarray

BANDS = 5
SECTORS = 12
SLICES = 6
_WELD = 1e-5  # metres: vertices closer than this are one
_GRID = 1e-4  # metres, of profiles
_NO_TIE = 0.137  # what is equal up to the last bit should round alike
_PLANES = 48  # heights at which a solid of revolution is looked at
_AXES = 2e-3  # metres: axes closer than this are one
_THIN = 0.008  # metres: thinner slabs would be pushed out through their broad side
_STEP = 0.004  # metres from plane to plane: a ledge
_STRAIGHT = 3e-4  # metres from plane to plane: a bend inwards that is none
_FLAT = 1e-4  # metres: a piece thinner than this has no volume to speak of ...
_SHEET = 1e-3  # ... and is given this one
_SLENDER = 1.7  # longer than wide by more: cut into slices
_LEAST = 8  # vertices of a slice


def convex_pieces(vertices: np.ndarray, faces: np.ndarray) -> list[Points]:
    """Convex pieces that together are about the solid inside a mesh.

    Args:
        vertices: (V, 3) metres, z up.
        faces: (F, 3) indices of them.

    Returns:
        For every piece its corners, (P, 3); the piece is their convex hull.
    """
    grid = np.round(vertices / _WELD + _NO_TIE).astype(np.int64)
    _, first, index = np.unique(grid, axis=0, return_index=True, return_inverse=True)
    points, triangles = vertices[first], index.reshape(-1)[faces]
    pieces: list[Points] = []
    for part in _surfaces(points, triangles):
        own = triangles[np.isin(triangles[:, 0], part)]
        pieces += _of_revolution(points, own, part) or _slices(points[part])
    return [_thick(piece) for piece in pieces]


def _thick(points: Points) -> Points:
    """The same points, or where they are as good as in a plane two layers of them, `_SHEET` apart."""
    _, spread, axes = np.linalg.svd(points - points.mean(0), full_matrices=False)
    if spread[2] > _FLAT * np.sqrt(len(points)):
        return points
    return np.concatenate([points - _SHEET / 2 * axes[2], points + _SHEET / 2 * axes[2]])


def _surfaces(points: Points, triangles: np.ndarray) -> list[np.ndarray]:
    """Vertex indices of what bounds one solid: a closed surface, or open ones about one axis together."""
    whole: list[np.ndarray] = []
    open_ones: dict[tuple[int, int], list[np.ndarray]] = {}
    for part in _components(len(points), triangles):
        own = triangles[np.isin(triangles[:, 0], part)]
        own = own[(own[:, 0] != own[:, 1]) & (own[:, 1] != own[:, 2]) & (own[:, 2] != own[:, 0])]
        edges = np.sort(np.concatenate([own[:, [0, 1]], own[:, [1, 2]], own[:, [2, 0]]]), 1)
        if (np.unique(edges, axis=0, return_counts=True)[1] == 2).all():
            whole.append(part)
            continue
        x, y = ((points[part][:, :2].min(0) + points[part][:, :2].max(0)) / 2).tolist()
        open_ones.setdefault((round(x / _AXES), round(y / _AXES)), []).append(part)
    return whole + [np.concatenate(parts) for parts in open_ones.values()]


def _components(count: int, triangles: np.ndarray) -> list[np.ndarray]:
    """Vertex indices of each connected part of a mesh."""
    label = np.arange(count)
    while True:  # every vertex takes the smallest label of its triangles, until nothing changes
        least = label[triangles].min(1)
        after = label.copy()
        for k in range(3):
            np.minimum.at(after, triangles[:, k], least)
        if (after == label).all():
            used = np.unique(triangles)
            return [used[label[used] == name] for name in np.unique(label[used])]
        label = after


def _of_revolution(points: Points, triangles: np.ndarray, part: np.ndarray) -> list[Points]:
    """The pieces of a closed solid of revolution about a vertical axis; [] where it is none."""
    own = points[part]
    axis = (own[:, :2].min(0) + own[:, :2].max(0)) / 2
    radius = np.hypot(*(points[:, :2] - axis).T)
    places = np.round(np.column_stack([radius, points[:, 2]]) / _GRID + _NO_TIE) * _GRID  # (radius, height)
    rings, counts = np.unique(places[part], axis=0, return_counts=True)
    if counts[rings[:, 0] > 2 * _GRID].min() < SECTORS:
        return []
    profile = np.unique(places[triangles], axis=0)
    edges = np.concatenate([profile[:, [0, 1]], profile[:, [1, 2]], profile[:, [2, 0]]])
    low, high = float(own[:, 2].min()), float(own[:, 2].max())
    heights = np.linspace(low, high, _PLANES + 1)[:-1] + (high - low) / (2 * _PLANES)
    spans = [_spans(edges, z) for z in heights]
    if not all(spans):
        return []
    if all(len(s) == 1 and s[0][0] == 0 for s in spans):
        outline = np.array([s[0][1] for s in spans])
        if (np.diff(outline, 2) < _STRAIGHT).all():
            return [own]  # convex already
    pieces: list[Points] = []
    for first, last in _runs(spans, max(_PLANES // BANDS, round(_THIN / (heights[1] - heights[0])))):
        bottom = low if first == 0 else (heights[first - 1] + heights[first]) / 2
        top = high if last == _PLANES - 1 else (heights[last] + heights[last + 1]) / 2
        for (r0, r1), (s0, s1) in zip(spans[first], spans[last], strict=True):
            pieces += _band(axis, (bottom, r0, r1), (top, s0, s1))
    return pieces


def _spans(edges: np.ndarray, z: float) -> list[tuple[float, float]]:
    """Where a horizontal line at height z is inside a closed (radius, height) outline; [] if it is open."""
    a, b = edges[:, 0], edges[:, 1]
    crossing = (a[:, 1] < z) != (b[:, 1] < z)
    a, b = a[crossing], b[crossing]
    at = a[:, 0] + (z - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
    radii = np.unique(np.round(at, 4))
    # edges across a quad of the surface cross where its own border does, up to rounding
    radii = radii[np.concatenate([[True], np.diff(radii) > 5e-4])] if len(radii) else radii
    ends = [0.0, *radii.tolist()] if len(radii) % 2 else radii.tolist()
    return list(zip(ends[::2], ends[1::2], strict=True))


def _runs(spans: list[list[tuple[float, float]]], longest: int) -> list[tuple[int, int]]:
    """First and last index of runs with the same number of spans, none longer than `longest`."""
    breaks = [0]
    for k in range(1, len(spans)):
        if len(spans[k]) != len(spans[k - 1]) or k - breaks[-1] >= longest or _jump(spans[k - 1], spans[k]):
            breaks.append(k)
    return [(first, after - 1) for first, after in pairwise([*breaks, len(spans)])]


def _jump(before: list[tuple[float, float]], after: list[tuple[float, float]]) -> bool:
    return any(
        (p0 == 0) != (q0 == 0) or abs(p0 - q0) > _STEP or abs(p1 - q1) > _STEP
        for (p0, p1), (q0, q1) in zip(before, after, strict=True)
    )


def _band(axis: np.ndarray, *rings: tuple[float, float, float]) -> list[Points]:
    """A full or hollow slab between two heights; each ring is (height, inner radius, outer radius)."""
    angle = np.arange(2 * SECTORS) * (np.pi / SECTORS)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    full = max(inner for _, inner, _ in rings) <= 1e-3

    def corners(directions: np.ndarray) -> Points:
        return np.concatenate(
            [
                np.column_stack([axis + directions * r, np.full(len(directions), z)])
                for z, inner, outer in rings
                for r in ((outer,) if full else (inner, outer))
            ]
        )

    if full:
        return [corners(circle)]
    return [corners(circle[[2 * k, 2 * k + 1, (2 * k + 2) % (2 * SECTORS)]]) for k in range(SECTORS)]


def _slices(points: Points) -> list[Points]:
    """Slices across the longest direction where the points are slender, else all of them."""
    centred = points - points.mean(0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    along = centred @ axes[0]
    if np.ptp(along) < _SLENDER * np.ptp(centred @ axes[1]):
        return [points]
    bounds = np.linspace(along.min(), along.max(), SLICES + 1)
    lap = 0.15 * (bounds[1] - bounds[0])
    slices = [points[(along >= a - lap) & (along <= b + lap)] for a, b in pairwise(bounds)]
    return slices if min(len(s) for s in slices) >= _LEAST else [points]
