from __future__ import annotations

import numpy as np
import pytest

from ssp_sam_ros.sim.bench.mesh import Mesh, block, extruded, join, rounded_rectangle, swept, turned


def volume(mesh: Mesh) -> float:
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


def test_a_block_is_closed_and_faces_outwards() -> None:
    assert volume(block(2.0, 3.0, 4.0)) == pytest.approx(24.0)
    assert 0.9 * 24 < volume(block(2.0, 3.0, 4.0, bevel=0.1)) < 24.0


def test_an_outline_with_a_notch_is_cut_into_triangles() -> None:
    outline = np.array([(0, 0), (3, 0), (3, 3), (2, 3), (2, 1), (1, 1), (1, 3), (0, 3)], float)
    for way_round in (outline, outline[::-1]):
        mesh = extruded(way_round, 0.0, 2.0)
        assert volume(mesh) == pytest.approx(2 * 7.0)
        assert len(mesh.pieces) == len(outline) - 2


def test_turned_and_swept_solids_enclose_their_volume() -> None:
    cylinder = turned([[(0.0, 0.0), (2.0, 0.0)], [(2.0, 0.0), (2.0, 3.0)], [(2.0, 3.0), (0.0, 3.0)]], 128)
    assert volume(cylinder) == pytest.approx(np.pi * 12, rel=1e-2)
    for axis in np.eye(3):
        tube = swept(np.linspace(0, 2, 4)[:, None] * axis, np.tile([[0.1, 0.3]], (4, 1)), 64)
        assert volume(tube) == pytest.approx(np.pi * 0.03 * 2, rel=1e-2)


def test_a_lying_straight_tube_counts_as_bent_within_the_table() -> None:
    centres = np.linspace(0, 1, 4)[:, None] * np.array([1.0, 0.0, 0.0])
    extent = np.ptp(swept(centres, np.tile([[0.1, 0.3]], (4, 1))).vertices, axis=0)
    assert extent[1] == pytest.approx(0.2, abs=0.02) and extent[2] == pytest.approx(0.6, abs=0.02)


def test_moves_keep_shape_and_pieces() -> None:
    mesh = join([block(1, 1, 1), block(1, 2, 3).moved(x=5)])
    turned_round = mesh.rotated("x", 30).rotated("y", -50).rotated("z", 75).moved(1, 2, 3)
    assert volume(turned_round) == pytest.approx(7.0)
    assert volume(mesh.scaled(2, 1, 0.5)) == pytest.approx(7.0)
    np.testing.assert_allclose(np.ptp(mesh.vertices[mesh.pieces[1]], axis=0), [1, 2, 3])
    np.testing.assert_allclose(block(1, 0, 0).rotated("z", 90).vertices[:, 1].max(), 0.5)


def test_normals_point_outwards() -> None:
    mesh = turned([[(1.0, 0.0), (1.0, 2.0)]], 32)
    np.testing.assert_allclose(mesh.normals()[:, :2], mesh.vertices[:, :2], atol=0.04)
    np.testing.assert_allclose(mesh.normals()[:, 2], 0.0, atol=1e-12)


def test_a_rounded_rectangle_keeps_its_size() -> None:
    np.testing.assert_allclose(np.ptp(rounded_rectangle(3.0, 2.0, 0.4), axis=0), [3.0, 2.0])
