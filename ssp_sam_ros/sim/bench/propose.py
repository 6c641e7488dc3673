"""Logical forms of a wanted kind, drawn around the objects of a scene."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from ..graph import EXTREMES, PLACES
from ..wording import Uniform, pick
from .contrast import SIDES, changed
from .evaluate import Targets, ambiguous, denotation
from .forms import (
    All,
    Between,
    Closest,
    Compared,
    Described,
    Extreme,
    Form,
    Head,
    Not,
    Only,
    Ordinal,
    Place,
    Related,
    Together,
    heads_of,
)  # fmt: skip
from .graph import BenchGraph
from .pieces import Pieces
from .words import PLAIN

KINDS = (
    "attribute", "place", "size", "relation", "two_step", "ordinal", "negation", "several", "absent"
)  # fmt: skip
# Of which kinds the sentences about what is not there are made, by changing one thing.
ABSENT_SHARES = {
    "attribute": 4 / 12, "place": 1 / 12, "size": 1 / 12, "relation": 2 / 12, "two_step": 1 / 12,
    "ordinal": 1 / 12, "negation": 1 / 12, "several": 1 / 12,
}  # fmt: skip
_TRIES = 40
_KEEP_REDUNDANT = 0.2
# Nouns that things are put on or into: of these one says what is not there.
_HOLDERS = {
    "plate": ("on", "on", "next"),
    "bowl": ("in", "in", "next"),
    "pan": ("in", "in", "next"),
    "book": ("on", "next"),
}


def drawn_kind(chance: float, shares: Mapping[str, float]) -> str:
    """The kind that a number in [0, 1) stands for, where `shares` add up to one."""
    for kind, share in shares.items():
        chance -= share
        if chance < 0:
            return kind
    return next(kind for kind, share in shares.items() if share > 0)


class Proposer(Pieces):
    """Draws forms of a wanted kind until one means something clear in the scene.

    Args:
        graph: the scene.
        uniform: source of random numbers in [0, 1).
        conjunctions: also join two relations by "and", which training data never does.
        absent: shares of the kinds that absent ones are made of.
    """

    def __init__(
        self,
        graph: BenchGraph,
        uniform: Uniform,
        conjunctions: bool = False,
        absent: Mapping[str, float] = ABSENT_SHARES,
    ) -> None:
        """Note what to draw from."""
        super().__init__(graph, uniform)
        self.conjunctions, self.absent = conjunctions, absent
        self._makers: dict[str, Callable[[int], Form | None]] = {
            "attribute": self._attribute,
            "place": self._place,
            "size": self._size,
            "relation": self._relation,
            "two_step": self._two_step,
            "ordinal": self._ordinal,
            "negation": self._negation,
            "several": self._several,
        }

    def propose(self, kind: str) -> tuple[Form, Targets] | None:
        """A form of this kind and its targets; None where `_TRIES` draws found none."""
        for _ in range(_TRIES):
            form = self._draw(kind)
            if form is None:
                continue
            if any(head.noun == head.colour for head in heads_of(form) if head.noun):
                continue  # "the orange orange"
            targets = denotation(form, self.graph)
            if targets is None or (not targets) != (kind == "absent"):
                continue
            if ambiguous(form, targets, self.graph) or self._redundant(form, kind, targets):
                continue
            return form, targets
        return None

    def _draw(self, kind: str) -> Form | None:
        if kind != "absent":
            return self._makers[kind](pick(self.clear, self.uniform))
        base = drawn_kind(self.uniform(), self.absent)
        form = self._makers[base](pick(self.clear, self.uniform))
        return None if form is None else changed(form, self.graph, self.uniform)

    def _redundant(self, form: Form, kind: str, targets: Targets) -> bool:
        """Whether the attributes alone would do, and this time that is not wanted."""
        if kind in ("attribute", "absent") or isinstance(form, Together):
            return False
        if isinstance(form, All):
            rest = denotation(All(Described(form.what.head)), self.graph)
            return bool(form.what.conditions) and rest == targets
        head = form.what.head
        if isinstance(form, Only) and not form.what.conditions:
            head = replace(head, size=None)
        plain = denotation(Only(Described(head)), self.graph)
        # "not" always speaks against another one; the rest may say more than it must
        return plain == targets and (kind == "negation" or self.uniform() > _KEEP_REDUNDANT)

    # one maker a kind

    def _attribute(self, i: int) -> Form:
        item, chance = self.graph.objects[i], self.uniform()
        if chance < 0.42:
            return Only(Described(Head(item.noun, item.colour)))
        if chance < 0.60:
            return Only(Described(Head(item.noun)))
        if chance < 0.68:
            return Only(Described(Head(None, item.colour)))
        group = self.group(i)
        if group and chance < 0.84:
            return Only(Described(Head(group, item.colour if self.uniform() < 0.4 else None)))
        material = item.material if item.material != PLAIN else None
        if material is None:
            return Only(Described(Head(item.noun, item.colour)))
        return Only(
            Described(Head(item.noun, item.colour if self.uniform() < 0.35 else None, None, material))
        )

    def _place(self, i: int) -> Form:
        what = Described(self.head(i))
        if self.uniform() < 0.5:
            return Only(Described(what.head, (Place(pick(PLACES, self.uniform)),)))
        return Extreme(what, pick(EXTREMES, self.uniform))

    def _size(self, i: int) -> Form:
        item = self.graph.objects[i]
        colour = item.colour if self.uniform() < 0.4 else None
        if self.uniform() < 0.6:
            return Only(Described(Head(item.noun, colour, item.size)))
        return Compared(Described(Head(item.noun, colour)), item.size)

    def _relation(self, i: int) -> Form | None:
        what, chance = Described(self.head(i)), self.uniform()
        if chance < 0.10:
            anchor = self.anchor(self.other(i))
            return Closest(what, anchor) if anchor else None
        if chance < 0.20:
            first, second = self.anchor(self.other(i)), self.anchor(self.other(i))
            return Between(what, first, second) if first and second else None
        condition = self.condition(i)
        return Only(Described(what.head, (condition,))) if condition else None

    def _two_step(self, i: int) -> Form | None:
        """A relation to something that is itself described by a relation, a place or its size."""
        head = self.head(i)
        if self.conjunctions and self.uniform() < 0.4:
            pair = (self.condition(i, held=False), self.condition(i, held=False))
            if pair[0] and pair[1] and pair[0] != pair[1]:
                return Only(Described(head, (pair[0], pair[1])))
            return None
        j = self.other(i)
        relation = self.true_relation(i, j)
        if relation is None:
            return None
        chance, anchor_head = self.uniform(), self.head(j)
        if chance < 0.62:
            condition = self.condition(j)
            anchor: Form | None = Only(Described(anchor_head, (condition,))) if condition else None
        elif chance < 0.74:
            anchor = Only(Described(anchor_head, (Place(pick(PLACES, self.uniform)),)))
        elif chance < 0.88:
            anchor = Extreme(Described(anchor_head), pick(EXTREMES, self.uniform))
        else:
            item = self.graph.objects[j]
            anchor = Compared(Described(Head(item.noun)), item.size)
        return Only(Described(head, (Related(relation, anchor),))) if anchor else None

    def _ordinal(self, i: int) -> Form | None:
        head = self.head(i)
        found = denotation(All(Described(head)), self.graph) or ()
        if len(found) < 2:
            return None
        which = pick(EXTREMES, self.uniform)
        first = 1 if which in ("leftmost", "rightmost") else 2  # nobody says "the first nearest"
        number = first + int(self.uniform() * (min(len(found), 5) + 1 - first))
        return Ordinal(Described(head), number, which)

    def _negation(self, i: int) -> Form | None:
        item, chance = self.graph.objects[i], self.uniform()
        other = self.graph.objects[self.other(i)]
        head = Head(item.noun)
        if chance < 0.52:
            return Only(Described(head, (Not(Head(colour=other.colour)),)))
        if chance < 0.66:
            group = self.group(i)
            wider = Head(group) if group and self.uniform() < 0.5 else Head(None, item.colour)
            return Only(Described(wider, (Not(Head(noun=other.noun)),)))
        if chance < 0.74:
            material = other.material if other.material != PLAIN else None
            return Only(Described(head, (Not(Head(material=material)),))) if material else None
        if self.uniform() < 0.3:
            head = Head(item.noun, item.colour)
        if chance < 0.87:
            return Only(Described(head, (Not(Place(pick(PLACES, self.uniform))),)))
        j = self.other(i)
        anchor, holds = self.anchor(j), self.graph.objects[j].noun in _HOLDERS
        relation = pick(
            _HOLDERS[self.graph.objects[j].noun] if holds else ("next", "near", *SIDES), self.uniform
        )
        return Only(Described(head, (Not(Related(relation, anchor)),))) if anchor else None

    def _several(self, i: int) -> Form | None:
        chance = self.uniform()
        if chance < 0.30:
            return self._together(i, 3 if self.uniform() < 0.25 else 2)
        if chance < 0.32:
            return All(Described(Head()))
        what = Described(self.wide_head(i))
        if chance < 0.62:
            found = denotation(All(what), self.graph) or ()
            return All(what, len(found) if 2 <= len(found) <= 5 and self.uniform() < 0.4 else None)
        if chance < 0.80:
            if self.uniform() < 0.4:
                what = Described(Head())
            return All(Described(what.head, (Place(pick(PLACES, self.uniform)),)))
        if chance < 0.90:
            other = self.graph.objects[self.other(i)]
            if what.head.colour is None and what.head.noun is not None:
                return All(Described(what.head, (Not(Head(colour=other.colour)),)))
            return All(Described(Head(), (Not(Head(noun=other.noun)),)))
        anchor = self.anchor(self.other(i))
        relation = pick(("next", "near", *SIDES), self.uniform)
        return All(Described(what.head, (Related(relation, anchor),))) if anchor else None

    def _together(self, i: int, count: int) -> Form | None:
        forms = tuple(self.anchor(k) for k in {i, *(self.other(i) for _ in range(count - 1))})
        kept = tuple(form for form in forms if form is not None)
        return Together(kept) if len(kept) == count else None
