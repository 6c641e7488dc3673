"""Hard negatives: a form that is true of a scene, with exactly one thing in it changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from ..graph import PLACES
from ..wording import Uniform, pick
from .forms import Form, Head, Ordinal, Place, Related
from .graph import BenchGraph
from .words import GROUPS, NOUNS, PLAIN, SIZES, colours_of, materials_of

SIDES = ("left", "right", "front", "behind")
_OPPOSITE = {"left": "right", "right": "left", "front": "behind", "behind": "front"}


def changed(form: Form, graph: BenchGraph, uniform: Uniform) -> Form | None:
    """The form with exactly one thing in it changed: a colour, a noun, a place, a relation, a number."""
    path, node = pick(list(_sites(form)), uniform)
    if isinstance(node, Head):
        new: Any = _other_head(node, graph, uniform)
    elif isinstance(node, Place):
        new = Place(pick([w for w in PLACES if w != node.where], uniform))
    elif isinstance(node, Related):
        new = replace(node, relation=_OPPOSITE.get(node.relation) or pick(SIDES, uniform))
    else:
        new = replace(node, number=min(node.number + 1, 5))
    return None if new is None or new == node else _replaced(form, path, new)


def _other_head(head: Head, graph: BenchGraph, uniform: Uniform) -> Head | None:
    chance = uniform()
    nouns = GROUPS.get(head.noun or "", (head.noun,))
    colours = colours_of(nouns[0]) if nouns[0] in NOUNS else colours_of("mug")
    if head.colour is not None and chance < 0.55:
        return (
            replace(head, colour=pick([c for c in colours if c != head.colour], uniform))
            if len(colours) > 1
            else None
        )
    if head.material is not None and chance < 0.7 and head.noun:
        others = (
            [m for m in materials_of(head.noun) if m not in (PLAIN, head.material)]
            if head.noun in NOUNS
            else []
        )
        return replace(head, material=pick(others, uniform)) if others else None
    if head.size is not None and chance < 0.8:
        return replace(head, size=SIZES[1 - SIZES.index(head.size)])
    if head.noun in NOUNS:
        here = sorted({item.noun for item in graph.objects} - {head.noun})
        options = here if here and uniform() < 0.5 else [n for n in NOUNS if n != head.noun]
        noun = pick(options, uniform)
        if head.colour is not None and head.colour not in colours_of(noun):
            return None
        if head.material is not None and head.material not in materials_of(noun):
            return None
        return replace(head, noun=noun)
    return None


def _sites(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Everything in a form that `changed` can change, with the way to it."""
    if isinstance(node, Head | Place | Related | Ordinal):
        yield path, node
    if isinstance(node, tuple):
        for k, part in enumerate(node):
            yield from _sites(part, (*path, k))
    elif is_dataclass(node):
        for field in fields(node):
            yield from _sites(getattr(node, field.name), (*path, field.name))


def _replaced(node: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    step, rest = path[0], path[1:]
    if isinstance(node, tuple):
        return tuple(_replaced(part, rest, new) if k == step else part for k, part in enumerate(node))
    return replace(node, **{step: _replaced(getattr(node, step), rest, new)})
