from __future__ import annotations

import numpy as np
import pytest

from ssp_sam_ros.sim.shapes import lathe, make_shape, tube
from ssp_sam_ros.sim.words import NOUNS


def volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


def test_lathe_turns_a_rectangle_into_a_cylinder() -> None:
    vertices, faces = lathe([[(0, 0), (2, 0)], [(2, 0), (2, 3)], [(2, 3), (0, 3)]], segments=256)
    assert volume(vertices, faces) == pytest.approx(np.pi * 4 * 3, rel=1e-3)


def test_a_straight_tube_is_a_cylinder_with_its_faces_outwards() -> None:
    centres = np.column_stack([np.linspace(0, 1, 5), 1e-3 * np.linspace(-1, 1, 5) ** 2, np.zeros(5)])
    assert volume(*tube(centres, np.full(5, 0.2), sides=128)) == pytest.approx(np.pi * 0.04, rel=2e-3)


@pytest.mark.parametrize("noun", NOUNS)
def test_shapes_stand_on_the_table_and_scale(noun: str) -> None:
    small, large = (make_shape(noun, scale, np.random.default_rng(0)) for scale in (0.7, 1.4))
    points = np.concatenate([part.vertices for part in small.parts])
    assert points[:, 2].min() == pytest.approx(0.0, abs=2e-3)
    assert 0.01 < np.ptp(points, axis=0).max() < 0.3
    assert large.radius == pytest.approx(2 * small.radius)
    for a, b in zip(small.parts, large.parts, strict=True):
        np.testing.assert_allclose(2 * a.vertices, b.vertices)
        assert a.faces.min() >= 0 and a.faces.max() < len(a.vertices)
    assert any(part.coloured for part in small.parts)


@pytest.mark.parametrize("noun", NOUNS)
def test_outline_points_span_the_shape(noun: str) -> None:
    shape = make_shape(noun, 1.0, np.random.default_rng(1))
    points, outline = np.concatenate([part.vertices for part in shape.parts]), shape.outline_points()
    assert len(outline) < 100
    directions = np.random.default_rng(2).normal(size=(200, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    short = (points @ directions.T).max(0) - (outline @ directions.T).max(0)
    assert short.min() >= 0 and short.max() < 0.006  # metres: two pixels of 320


def test_closed_shapes_enclose_a_volume() -> None:
    for noun in ("mug", "bowl", "plate", "box", "ball", "banana"):
        for part in make_shape(noun, 1.0, np.random.default_rng(3)).parts:
            assert volume(part.vertices, part.faces) > 1e-6, noun
