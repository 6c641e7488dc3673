from __future__ import annotations

import pytest

from ssp_sam_ros.sim.graph import SceneGraph
from ssp_sam_ros.sim.meaning import All, Between, Both, Compared, Extreme, Head, Meaning, One, Placed, Related
from ssp_sam_ros.sim.scene import SceneObject


def thing(name: str, x: float, foot: float) -> SceneObject:
    size, colour, noun = name.split()
    ground = ((x - 160) / 400, (foot - 120) / 250, 0.0)
    return SceneObject(noun, colour, size, ground, 0.04, 200, (0, 0, 9, 9), (x, foot - 8), (x, foot))


# 0 far left, 1 left and front, 2 middle, 3 right, 4 far right and back
SCENE = SceneGraph(
    [
        thing("small red mug", 30, 120),
        thing("large blue mug", 90, 200),
        thing("large red ball", 160, 120),
        thing("small green can", 230, 125),
        thing("large green mug", 290, 60),
    ],
    (320, 240),
)
MUG, BALL, CAN, PLATE = (Head(None, None, noun) for noun in ("mug", "ball", "can", "plate"))


@pytest.mark.parametrize(
    ("meaning", "targets"),
    [
        (One(Head(None, "red", "mug")), (0,)),
        (One(MUG), None),
        (One(Head(None, "red", "can")), ()),
        (One(Head("small", None, "mug")), (0,)),
        (One(Head("large", None, "mug")), None),
        (Placed(MUG, "right"), (4,)),
        (Placed(MUG, "left"), None),
        (Placed(BALL, "left"), None),
        (Placed(CAN, "left"), ()),
        (Extreme(MUG, "leftmost"), (0,)),
        (Extreme(MUG, "nearest"), (1,)),
        (Extreme(MUG, "farthest"), (4,)),
        (Extreme(BALL, "leftmost"), None),
        (Extreme(PLATE, "leftmost"), ()),
        (Extreme(Head(), "rightmost"), (4,)),
        (Compared(MUG, "small"), (0,)),
        (Compared(MUG, "large"), None),
        (Compared(BALL, "large"), None),
        (Compared(PLATE, "large"), ()),
        (Related(MUG, "left", BALL), None),
        (Related(Head(None, "red", "mug"), "left", BALL), (0,)),
        (Related(CAN, "left", BALL), ()),
        (Related(BALL, "left", CAN), (2,)),
        (Related(BALL, "left", MUG), None),
        (Related(BALL, "left", PLATE), ()),
        (Between(BALL, Head(None, "red", "mug"), CAN), (2,)),
        (Between(CAN, Head(None, "red", "mug"), BALL), ()),
        (Between(BALL, MUG, CAN), None),
        (Between(BALL, PLATE, CAN), ()),
        (All(MUG), (0, 1, 4)),
        (All(BALL), None),
        (All(PLATE), ()),
        (All(Head(None, "red", None)), (0, 2)),
        (All(Head()), (0, 1, 2, 3, 4)),
        (All(MUG, "left"), (0, 1)),
        (All(MUG, "right"), None),
        (All(Head(), "left"), None),
        (Both(BALL, CAN), (2, 3)),
        (Both(CAN, Head(None, "red", "mug")), (0, 3)),
        (Both(BALL, BALL), None),
        (Both(BALL, PLATE), None),
    ],
)
def test_targets(meaning: Meaning, targets: tuple[int, ...] | None) -> None:
    assert meaning.targets(SCENE) == targets


def test_an_object_is_not_related_to_itself() -> None:
    assert Related(Head(), "left", CAN).targets(SCENE) != (3,)
