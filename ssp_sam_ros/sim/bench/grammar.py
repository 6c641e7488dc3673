"""Referring expressions for a bench scene, each checked against the scene graph to mean exactly its targets.

Pure Python and NumPy; nothing of MuJoCo is needed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from .evaluate import denotation
from .forms import All, Described, Form, Head, Not, Only
from .graph import BenchGraph
from .mentions import mentions
from .phrases import vocabulary
from .propose import ABSENT_SHARES, KINDS, Proposer, drawn_kind
from .say import Speaker
from .scene import BenchObject
from .words import HELD_OUT_PAIRS

__all__ = ["KINDS", "SHARES", "Expression", "Wanted", "denotation", "expressions", "vocabulary"]

SHARES = {
    "attribute": 0.14, "place": 0.12, "size": 0.08, "relation": 0.15, "two_step": 0.09, "ordinal": 0.08,
    "negation": 0.08, "several": 0.12, "absent": 0.14,
}  # fmt: skip
MOST_WORDS = 26


@dataclass(frozen=True)
class Wanted:
    """Which sentences are kept.

    pairs: only sentences that mention a held-out pair of colour and noun; else never such a one.
    unseen: only sentences with a template or a construction kept out of training; else never such a one.
    shares: how often each kind is tried, one in all; kinds that are not named are left out.
    absent: the same of the kinds that sentences about what is not there are made of.
    """

    pairs: bool = False
    unseen: bool = False
    shares: Mapping[str, float] = field(default_factory=SHARES.copy)
    absent: Mapping[str, float] = field(default_factory=ABSENT_SHARES.copy)


@dataclass(frozen=True)
class Expression:
    """A sentence, its kind (one of `KINDS`), the indices of the objects it means, form and templates.

    mentions: indices of the objects that it speaks of on the way, see `mentions.ROLES`.
    """

    text: str
    kind: str
    targets: tuple[int, ...]
    form: Form
    templates: tuple[str, ...]
    mentions: tuple[tuple[int, ...], ...] = ()


def expressions(
    objects: Sequence[BenchObject],
    image_size: tuple[int, int],
    rng: np.random.Generator,
    count: int,
    wanted: Wanted | None = None,
) -> list[Expression]:
    """Different sentences about these objects, their kinds drawn by `SHARES` or what is wanted instead.

    Args:
        objects: the visible objects of a scene, two clear ones at least.
        image_size: (width, height) in pixels.
        rng: one draw seeds all that is random here.
        count: how many sentences; fewer come back where a scene has no more.
        wanted: which sentences are kept; by default those for training.

    Raises:
        ValueError: fewer than two clear objects, or a negative count.
    """
    if sum(item.clear for item in objects) < 2:
        raise ValueError("expressions() needs at least two clear objects: there is no contrast otherwise")
    if count < 0:
        raise ValueError(f"count must be 0 or more, not {count}")
    wanted = wanted or Wanted()
    graph = BenchGraph(objects, image_size)
    uniform = random.Random(int(rng.integers(1 << 62))).random
    proposer = Proposer(graph, uniform, wanted.unseen, wanted.absent)
    speaker = Speaker(uniform, wanted.unseen)
    found: dict[str, Expression] = {}
    for _ in range((16 if wanted.pairs else 4) * count):
        if len(found) >= count:
            break
        kind = drawn_kind(uniform(), wanted.shares)
        proposal = proposer.propose(kind)
        if proposal is None:
            continue
        form, targets = proposal
        if bool(HELD_OUT_PAIRS.intersection(pairs_of(form))) != wanted.pairs:
            continue
        text = speaker.say(form, len(targets), _left_out(form, targets, graph))
        unseen = speaker.used_unseen() or _joins(form)
        if unseen == wanted.unseen and len(text.split()) <= MOST_WORDS:
            spoken_of = mentions(form, graph)
            found.setdefault(text, Expression(text, kind, targets, form, tuple(speaker.templates), spoken_of))
    return list(found.values())


def _left_out(form: Form, targets: tuple[int, ...], graph: BenchGraph) -> int:
    """How many things the conditions of "all ... except ..." leave out."""
    if not isinstance(form, All) or not form.what.conditions:
        return 0
    return len(denotation(All(Described(form.what.head)), graph) or targets) - len(targets)


def _joins(form: Form) -> bool:
    """Whether two conditions are joined, which training sentences never do."""
    return isinstance(form, Only) and len(form.what.conditions) > 1


def pairs_of(node: object) -> Iterator[tuple[str | None, str | None]]:
    """Every (colour, noun) that a form mentions, "the mug that is not red" included."""
    if isinstance(node, Head):
        yield node.colour, node.noun
    if isinstance(node, Described):
        for condition in node.conditions:
            if isinstance(condition, Not) and isinstance(condition.what, Head):
                yield condition.what.colour or node.head.colour, condition.what.noun or node.head.noun
    if isinstance(node, tuple):
        for part in node:
            yield from pairs_of(part)
    elif hasattr(node, "__dataclass_fields__"):
        for name in node.__dataclass_fields__:
            yield from pairs_of(getattr(node, name))
