"""Logical forms: what a sentence says, apart from its words. `evaluate.py` finds what it means in a scene."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Head:
    """Attributes of the objects looked for; None leaves one open. `noun` may be a group such as "fruit"."""

    noun: str | None = None
    colour: str | None = None
    size: str | None = None
    material: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """In a part of the picture (`sim.graph.PLACES`)."""

    where: str


@dataclass(frozen=True, slots=True)
class Related:
    """In a relation (`sim.graph.RELATIONS`, "near", "on", "in") to the one object that `anchor` means."""

    relation: str
    anchor: Form


@dataclass(frozen=True, slots=True)
class Holding:
    """With the one object that `held` means on it or in it (`relation`)."""

    relation: str
    held: Form


@dataclass(frozen=True, slots=True)
class Not:
    """Of which this does not hold."""

    what: Head | Place | Related


Condition = Place | Related | Holding | Not


@dataclass(frozen=True, slots=True)
class Described:
    """Objects with these attributes of which all conditions hold."""

    head: Head
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Only:
    """The one object so described."""

    what: Described


@dataclass(frozen=True, slots=True)
class Extreme:
    """Of two or more, the one farthest to a side (`sim.graph.EXTREMES`)."""

    what: Described
    which: str


@dataclass(frozen=True, slots=True)
class Ordinal:
    """The `number`-th (1, 2, ...) of those described, counted from a side: one of `sim.graph.EXTREMES`."""

    what: Described
    number: int
    which: str


@dataclass(frozen=True, slots=True)
class Compared:
    """Of two or more of one noun, the only one of this size; the head's own size is None."""

    what: Described
    size: str


@dataclass(frozen=True, slots=True)
class Closest:
    """Of two or more, the one closest to the anchor."""

    what: Described
    anchor: Form


@dataclass(frozen=True, slots=True)
class Between:
    """The one between two others."""

    what: Described
    first: Form
    second: Form


@dataclass(frozen=True, slots=True)
class All:
    """All so described, two or more; exactly `count` where it is given."""

    what: Described
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Together:
    """Two or three different things, each meant by a form of its own."""

    forms: tuple[Form, ...]


Form = Only | Extreme | Ordinal | Compared | Closest | Between | All | Together


def heads_of(form: Form | Condition | Described) -> tuple[Head, ...]:
    """Every head that the form mentions, negated ones included."""
    if isinstance(form, Described):
        return (form.head, *(head for condition in form.conditions for head in heads_of(condition)))
    if isinstance(form, Place):
        return ()
    if isinstance(form, Not):
        return (form.what,) if isinstance(form.what, Head) else heads_of(form.what)
    if isinstance(form, Related):
        return heads_of(form.anchor)
    if isinstance(form, Holding):
        return heads_of(form.held)
    if isinstance(form, Together):
        return tuple(head for part in form.forms for head in heads_of(part))
    heads = heads_of(form.what)
    if isinstance(form, Closest):
        heads += heads_of(form.anchor)
    if isinstance(form, Between):
        heads += heads_of(form.first) + heads_of(form.second)
    return heads
