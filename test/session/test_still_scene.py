from __future__ import annotations

import numpy as np
import pytest

from ssp_sam_ros.session.clock import SECOND
from ssp_sam_ros.session.still_scene import StillScene


@pytest.fixture
def scene() -> StillScene:
    scene = StillScene()
    scene.threshold = 4.0
    return scene


def picture(noise: int = 0, size: tuple[int, int] = (50, 70)) -> np.ndarray:
    rng = np.random.default_rng(noise)
    flat = np.full((*size, 3), 100, np.int16) + rng.integers(-noise, noise + 1, (*size, 3))
    return flat.astype(np.uint8)


def test_off_by_default() -> None:
    scene = StillScene()
    assert [scene.key("", picture(), stamp, stamp) for stamp in (1, 2)] == [1, 2]


def test_noise_is_no_change(scene: StillScene) -> None:
    assert [scene.key("", picture(noise), noise, f"key {noise}") for noise in (1, 2, 3)] == ["key 1"] * 3


@pytest.mark.parametrize("corner", [(0, 0), (34, 54), (20, 30)])
def test_a_small_thing_that_moves_is_a_change(scene: StillScene, corner: tuple[int, int]) -> None:
    assert scene.key("", picture(), 1, "a") == "a"
    moved = picture()
    moved[corner[0] : corner[0] + 16, corner[1] : corner[1] + 16] = 140
    assert scene.key("", moved, 2, "b") == "b"
    assert scene.key("", moved, 3, "c") == "b"


def test_an_embedding_gets_old(scene: StillScene) -> None:
    scene.max_age = 0.5
    keys = [scene.key("", picture(), round(t * SECOND), t) for t in (0.0, 0.4, 0.6, 1.0, 1.2)]
    assert keys == [0.0, 0.0, 0.6, 0.6, 1.2]


def test_time_that_jumps_back_and_another_size_start_anew(scene: StillScene) -> None:
    assert scene.key("", picture(), SECOND, "a") == "a"
    assert scene.key("", picture(), 0, "b") == "b"
    assert scene.key("", picture(size=(48, 64)), 1, "c") == "c"


def test_slow_drift_does_not_add_up_unseen(scene: StillScene) -> None:
    keys = [scene.key("", picture() + np.uint8(level), level, level) for level in range(0, 12, 3)]
    assert keys == [0, 0, 6, 6]


def test_cameras_are_apart(scene: StillScene) -> None:
    assert scene.key("left", picture(), 1, "l") == "l"
    assert scene.key("right", picture(), 1, "r") == "r"
