"""What forms are built of: an object's own attributes, a short name for it, a relation in which it stands."""

from __future__ import annotations

from ..graph import YES
from ..wording import Uniform, pick
from .contrast import SIDES
from .evaluate import denotation
from .forms import Condition, Described, Form, Head, Holding, Only, Related
from .graph import BenchGraph
from .words import GROUPS, PLAIN


class Pieces:
    """Draws parts of forms that are true of the objects of a scene.

    Args:
        graph: the scene.
        uniform: source of random numbers in [0, 1).
    """

    def __init__(self, graph: BenchGraph, uniform: Uniform) -> None:
        """Note which objects may be spoken of."""
        self.graph, self.uniform = graph, uniform
        self.clear = [i for i, item in enumerate(graph.objects) if item.clear]
        self._unique: dict[int, tuple[Head, ...]] = {}

    def other(self, i: int) -> int:
        """Another clear object: half the time what this one is on or in, or holds, where there is any."""
        near = [
            k for k in self.clear if self.graph.objects[k].holder == i or self.graph.objects[i].holder == k
        ]
        if near and self.uniform() < 0.5:
            return pick(near, self.uniform)
        others = [k for k in self.clear if k != i]
        return pick(others, self.uniform) if others else i

    def true_relation(self, i: int, j: int) -> str | None:
        """A relation in which object i clearly stands to object j."""
        if i == j:
            return None
        found = [
            r for r in ("on", "in", "next", "next", "near", *SIDES) if self.graph.related(r, i, j) == YES
        ]
        return pick(found, self.uniform) if found else None

    def condition(self, i: int, held: bool = True) -> Condition | None:
        """A relation that holds between object i and something that can be named."""
        j = self.other(i)
        anchor = self.anchor(j)
        if anchor is None or j == i:
            return None
        if held and self.graph.objects[j].holder == i:
            return Holding(str(self.graph.objects[j].held), anchor)
        relation = self.true_relation(i, j)
        return Related(relation, anchor) if relation else None

    def anchor(self, i: int) -> Form | None:
        """A short description that object i alone fits."""
        if i not in self._unique:
            item = self.graph.objects[i]
            heads = [Head(item.noun), Head(item.noun, item.colour), Head(item.noun, item.colour, item.size)]
            heads += [Head(None, item.colour)] if self.uniform() < 0.1 else []
            heads += [Head(item.noun, None, None, item.material)] if item.material != PLAIN else []
            self._unique[i] = tuple(h for h in heads if denotation(Only(Described(h)), self.graph) == (i,))
        found = self._unique[i]
        return (
            Only(Described(found[min(int(self.uniform() ** 1.5 * len(found)), len(found) - 1)]))
            if found
            else None
        )

    def group(self, i: int) -> str | None:
        """The group that object i belongs to."""
        return next((group for group, nouns in GROUPS.items() if self.graph.objects[i].noun in nouns), None)

    def head(self, i: int) -> Head:
        """Some of the object's attributes, few enough that other objects share them."""
        item, chance = self.graph.objects[i], self.uniform()
        group = self.group(i)
        if chance < 0.55:
            return Head(item.noun)
        if chance < 0.72:
            return Head(item.noun, item.colour)
        if chance < 0.80 and group:
            return Head(group)
        return Head(None, item.colour) if chance < 0.88 else Head()

    def wide_head(self, i: int) -> Head:
        """Something that object i is likely to have in common with others."""
        item, chance = self.graph.objects[i], self.uniform()
        if chance < 0.45:
            return Head(item.noun)
        if chance < 0.70:
            return Head(None, item.colour)
        if chance < 0.78 and item.material != PLAIN:
            return Head(item.noun, None, None, item.material)
        group = self.group(i)
        return Head(group) if group else Head(item.noun, item.colour)
