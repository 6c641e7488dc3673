from __future__ import annotations

import pytest

from ssp_sam_ros.sim.bench.evaluate import ambiguous, denotation
from ssp_sam_ros.sim.bench.forms import (
    All,
    Between,
    Closest,
    Compared,
    Described,
    Extreme,
    Form,
    Head,
    Holding,
    Not,
    Only,
    Ordinal,
    Place,
    Related,
    Together,
    heads_of,
)  # fmt: skip
from ssp_sam_ros.sim.bench.graph import BenchGraph
from ssp_sam_ros.sim.bench.mentions import mentions
from ssp_sam_ros.sim.bench.scene import BenchObject


def thing(
    name: str, x: float, foot: float, holder: int | None = None, clear: bool = True, also: str | None = None
) -> BenchObject:
    """Something at a picture column and row, on a table of 400 and 250 pixels a metre."""
    size, colour, material, noun = name.split()
    ground = ((x - 160) / 400, (foot - 120) / 250)
    return BenchObject(
        noun, colour, size, (*ground, 0.0), 0.03, 200, (0, 0, 9, 9), (x, foot - 8), (x, foot),
        material=material, share=1.0, clear=clear, ends=(ground, ground), holder=holder,
        held=None if holder is None else "on", also=() if also is None else (also,),
    )  # fmt: skip


# 0 far left, 1 left and front, 2 middle, 3 right, 4 far right and back, 5 an apple on the plate 2
OBJECTS = [
    thing("small red plain mug", 30, 120),
    thing("large blue metal mug", 90, 210),
    thing("large red plain plate", 160, 120),
    thing("small green plain can", 230, 125),
    thing("large green plain mug", 290, 40),
    thing("small green plain apple", 161, 120, holder=2),
]
SCENE = BenchGraph(OBJECTS, (320, 240))
MUG, PLATE, CAN, APPLE, FORK = (Described(Head(noun)) for noun in ("mug", "plate", "can", "apple", "fork"))
THE_MUG, THE_PLATE, THE_CAN, THE_APPLE, THE_FORK = (Only(d) for d in (MUG, PLATE, CAN, APPLE, FORK))
RED_MUG = Only(Described(Head("mug", "red")))


def those(head: Head, *conditions: object) -> Described:
    return Described(head, conditions)  # type: ignore[arg-type]


UNDER_APPLE = Only(those(Head("plate"), Holding("on", THE_APPLE)))


