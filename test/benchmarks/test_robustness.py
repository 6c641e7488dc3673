"""What is done to pictures, and to the truth along with them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from robustness import changes, scaled


@pytest.fixture
def picture() -> np.ndarray:
    """Red above, blue below, with an edge between them; RGB."""
    image = np.zeros((120, 160, 3), np.uint8)
    image[:60, :, 0], image[60:, :, 2] = 220, 220
    return image


def test_every_change_but_the_first_changes_and_keeps_the_form(picture: np.ndarray) -> None:
    for name, change in changes().items():
        changed = change(picture, np.random.default_rng(0))
        assert changed.shape == picture.shape and changed.dtype == np.uint8, name
        assert np.array_equal(changed, picture) == (name == "as rendered"), name


def test_jpeg_is_what_a_camera_would_write(picture: np.ndarray) -> None:
    _, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 10])
    wanted = cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    assert np.array_equal(changes()["JPEG, quality 10"](picture, np.random.default_rng(0)), wanted)


def test_truth_is_scaled_with_the_picture(picture: np.ndarray) -> None:
    truth = np.zeros((120, 160), bool)
    truth[28:88, 40:80] = True
    ((image, [(text, mask)]),) = scaled([(picture, [("the box", truth)])], 40)
    assert image.shape == (30, 40, 3) and text == "the box"
    assert mask.dtype == bool and mask.sum() * 16 == truth.sum()
