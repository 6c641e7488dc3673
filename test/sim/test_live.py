from __future__ import annotations

import numpy as np
import pytest

from ssp_sam_ros.sim import LiveTabletop, Scene
from ssp_sam_ros.sim.live import PERIOD

pytestmark = pytest.mark.sim


def test_one_scene_under_a_moving_camera(scenes: list[Scene]) -> None:
    live = LiveTabletop(3, 320, 240)
    try:
        views = [live.render(t) for t in (0.0, 4.0, 10.0, PERIOD)]
    finally:
        live.close()
    names = [(o.noun, o.colour, o.size, o.position) for o in views[0].objects]
    assert 6 <= len(names) <= 7
    for view in views:
        assert [(o.noun, o.colour, o.size, o.position) for o in view.objects] == names
        assert all(o.pixels > 60 for o in view.objects)
        assert all(min(o.bbox[:2]) > 0 and o.bbox[2] < 320 and o.bbox[3] < 240 for o in view.objects)
    moved = [
        abs(a.centroid[0] - b.centroid[0]) for a, b in zip(views[0].objects, views[1].objects, strict=True)
    ]
    assert max(moved) > 2
    np.testing.assert_array_equal(views[0].labels, views[3].labels)
