from __future__ import annotations

import pytest

from ssp_sam_ros.sim.graph import NO, UNCLEAR, YES, SceneGraph
from ssp_sam_ros.sim.scene import SceneObject


def seen(x: float, y: float, ground: tuple[float, float] = (0.0, 0.0), radius: float = 0.04) -> SceneObject:
    """An object at pixel (x, y) of a 320x240 picture, standing 5 pixels lower."""
    box = (int(x) - 8, int(y) - 8, int(x) + 8, int(y) + 8)
    return SceneObject("can", "red", "small", (*ground, 0.0), radius, 200, box, (x, y), (x, y + 5))


def graph(*objects: SceneObject) -> SceneGraph:
    return SceneGraph(objects, (320, 240))


@pytest.mark.parametrize(
    ("x", "left", "right"), [(60, YES, NO), (150, UNCLEAR, NO), (160, UNCLEAR, UNCLEAR), (260, NO, YES)]
)
def test_left_and_right_of_the_picture(x: float, left: int, right: int) -> None:
    g = graph(seen(x, 100))
    assert (g.place("left", 0), g.place("right", 0)) == (left, right)


@pytest.mark.parametrize(
    ("y", "front", "back"), [(200, YES, NO), (100, NO, UNCLEAR), (128, UNCLEAR, NO), (40, NO, YES)]
)
def test_front_and_back_of_the_picture(y: float, front: int, back: int) -> None:
    g = graph(seen(160, y))
    assert (g.place("front", 0), g.place("back", 0)) == (front, back)


@pytest.mark.parametrize(
    ("x", "y", "answer"), [(160, 120, YES), (205, 120, UNCLEAR), (160, 190, NO), (40, 120, NO)]
)
def test_the_middle(x: float, y: float, answer: int) -> None:
    assert graph(seen(x, y)).place("middle", 0) == answer


def test_relations_mirror_each_other() -> None:
    g = graph(seen(60, 120), seen(200, 125))
    assert g.related("left", 0, 1) == g.related("right", 1, 0) == YES
    assert g.related("left", 1, 0) == g.related("right", 0, 1) == NO
    deep = graph(seen(160, 60), seen(170, 150))
    assert deep.related("behind", 0, 1) == deep.related("front", 1, 0) == YES
    assert deep.related("behind", 1, 0) == NO


def test_a_mostly_diagonal_pair_is_not_called_left() -> None:
    assert graph(seen(100, 40), seen(140, 200)).related("left", 0, 1) == UNCLEAR


def test_a_little_to_the_left_is_unclear() -> None:
    assert graph(seen(100, 100), seen(112, 100)).related("left", 0, 1) == UNCLEAR


def test_next_to_counts_the_free_space_on_the_table() -> None:
    radius = 0.05
    for gap, answer in ((0.02, YES), (0.08, UNCLEAR), (0.30, NO)):
        g = graph(seen(100, 100, (0, 0), radius), seen(150, 100, (0.1 + gap, 0), radius))
        assert g.related("next", 0, 1) == g.related("next", 1, 0) == answer


def test_between() -> None:
    ends = seen(60, 100, (-0.2, 0.0)), seen(260, 100, (0.2, 0.0))
    for ground, answer in (((0, 0.02), YES), ((0.05, 0.12), UNCLEAR), ((0.0, 0.3), NO), ((0.5, 0.0), NO)):
        assert graph(seen(160, 100, ground), *ends).between(0, 1, 2) == answer


def test_between_two_things_on_one_spot_is_no() -> None:
    assert graph(seen(10, 10), seen(20, 20), seen(20, 20)).between(0, 1, 2) == NO
