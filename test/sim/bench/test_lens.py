from __future__ import annotations

import numpy as np
import pytest

from ssp_sam_ros.sim.bench.lens import Lens, random_lens

SIZE = (320, 240)


@pytest.mark.parametrize("k1", [-0.08, -0.03, 0.0, 0.05, 0.08])
def test_a_point_is_where_its_label_is(k1: float) -> None:
    lens = Lens(k1, SIZE)
    for x, y in [(160, 120), (40, 30), (300, 200), (159, 12), (20, 120)]:
        labels = np.zeros((240, 320), np.uint8)
        labels[y - 4 : y + 5, x - 4 : x + 5] = 7
        rows, columns = np.nonzero(lens.labels(labels) == 7)
        assert lens.point(np.array([x, y])) == pytest.approx((columns.mean(), rows.mean()), abs=0.5)


@pytest.mark.parametrize("k1", [-0.08, 0.06])
def test_picture_and_labels_are_bent_alike(k1: float) -> None:
    lens = Lens(k1, SIZE)
    labels = np.kron(np.indices((12, 16)).sum(0) % 2, np.ones((20, 20))).astype(np.uint8)
    image = np.repeat(labels[..., None] * np.uint8(200), 3, 2)
    assert ((lens.picture(image)[..., 0] > 100) == lens.labels(labels)).mean() > 0.99
    assert (lens.labels(labels) != labels).mean() > 0.1


@pytest.mark.parametrize("k1", [-0.08, 0.08])
def test_what_is_kept_is_what_is_shown(k1: float) -> None:
    lens, rng = Lens(k1, SIZE), np.random.default_rng(2)
    assert 0.85 < lens.kept.mean() < 0.96
    for x, y in rng.integers((0, 0), SIZE, (400, 2)):
        seen = lens.point(np.array([x, y]))
        if min(*seen, *(np.array(SIZE) - 1 - seen)) > 1:
            assert lens.kept[y, x]
        elif (seen < -1).any() or (seen > np.array(SIZE)).any():
            assert not lens.kept[y, x]


def test_without_distortion_nothing_changes() -> None:
    lens, rng = Lens(0.0, SIZE), np.random.default_rng(0)
    image = rng.integers(0, 255, (240, 320, 3), dtype=np.uint8)
    np.testing.assert_array_equal(lens.picture(image), image)
    assert lens.kept.all()


def test_every_second_scene_has_a_lens_that_bends() -> None:
    rng = np.random.default_rng(1)
    lenses = [random_lens((32, 24), rng) for _ in range(200)]
    bent = [lens.k1 for lens in lenses if lens is not None]
    assert 70 < len(bent) < 130 and max(map(abs, bent)) <= 0.08 and min(bent) < 0 < max(bent)
