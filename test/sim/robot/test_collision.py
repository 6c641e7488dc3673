"""Pieces of the simple world's shapes: hollow where they are hollow, narrow where they are narrow."""

from __future__ import annotations

import numpy as np
import pytest

from ssp_sam_ros.sim.robot.collision import convex_pieces
from ssp_sam_ros.sim.shapes import make_shape
from ssp_sam_ros.sim.words import NOUNS


def pieces(noun: str) -> tuple[list[np.ndarray], np.ndarray]:
    """An object's pieces, and all its vertices."""
    shape = make_shape(noun, 1.0, np.random.default_rng(2))
    starts = np.cumsum([0, *(len(part.vertices) for part in shape.parts)])
    faces = np.concatenate([part.faces + start for part, start in zip(shape.parts, starts[:-1], strict=True)])
    vertices = np.concatenate([part.vertices for part in shape.parts])
    return convex_pieces(vertices, faces), vertices


def at_height(made: list[np.ndarray], z: float) -> list[np.ndarray]:
    return [piece for piece in made if piece[:, 2].min() < z < piece[:, 2].max()]


@pytest.mark.parametrize("noun", NOUNS)
def test_pieces_are_solid_and_fill_the_object(noun: str) -> None:
    made, vertices = pieces(noun)
    for piece in made:
        assert np.linalg.matrix_rank(piece - piece[0], tol=1e-5) == 3
    corners = np.concatenate(made)
    np.testing.assert_allclose(corners.min(0), vertices.min(0), atol=0.002)
    np.testing.assert_allclose(corners.max(0), vertices.max(0), atol=0.002)


@pytest.mark.parametrize(("noun", "height", "free"), [("mug", 0.05, 0.025), ("bowl", 0.045, 0.05)])
def test_there_is_room_inside(noun: str, height: float, free: float) -> None:
    made, _ = pieces(noun)
    around = at_height(made, height)
    assert len(around) >= 12
    for piece in around:
        middle = piece[:, :2].mean(0)
        assert (piece[:, :2] @ (middle / np.linalg.norm(middle))).min() > free


def test_a_bottle_has_a_neck() -> None:
    made, vertices = pieces("bottle")
    (body,) = at_height(made, 0.02)
    neck = at_height(made, 0.93 * vertices[:, 2].max())
    assert np.hypot(*body[:, :2].T).max() > 0.028
    assert max(np.hypot(*piece[:, :2].T).max() for piece in neck) < 0.018


def test_a_box_and_a_ball_are_one_piece_and_a_banana_is_bent() -> None:
    assert len(pieces("box")[0]) == len(pieces("ball")[0]) == 1
    assert len(pieces("banana")[0]) > 3