@pytest.mark.parametrize(
    ("form", "targets"),
    [
        (RED_MUG, (0,)),
        (THE_MUG, None),
        (THE_FORK, ()),
        (Only(Described(Head("mug", None, None, "metal"))), (1,)),
        (Only(Described(Head("fruit"))), (5,)),
        (Only(Described(Head("cup"))), None),  # some would call a mug a cup
        (Only(Described(Head("cup", "yellow"))), ()),
        (Only(Described(Head("mug", None, "small"))), (0,)),
        (Only(Described(Head("plate", None, "large"))), (2,)),
        (Only(Described(Head("plate", None, "small"))), None),  # nothing to compare it with
        (Only(those(Head("mug"), Place("right"))), (4,)),
        (Only(those(Head("mug"), Place("left"))), None),
        (Only(those(Head("can"), Place("left"))), ()),
        (Only(those(Head("plate"), Place("left"))), None),
        (Extreme(MUG, "leftmost"), (0,)),
        (Extreme(MUG, "nearest"), (1,)),
        (Extreme(PLATE, "nearest"), None),
        (Ordinal(MUG, 2, "leftmost"), (1,)),
        (Ordinal(MUG, 3, "leftmost"), (4,)),
        (Ordinal(MUG, 4, "leftmost"), ()),
        (Ordinal(MUG, 1, "rightmost"), (4,)),
        (Ordinal(PLATE, 1, "rightmost"), None),
        (Ordinal(Described(Head()), 3, "leftmost"), None),  # apple and plate are in one place
        (Compared(MUG, "small"), (0,)),
        (Compared(MUG, "large"), None),
        (Compared(Described(Head()), "small"), None),
        (Only(those(Head("mug"), Related("left", THE_PLATE))), None),
        (Only(those(Head("mug", "red"), Related("left", THE_PLATE))), (0,)),
        (Only(those(Head("can"), Related("left", THE_PLATE))), ()),
        (Only(those(Head("can"), Related("left", THE_FORK))), ()),
        (Only(those(Head("can"), Related("left", THE_MUG))), None),
        (Only(those(Head(), Related("on", THE_PLATE))), (5,)),
        (Only(those(Head("apple"), Related("in", THE_PLATE))), None),  # the wrong word for what is so
        (Only(those(Head("can"), Related("in", THE_PLATE))), ()),
        (Only(those(Head("apple"), Related("left", THE_PLATE))), None),
        (Only(those(Head("plate"), Holding("on", THE_APPLE))), (2,)),
        (Only(those(Head("plate"), Holding("on", THE_CAN))), ()),
        (Only(those(Head("mug"), Not(Head(colour="red")))), None),
        (Only(those(Head(None, "red"), Not(Head("mug")))), (2,)),
        (Only(those(Head("mug"), Not(Place("left")))), (4,)),
        (Only(those(Head("apple"), Not(Related("on", THE_PLATE)))), ()),
        (Only(those(Head("plate"), Not(Related("next", THE_PLATE)))), ()),  # not the plate itself
        (Only(those(Head("mug"), Not(Related("next", RED_MUG)))), None),
        (Only(those(Head("can"), Not(Related("next", RED_MUG)))), (3,)),
        (All(those(Head("mug"), Not(Head(colour="red")))), (1, 4)),
        (All(MUG), (0, 1, 4)),
        (All(MUG, 3), (0, 1, 4)),
        (All(MUG, 2), None),
        (All(PLATE), None),
        (All(FORK), ()),
        (Closest(MUG, THE_FORK), ()),
        (Closest(MUG, THE_CAN), (4,)),
        (Closest(Described(Head(None, "green")), THE_PLATE), None),
        (Closest(Described(Head(None, "green")), RED_MUG), (5,)),
        (Between(PLATE, RED_MUG, THE_CAN), (2,)),
        (Between(CAN, RED_MUG, THE_PLATE), ()),
        (Together((RED_MUG, THE_CAN)), (0, 3)),
        (Together((RED_MUG, THE_FORK)), None),
        (Together((RED_MUG, RED_MUG)), None),
        (Only(those(Head("can"), Related("right", UNDER_APPLE))), (3,)),
    ],
)  # fmt: skip
def test_denotation(form: Form, targets: tuple[int, ...] | None) -> None:
    assert denotation(form, SCENE) == targets


def test_of_two_on_one_side_one_may_still_be_the_right_one() -> None:
    graph = BenchGraph([OBJECTS[0], OBJECTS[1], OBJECTS[3]], (320, 240))
    assert denotation(Only(those(Head("mug"), Place("right"))), graph) is None
    assert denotation(Only(those(Head("mug", "red"), Place("right"))), graph) == ()
    assert denotation(All(those(Head("mug"), Place("right"))), graph) == ()
    assert denotation(Only(those(Head("mug"), Place("middle"))), graph) == ()


def test_a_large_part_of_another_colour_is_neither_here_nor_there() -> None:
    phones = [thing("small red plain phone", 40, 120, also="black"), thing("small blue plain fork", 200, 60)]
    graph = BenchGraph(phones, (320, 240))
    assert denotation(Only(Described(Head("phone", "red"))), graph) == (0,)
    assert denotation(Only(Described(Head("phone", "black"))), graph) is None
    assert denotation(Only(Described(Head("phone", "white"))), graph) == ()
    assert denotation(Only(those(Head("phone"), Not(Head(colour="black")))), graph) is None
    blade = BenchGraph([thing("small red plain knife", 40, 120, also="silver"), phones[1]], (320, 240))
    assert denotation(Only(Described(Head("knife", None, None, "metal"))), blade) is None
    assert denotation(Only(Described(Head("fork", None, None, "metal"))), blade) == ()


def test_near_reaches_farther_than_next_to_and_neither_from_shelf_to_table() -> None:
    # 400 pixels a metre, footprints of 3 cm radius: the can is 1 cm, the fork 14 cm and the pen 30 cm away
    things = [
        thing("small red plain plate", 60, 120), thing("small red plain can", 88, 120),
        thing("small red plain fork", 140, 120), thing("small red plain pen", 204, 120),
    ]  # fmt: skip
    graph = BenchGraph(things, (320, 240))
    assert [graph.related("next", i, 0) for i in (1, 2, 3)] == [1, -1, -1]
    assert [graph.related("near", i, 0) for i in (1, 2, 3)] == [1, 0, -1]
    held = BenchGraph([*things, thing("small green plain apple", 60, 120, holder=0)], (320, 240))
    assert [held.related("next", i, 4) for i in (0, 1, 2)] == [0, 0, -1]


