"""Charts put their points where the axes say."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest

from ssp_sam_training.report.svg import Axes, Line, chart


def test_corners_of_the_axes_are_corners_of_the_grid() -> None:
    axes = Axes("N-acc & more", "T-acc", (0.5, 1.0), (0.0, 2.0))
    root = ElementTree.fromstring(
        chart(axes, [Line("a<b", [(0.5, 0), (1, 2)]), Line("", [(0.75, 1)], False)])
    )
    grid = [one.attrib for one in root.iter("line")]
    left, right = (float(pick(float(one["x1"]) for one in grid)) for pick in (min, max))
    top, bottom = (float(pick(float(one["y1"]) for one in grid)) for pick in (min, max))
    (line,) = root.iter("polyline")
    points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
    assert points == [(left, bottom), (right, top)]
    (circle,) = root.iter("circle")
    assert float(circle.attrib["cx"]) == pytest.approx((left + right) / 2, abs=0.1)
    assert float(circle.attrib["cy"]) == pytest.approx((top + bottom) / 2, abs=0.1)
    texts = [one.text for one in root.iter("text")]
    assert "N-acc & more" in texts and "a<b" in texts and "0.75" not in texts and "0.7" in texts


def test_bars_stand_on_the_axis() -> None:
    svg = chart(Axes("x", "y"), [], bars=[(0.0, 0.5, 1.0), (0.5, 1.0, 0.0)])
    heights = [float(one) for one in re.findall(r'<rect [^>]*height="([\d.]+)" fill="#1f6feb"', svg)]
    assert heights[0] > 200 and heights[1] == 0
