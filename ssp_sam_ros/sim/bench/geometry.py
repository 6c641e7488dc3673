"""Distances between footprints and silhouettes in the picture."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ..camera import Camera
from .shape import Shape

Segment = tuple[tuple[float, float], tuple[float, float]]


def segment_distance(a: Segment, b: Segment) -> float:
    """Shortest distance between two segments in the plane, in their unit."""
    if _crossing(a, b):
        return 0.0
    return min(
        _point_distance(a[0], b), _point_distance(a[1], b), _point_distance(b[0], a), _point_distance(b[1], a)
    )


def _point_distance(p: tuple[float, float], s: Segment) -> float:
    (x1, y1), (x2, y2) = s
    dx, dy = x2 - x1, y2 - y1
    length = dx * dx + dy * dy
    t = 0.0 if length < 1e-12 else min(1.0, max(0.0, ((p[0] - x1) * dx + (p[1] - y1) * dy) / length))
    return float(np.hypot(p[0] - x1 - t * dx, p[1] - y1 - t * dy))


def _crossing(a: Segment, b: Segment) -> bool:
    def side(p: tuple[float, float], q: tuple[float, float], r: tuple[float, float]) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return (
        side(a[0], a[1], b[0]) * side(a[0], a[1], b[1]) < 0
        and side(b[0], b[1], a[0]) * side(b[0], b[1], a[1]) < 0
    )


def in_world(points: np.ndarray, x: float, y: float, z: float, yaw: float) -> np.ndarray:
    """Points (P, 3) of a shape at this pose, world metres."""
    c, s = np.cos(yaw), np.sin(yaw)
    px, py, pz = points.T
    return np.stack([x + c * px - s * py, y + s * px + c * py, z + pz], 1)


def silhouette_area(
    shape: Shape, pose: tuple[float, float, float, float], camera: Camera, size: tuple[int, int]
) -> int:
    """Pixels that the shape alone would cover, hidden ones and those beyond the picture's border included.

    Args:
        shape: the object's shape.
        pose: x, y, z in metres and yaw in radians.
        camera: the view.
        size: (width, height) of the picture in pixels.
    """
    parts = [camera.project(in_world(part.mesh.vertices, *pose), *size) for part in shape.parts]
    corner = np.floor(np.min([points.min(0) for points in parts], 0)) - 1
    extent = np.ceil(np.max([points.max(0) for points in parts], 0)) + 2 - corner
    if extent.max() > 4 * max(size):  # reaches behind the camera
        return 4 * size[0] * size[1]
    # drawn larger than it is: a filled polygon is half a pixel too wide on every side
    zoom = 4 if extent.max() < 150 else 2
    extent = extent * zoom
    canvas = np.zeros((int(extent[1]), int(extent[0])), np.uint8)
    for points, part in zip(parts, shape.parts, strict=True):
        fixed = np.round((points - corner) * 16 * zoom).astype(np.int32)
        for piece in part.mesh.pieces:
            cv2.fillConvexPoly(canvas, cv2.convexHull(fixed[piece]), 1, shift=4)
    return int(cv2.countNonZero(canvas)) // zoom**2


def hidden_shares(hulls: Sequence[np.ndarray], order: Sequence[int], size: tuple[int, int]) -> list[float]:
    """For each hull (P, 2) the share that is covered by nearer ones or lies outside the picture.

    Args:
        hulls: pixel coordinates of convex outlines.
        order: their indices, nearest to the camera first.
        size: (width, height) of the picture in pixels.
    """
    covered = np.zeros((size[1], size[0]), np.uint8)
    shares = [1.0] * len(hulls)
    for k in order:
        polygon = cv2.convexHull(np.round(hulls[k]).astype(np.int32))
        area = max(cv2.contourArea(polygon), 1.0)
        (x1, y1), (x2, y2) = polygon.reshape(-1, 2).min(0), polygon.reshape(-1, 2).max(0) + 1
        x1, y1, x2, y2 = max(x1, 0), max(y1, 0), min(x2, size[0]), min(y2, size[1])
        if x1 >= x2 or y1 >= y2:
            continue
        own = np.zeros((y2 - y1, x2 - x1), np.uint8)
        cv2.fillConvexPoly(own, polygon - np.array([x1, y1], np.int32), 1)
        part = covered[y1:y2, x1:x2]
        free = cv2.countNonZero(own) - cv2.countNonZero(own & part)
        shares[k] = max(0.0, 1.0 - free / area)
        part |= own
    return shares
