"""The functions of docs/planners.md, on messages made the way the node makes them."""

from __future__ import annotations

import math
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ssp_sam_ros.interface.image_codec import image_fields
from ssp_sam_ros.interface.label_image import label_image

PAGE = Path(__file__).resolve().parents[2] / "docs" / "planners.md"
INFO = SimpleNamespace(k=[400.0, 0.0, 160.0, 0.0, 420.0, 120.0, 0.0, 0.0, 1.0])


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """The names that the page's code defines."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), names)
    return names


def image(array: np.ndarray) -> SimpleNamespace:
    return SimpleNamespace(**image_fields(array))


@pytest.fixture
def mask() -> np.ndarray:
    """Two parts."""
    mask = np.zeros((240, 320), np.uint8)
    mask[10:20, 10:30] = 255
    mask[100:140, 200:210] = 255
    return mask


def test_contact_graspnet_input(page: dict[str, Any], mask: np.ndarray) -> None:
    depth = np.full(mask.shape, 750, np.uint16)
    depth[0] = 0
    given = page["contact_graspnet_input"](image(label_image(mask)), image(depth), INFO)
    np.testing.assert_array_equal(given["segmap"], mask // 255)
    assert given["depth"][5, 5] == pytest.approx(0.75)
    assert given["depth"][0, 0] == 0
    np.testing.assert_array_equal(given["K"], [[400, 0, 160], [0, 420, 120], [0, 0, 1]])
    second = page["contact_graspnet_input"](image(label_image(mask)), image(depth), INFO, part=2)
    assert second["segmap"].sum() == 400


def test_workspace_mask(page: dict[str, Any], mask: np.ndarray) -> None:
    np.testing.assert_array_equal(page["workspace_mask"](image(mask)), mask > 0)


def test_collision_box(page: dict[str, Any]) -> None:
    result = SimpleNamespace(
        depth_pixels=9,
        centroid=SimpleNamespace(x=0.1, y=0.2, z=0.9),
        extent=SimpleNamespace(x=0.05, y=0.1, z=0.02),
    )
    assert page["collision_box"](result) == ((0.1, 0.2, 0.9), (0.05, 0.1, 0.02))
    result.depth_pixels = 0
    with pytest.raises(ValueError, match="no depth"):
        page["collision_box"](result)


def test_servo_error(page: dict[str, Any]) -> None:
    centre = SimpleNamespace(position=SimpleNamespace(x=560.0, y=120.0))
    detection = SimpleNamespace(bbox=SimpleNamespace(center=centre))
    right, down = page["servo_error"](detection, INFO)
    assert (math.degrees(math.atan(right)), down) == (pytest.approx(45.0), 0.0)
