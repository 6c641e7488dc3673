"""What a sentence mentions on the way to its targets: steps a network can be taught one by one."""

from __future__ import annotations

from collections.abc import Iterator

from ..graph import YES
from .evaluate import Targets, denotation, fits
from .forms import Between, Closest, Described, Form, Holding, Not, Related, Together
from .graph import BenchGraph

ROLES = ("candidate", "anchor", "further")


def mentions(form: Form, graph: BenchGraph) -> tuple[Targets, Targets, Targets]:
    """Objects that a form speaks of, in the order of `ROLES`, each sorted.

    Candidates have the attributes that the form gives its targets, whatever else is said of those: of "the
    mug left of the plate" all mugs, though none of them be left of it. Anchors are what targets are related
    to, here the plate; further ones what anchors are related to. Where an anchor means nothing in this scene
    there is none.
    """
    candidates = {
        i for what in _described(form) for i in range(len(graph)) if fits(what.head, i, graph) == YES
    }
    anchors = list(_anchors(form))
    further = [other for anchor in anchors for other in _anchors(anchor)]
    return tuple(sorted(candidates)), _meant(anchors, graph), _meant(further, graph)


def _meant(forms: list[Form], graph: BenchGraph) -> Targets:
    return tuple(sorted({i for form in forms for i in denotation(form, graph) or ()}))


def _described(form: Form) -> Iterator[Described]:
    if isinstance(form, Together):
        for part in form.forms:
            yield from _described(part)
    else:
        yield form.what


def _anchors(form: Form) -> Iterator[Form]:
    """The forms of what the targets of a form stand in a relation to."""
    if isinstance(form, Closest):
        yield form.anchor
    if isinstance(form, Between):
        yield from (form.first, form.second)
    for what in _described(form):
        for condition in what.conditions:
            inner = condition.what if isinstance(condition, Not) else condition
            if isinstance(inner, Related):
                yield inner.anchor
            if isinstance(inner, Holding):
                yield inner.held
