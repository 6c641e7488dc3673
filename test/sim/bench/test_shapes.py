from __future__ import annotations

import numpy as np
import pytest

from ssp_sam_ros.sim import words as simple
from ssp_sam_ros.sim.bench.geometry import silhouette_area
from ssp_sam_ros.sim.bench.shapes import make_shape
from ssp_sam_ros.sim.bench.words import DOUBTFUL, GROUPS, HELD_OUT_PAIRS, NOUNS, colours_of, materials_of
from ssp_sam_ros.sim.camera import Camera

VARIANTS = 8


@pytest.mark.parametrize("noun", NOUNS)
def test_shapes_stand_on_the_table_within_their_footprint(noun: str) -> None:
    for seed in range(VARIANTS):
        shape = make_shape(noun, 1.0, np.random.default_rng(seed))
        points = shape.vertices
        assert -0.004 < points[:, 2].min() < 0.006
        assert 0.03 < np.ptp(points, axis=0).max() < 0.3
        start, end, radius = shape.footprint()
        nearest = np.clip(points[:, 0], start, end)
        assert np.hypot(points[:, 0] - nearest, points[:, 1]).max() < 1.45 * radius
        if shape.support is not None:
            assert 0 < shape.support.height <= points[:, 2].max() + 1e-9
        for part in shape.parts:
            assert part.mesh.faces.min() >= 0 and part.mesh.faces.max() < len(part.mesh.vertices)
            assert np.isfinite(part.mesh.normals()).all()


@pytest.mark.parametrize("noun", NOUNS)
def test_a_scaled_shape_is_the_same_shape(noun: str) -> None:
    small, large = (make_shape(noun, scale, np.random.default_rng(1)) for scale in (0.7, 1.4))
    np.testing.assert_allclose(2 * small.vertices, large.vertices)
    np.testing.assert_allclose(2 * np.array(small.footprint()), large.footprint())


def test_variants_differ() -> None:
    for noun in NOUNS:
        extents = {
            tuple(np.round(np.ptp(make_shape(noun, 1.0, np.random.default_rng(seed)).vertices, axis=0), 5))
            for seed in range(VARIANTS)
        }
        assert len(extents) == VARIANTS, noun


def test_the_silhouette_of_a_box_is_its_area_and_does_not_end_at_the_border() -> None:
    shape = make_shape("box", 1.0, np.random.default_rng(0))
    above = Camera((0.0, 0.0, 0.0), 0.0, np.radians(90), 10.0, np.radians(4))
    x, y, _ = np.ptp(shape.vertices, axis=0)
    per_metre = 0.5 * 240 / np.tan(np.radians(2)) / 10.0
    inside = silhouette_area(shape, (0.0, 0.0, 0.0, 0.3), above, (320, 240))
    assert inside == pytest.approx(x * y * per_metre**2, rel=0.06)
    beyond = silhouette_area(shape, (0.0, 0.45, 0.0, 0.3), above, (320, 240))
    assert beyond == pytest.approx(inside, rel=0.05)


def test_words_agree_with_each_other() -> None:
    assert len(NOUNS) >= 25 and len(set(NOUNS)) == len(NOUNS)
    assert all(noun in NOUNS for nouns in GROUPS.values() for noun in nouns)
    for colour, noun in HELD_OUT_PAIRS:
        assert colour in colours_of(noun) and len(colours_of(noun)) > 2
        assert noun not in simple.NOUNS or colour not in simple.COLOURS  # which the simple world shows
    assert all(word in NOUNS or word in GROUPS for word in DOUBTFUL)
    assert all(noun in NOUNS for nouns in DOUBTFUL.values() for noun in nouns)
    assert ("orange" in colours_of("orange")) and "orange" not in colours_of("ball")
    assert all(materials_of(noun)[0] == "plain" for noun in NOUNS)
    kept_out = [colour for colour, _ in HELD_OUT_PAIRS]
    assert len({noun for _, noun in HELD_OUT_PAIRS}) == len(kept_out) >= 20
    assert len(set(kept_out)) >= 8
