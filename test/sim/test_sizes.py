"""Sizes that no scene fits into are refused, before layouts are drawn for ever."""

from __future__ import annotations

import pytest

from ssp_sam_ros.sim import Scene
from ssp_sam_ros.sim.bench import Bench
from ssp_sam_ros.sim.sizes import check_size
from ssp_sam_ros.sim.tabletop import Tabletop


@pytest.mark.parametrize("size", [(640, 480), (64, 48), (480, 640), (1920, 480)])
def test_usual_sizes(size: tuple[int, int]) -> None:
    check_size(size)


@pytest.mark.parametrize("world", [Tabletop, Bench])
@pytest.mark.parametrize(
    ("size", "why"), [((6, 6), "sides of 48 to 4096"), ((200, 640), "times as wide as high")]
)
def test_a_world_refuses_what_it_cannot_fill(
    world: type[Tabletop | Bench], size: tuple[int, int], why: str, scenes: list[Scene]
) -> None:
    stream = world(0, *size)
    try:
        with pytest.raises(ValueError, match=why):
            stream.scene()
    finally:
        stream.close()
