"""Referring expressions for a scene, each checked against the scene graph to mean exactly its targets.

Pure Python and NumPy; nothing of MuJoCo is needed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .graph import EXTREMES, PLACES, RELATIONS, YES, SceneGraph
from .meaning import All, Between, Both, Compared, Extreme, Head, Meaning, One, Placed, Related
from .scene import SceneObject
from .wording import Speaker, Uniform, pick, vocabulary
from .words import COLOURS, NOUNS, SIZES

__all__ = ["COLOURS", "KINDS", "NOUNS", "SHARES", "SIZES", "Expression", "expressions", "vocabulary"]

KINDS = ("attribute", "place", "size", "relation", "several", "absent")
SHARES = {"attribute": 0.20, "place": 0.18, "size": 0.12, "relation": 0.20, "several": 0.15, "absent": 0.15}

# How often a sentence may say more than its noun and colour already do, where a plainer one is as good.
_KEEP_REDUNDANT = 0.3
_TRIES = 100


@dataclass(frozen=True)
class Expression:
    """A sentence, its kind (one of `KINDS`), and the indices of the objects it means; none for "absent".

    `meaning` can be asked again for another view of the same objects.
    """

    text: str
    kind: str
    targets: tuple[int, ...]
    meaning: Meaning


def expressions(
    objects: Sequence[SceneObject], image_size: tuple[int, int], rng: np.random.Generator, count: int
) -> list[Expression]:
    """Different sentences about these objects, their kinds drawn by `SHARES`.

    Args:
        objects: the visible objects of a scene.
        image_size: (width, height) in pixels.
        rng: one draw seeds all that is random here.
        count: how many sentences; fewer come back where so small a scene has no more.

    Raises:
        ValueError: no objects, or a negative count.
    """
    if not objects:
        raise ValueError("expressions() needs at least one object: a sentence about nothing has no contrast")
    if count < 0:
        raise ValueError(f"count must be 0 or more, not {count}")
    graph = SceneGraph(objects, image_size)
    uniform = random.Random(int(rng.integers(1 << 62))).random
    proposer, speaker = _Proposer(graph, uniform), Speaker(uniform)
    found: dict[str, Expression] = {}
    for _ in range(4 * count):
        if len(found) >= count:
            break
        kind = _draw_kind(uniform)
        proposal = proposer.propose(kind)
        if proposal is None:
            continue
        meaning, targets = proposal
        matching = len(meaning.head.matches(graph)) if isinstance(meaning, Compared) else len(targets)
        text = speaker.say(meaning, matching)
        found.setdefault(text, Expression(text, kind, targets, meaning))
    return list(found.values())


def _draw_kind(uniform: Uniform) -> str:
    chance = uniform()
    for kind, share in SHARES.items():
        chance -= share
        if chance < 0:
            return kind
    return KINDS[0]


class _Proposer:
    """Draws meanings of a wanted kind until one fits the scene."""

    def __init__(self, graph: SceneGraph, uniform: Uniform) -> None:
        self.graph, self.uniform = graph, uniform
        self.makers: dict[str, Callable[[SceneObject], Meaning | None]] = {
            "attribute": self._attribute,
            "place": self._place,
            "size": self._size,
            "relation": self._relation,
            "several": self._several,
            "absent": self._absent,
        }

    def propose(self, kind: str) -> tuple[Meaning, tuple[int, ...]] | None:
        """A meaning of this kind and its targets; None where `_TRIES` draws found none."""
        maker = self.makers[kind]
        for _ in range(_TRIES):
            meaning = maker(pick(self.graph.objects, self.uniform))
            if meaning is None:
                continue
            targets = meaning.targets(self.graph)
            if targets is None or (not targets) != (kind == "absent"):
                continue
            if kind in ("place", "size", "relation") and self._redundant(meaning):
                continue
            return meaning, targets
        return None

    def _redundant(self, meaning: Meaning) -> bool:
        """Whether the attributes alone would do, and this time that is not wanted."""
        if isinstance(meaning, Placed | Related | Between):
            head = meaning.head
        elif isinstance(meaning, One):
            head = replace(meaning.head, size=None)
        else:
            return False
        return len(head.matches(self.graph)) == 1 and self.uniform() > _KEEP_REDUNDANT

    def _attribute(self, item: SceneObject) -> Meaning:
        chance = self.uniform()
        if chance < 0.62:
            return One(Head(None, item.colour, item.noun))
        return One(Head(None, None, item.noun) if chance < 0.85 else Head(None, item.colour, None))

    def _place(self, item: SceneObject) -> Meaning:
        head = self._head(item, noun=0.50, colour_noun=0.22, colour=0.13)
        if self.uniform() < 0.5:
            return Placed(head, pick(PLACES, self.uniform))
        return Extreme(head, pick(EXTREMES, self.uniform))

    def _size(self, item: SceneObject) -> Meaning:
        chance = self.uniform()
        colour = item.colour if self.uniform() < 0.5 else None
        if chance < 0.68:
            return One(Head(item.size, colour, item.noun))
        return Compared(Head(None, colour, item.noun), item.size)

    def _relation(self, item: SceneObject) -> Meaning | None:
        graph, uniform = self.graph, self.uniform
        i = graph.objects.index(item)
        j = int(uniform() * len(graph))
        if i == j:
            return None
        head = self._head(item, noun=0.55, colour_noun=0.25, colour=0.05)
        anchor = self._anchor(graph.objects[j])
        if uniform() < 0.12 and len(graph) > 2:
            k = int(uniform() * len(graph))
            return (
                Between(head, anchor, self._anchor(graph.objects[k]))
                if graph.between(i, j, k) == YES
                else None
            )
        relation = pick(RELATIONS, uniform)
        return Related(head, relation, anchor) if graph.related(relation, i, j) == YES else None

    def _several(self, item: SceneObject) -> Meaning:
        chance, uniform = self.uniform(), self.uniform
        if chance < 0.36:
            other = pick(self.graph.objects, uniform)
            return Both(self._simple(item), self._simple(other))
        if chance < 0.40:
            return All(Head())
        size = item.size if uniform() < 0.2 else None
        form = uniform()
        if form < 0.45 or size:
            head = Head(size, None, item.noun)
        elif form < 0.75:
            head = Head(None, item.colour, None)
        else:
            head = Head(None, item.colour, item.noun)
        if chance < 0.86:
            return All(head)
        return All(head if uniform() < 0.5 else Head(), pick(PLACES, uniform))

    def _absent(self, item: SceneObject) -> Meaning | None:
        """Mostly hard ones: one thing changed about something that is there."""
        chance, uniform = self.uniform(), self.uniform
        if chance < 0.60:
            return One(self._changed(item))
        if chance < 0.68:
            return All(replace(self._changed(item), size=None))
        if chance < 0.80:
            return Placed(self._head(item, noun=0.4, colour_noun=0.4, colour=0.2), pick(PLACES, uniform))
        other = pick(self.graph.objects, uniform)
        if other is item:
            return None
        relation = pick(RELATIONS, uniform)
        if chance < 0.94:
            return Related(
                self._head(item, noun=0.5, colour_noun=0.4, colour=0.1), relation, self._anchor(other)
            )
        if chance < 0.97:
            return Related(self._changed(item), relation, self._anchor(other))
        return Related(self._simple(item), relation, self._changed(other))

    def _changed(self, item: SceneObject) -> Head:
        """A description that differs from the object in exactly one attribute."""
        chance, uniform = self.uniform(), self.uniform
        size = item.size if uniform() < 0.25 else None
        if chance < 0.42:
            return Head(size, pick([c for c in COLOURS if c != item.colour], uniform), item.noun)
        if chance < 0.72:
            return Head(size, item.colour, pick([n for n in NOUNS if n != item.noun], uniform))
        if chance < 0.90:
            other = SIZES[1 - SIZES.index(item.size)]
            return Head(other, item.colour if uniform() < 0.6 else None, item.noun)
        if chance < 0.96:
            return Head(None, None, pick([n for n in NOUNS if n != item.noun], uniform))
        return Head(None, pick([c for c in COLOURS if c != item.colour], uniform), None)

    def _head(self, item: SceneObject, noun: float, colour_noun: float, colour: float) -> Head:
        """Some of the object's attributes; the rest of the probability says only "object"."""
        chance = self.uniform()
        if chance < noun:
            return Head(None, None, item.noun)
        if chance < noun + colour_noun:
            return Head(None, item.colour, item.noun)
        return Head(None, item.colour, None) if chance < noun + colour_noun + colour else Head()

    def _simple(self, item: SceneObject) -> Head:
        return Head(None, item.colour if self.uniform() < 0.55 else None, item.noun)

    def _anchor(self, item: SceneObject) -> Head:
        chance = self.uniform()
        if chance < 0.5:
            return Head(None, None, item.noun)
        return Head(item.size if chance > 0.92 else None, item.colour, item.noun)