def test_nothing_depends_on_what_is_badly_seen() -> None:
    scene = BenchGraph([*OBJECTS, thing("small red plain mug", 300, 200, clear=False)], (320, 240))
    assert denotation(RED_MUG, scene) is None
    assert denotation(THE_CAN, scene) is None  # it might be one
    assert denotation(Only(Described(Head("can", "green"))), scene) == (3,)  # but not a green one
    assert denotation(Only(Described(Head("can", "blue"))), scene) == ()
    assert denotation(All(MUG), scene) is None
    assert denotation(Only(those(Head("can", "green"), Related("right", RED_MUG))), scene) is None


def test_a_second_reading_that_means_something_else_is_noticed() -> None:
    # "all the blue mugs left of the plate in front of the can": the plate, or the mugs, in front of the can?
    plate, can = thing("small red plain plate", 160, 160), thing("small red plain can", 230, 60)
    near = [thing("small blue plain mug", 100, 200), thing("large blue plain mug", 70, 215)]
    in_front = Related("front", THE_CAN)
    form = All(those(Head("mug", "blue"), Related("left", Only(those(Head("plate"), in_front)))))
    second = All(those(Head("mug", "blue"), Related("left", THE_PLATE), in_front))
    alike = BenchGraph([plate, can, *near], (320, 240))
    assert denotation(form, alike) == denotation(second, alike) == (2, 3)
    assert not ambiguous(form, (2, 3), alike)
    differ = BenchGraph([plate, can, *near, thing("small blue plain mug", 60, 50)], (320, 240))
    assert (denotation(form, differ), denotation(second, differ)) == ((2, 3, 4), (2, 3))
    assert ambiguous(form, (2, 3, 4), differ)
    assert ambiguous(Together((form, THE_CAN)), (1, 2, 3, 4), differ)


def test_what_is_absent_in_one_reading_alone_is_noticed() -> None:
    # "the mug left of the plate behind the can": no plate is behind the can, but a mug is
    objects = [
        thing("small red plain plate", 300, 100), thing("small red plain can", 210, 90),
        thing("small blue plain mug", 200, 30),
    ]  # fmt: skip
    graph = BenchGraph(objects, (320, 240))
    behind = Related("behind", THE_CAN)
    form = Only(those(Head("mug"), Related("left", Only(those(Head("plate"), behind)))))
    assert denotation(form, graph) == ()
    assert denotation(Only(those(Head("mug"), Related("left", THE_PLATE), behind)), graph) == (2,)
    assert ambiguous(form, (), graph)


def test_every_head_is_found() -> None:
    form = Between(
        those(Head("mug"), Not(Head(colour="red"))),
        THE_CAN,
        Only(those(Head("plate"), Holding("on", THE_APPLE))),
    )
    assert heads_of(form) == (Head("mug"), Head(colour="red"), Head("can"), Head("plate"), Head("apple"))


LEFT_OF_CAN = Only(those(Head("plate"), Related("left", THE_CAN)))


@pytest.mark.parametrize(
    ("form", "candidates", "anchors", "further"),
    [
        (Only(those(Head("mug"), Related("left", THE_PLATE))), (0, 1, 4), (2,), ()),
        (Only(those(Head("apple"), Related("left", THE_FORK))), (5,), (), ()),  # no such anchor
        (Only(those(Head("mug", "red"), Not(Related("left", THE_CAN)))), (0,), (3,), ()),
        (Only(those(Head("mug"), Related("behind", LEFT_OF_CAN))), (0, 1, 4), (2,), (3,)),
        (UNDER_APPLE, (2,), (5,), ()),
        (Only(those(Head("mug"), Not(Head(colour="red")))), (0, 1, 4), (), ()),
        (Closest(MUG, THE_APPLE), (0, 1, 4), (5,), ()),
        (Between(APPLE, THE_CAN, RED_MUG), (5,), (0, 3), ()),
        (Together((THE_APPLE, Only(those(Head("can"), Related("left", RED_MUG))))), (3, 5), (0,), ()),
        (Ordinal(MUG, 2, "leftmost"), (0, 1, 4), (), ()),
        (Only(those(Head(colour="yellow"))), (), (), ()),
    ],
)
def test_what_a_form_mentions(form: Form, candidates: object, anchors: object, further: object) -> None:
    assert mentions(form, SCENE) == (candidates, anchors, further)
