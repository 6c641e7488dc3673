"""What a sentence means, apart from its words: which objects of a scene it picks, or that this is unclear.

`targets(graph)` returns the indices of the objects meant, () where the scene clearly holds none, and None
where the description does not fit the scene (two objects match a singular, a relation is not clear, ...).
Sentences whose meaning gives None are never used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .graph import NO, UNCLEAR, YES, SceneGraph

Targets = tuple[int, ...]


class Meaning(Protocol):
    """Anything that picks objects out of a scene."""

    def targets(self, graph: SceneGraph) -> Targets | None:
        """Indices meant, () for clearly none, None for a description that does not fit."""


@dataclass(frozen=True, slots=True)
class Head:
    """Attributes of the object looked for; None leaves one open. The noun None is said "object"."""

    size: str | None = None
    colour: str | None = None
    noun: str | None = None

    def matches(self, graph: SceneGraph) -> list[int]:
        """Indices of the objects that have all these attributes."""
        size, colour, noun = self.size, self.colour, self.noun
        return [
            i
            for i, o in enumerate(graph.objects)
            if (noun is None or o.noun == noun)
            and (colour is None or o.colour == colour)
            and (size is None or o.size == size)
        ]


def _the_one(answers: list[tuple[int, int]]) -> Targets | None:
    """The only index answered YES; () when all are NO; None with two, or with anything unclear."""
    picked = [i for i, answer in answers if answer == YES]
    if len(picked) > 1 or any(answer == UNCLEAR for _, answer in answers):
        return None
    return tuple(picked)


@dataclass(frozen=True, slots=True)
class One:
    """The one object with these attributes."""

    head: Head

    def targets(self, graph: SceneGraph) -> Targets | None:
        """See `Meaning`."""
        return _the_one([(i, YES) for i in self.head.matches(graph)])


@dataclass(frozen=True, slots=True)
class Placed:
    """The one object with these attributes in a part of the picture (`graph.PLACES`)."""

    head: Head
    place: str

    def targets(self, graph: SceneGraph) -> Targets | None:
        """See `Meaning`."""
        return _the_one([(i, graph.place(self.place, i)) for i in self.head.matches(graph)])


@dataclass(frozen=True, slots=True)
class Extreme:
    """Of two or more objects with these attributes, the one farthest to a side (`graph.EXTREMES`)."""

    head: Head
    which: str

    def targets(self, graph: SceneGraph) -> Targets | None:
        """See `Meaning`."""
        found = self.head.matches(graph)
        if len(found) < 2:
            return () if not found else None
        ranked = sorted(((*graph.score(self.which, i), i) for i in found), reverse=True)
        return (ranked[0][2],) if ranked[0][0] - ranked[1][0] > ranked[0][1] else None


@dataclass(frozen=True, slots=True)
class Compared:
    """Of two or more objects with these attributes, the only one of this size; `head.size` is None."""

    head: Head
    size: str

    def targets(self, graph: SceneGraph) -> Targets | None:
        """See `Meaning`."""
        found = self.head.matches(graph)
        if not found:
            return ()
        picked = tuple(i for i in found if graph.objects[i].size == self.size)
        return picked if len(found) > 1 and len(picked) == 1 else None


@dataclass(frozen=True, slots=True)
class Related:
    """The one object with these attributes in a relation (`graph.RELATIONS`) to the one anchor."""

    head: Head
    relation: str
    anchor: Head

    def targets(self, graph: SceneGraph) -> Targets | None:
        """See `Meaning`; without an anchor in the scene there is clearly none."""
        anchors = self.anchor.matches(graph)
        if len(anchors) != 1:
            return () if not anchors else None
        j = anchors[0]
        return _the_one([(i, graph.related(self.relation, i, j)) for i in self.head.matches(graph) if i != j])


@dataclass(frozen=True, slots=True)
class Between:
    """The one object with these attributes between the two anchors."""

    head: Head
    first: Head
    second: Head

    def targets(self, graph: SceneGraph) -> Targets | None:
        """See `Meaning`."""
        first, second = self.first.matches(graph), self.second.matches(graph)
        if len(first) != 1 or len(second) != 1 or first == second:
            return () if not first or not second else None
        j, k = first[0], second[0]
        return _the_one([(i, graph.between(i, j, k)) for i in self.head.matches(graph) if i not in (j, k)])


@dataclass(frozen=True, slots=True)
class All:
    """All objects with these attributes, two at least; in one part of the picture where `place` is given."""

    head: Head
    place: str | None = None

    def targets(self, graph: SceneGraph) -> Targets | None:
        """See `Meaning`."""
        found = self.head.matches(graph)
        if self.place is not None:
            answers = [graph.place(self.place, i) for i in found]
            if UNCLEAR in answers:
                return None
            found = [i for i, answer in zip(found, answers, strict=True) if answer != NO]
        return tuple(found) if len(found) != 1 else None


@dataclass(frozen=True, slots=True)
class Both:
    """Two objects, each the only one of its description."""

    first: Head
    second: Head

    def targets(self, graph: SceneGraph) -> Targets | None:
        """See `Meaning`; unclear as soon as one of the two is missing."""
        first, second = self.first.matches(graph), self.second.matches(graph)
        if len(first) != 1 or len(second) != 1 or first == second:
            return None
        return tuple(sorted((first[0], second[0])))
