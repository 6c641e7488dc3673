"""What a logical form means in a scene: exactly which objects, clearly none, or nothing that is clear.

Answers are combined in three values: "and" is the least of its parts, "not" turns YES and NO round, and a
form has targets only where no answer that matters is UNCLEAR. A form that is not evaluated to targets, or to
clearly none, is never said.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from ..graph import NO, UNCLEAR, YES
from .forms import (
    All,
    Between,
    Closest,
    Compared,
    Condition,
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
)  # fmt: skip
from .graph import BenchGraph

Targets = tuple[int, ...]


class _DoesNotFitError(Exception):
    """A part of the form presumes something that the scene does not show clearly."""


def denotation(form: Form, graph: BenchGraph) -> Targets | None:
    """Indices of the objects meant, sorted; () where there is clearly none; None where it is not clear."""
    try:
        return tuple(sorted(_targets(form, graph)))
    except _DoesNotFitError:
        return None


def ambiguous(form: Form, targets: Targets, graph: BenchGraph) -> bool:
    """Whether "the cup by the plate behind the box" changes if the cup, not the plate, is behind the box."""
    if not isinstance(form, Only | All):
        return isinstance(form, Together) and any(ambiguous(part, targets, graph) for part in form.forms)
    for condition in form.what.conditions:
        if not isinstance(condition, Related):
            continue
        anchor = condition.anchor
        if not isinstance(anchor, Only) or not anchor.what.conditions:
            continue
        plain = replace(condition, anchor=Only(Described(anchor.what.head)))
        other = type(form)(Described(form.what.head, (plain, *anchor.what.conditions)))
        if denotation(other, graph) not in (None, (), targets):
            return True
    return False


def _targets(form: Form, graph: BenchGraph) -> Targets:
    if isinstance(form, Together):
        return _together(form, graph)
    if isinstance(form, Between):
        return _between(form, graph)
    found = _clear_members(form.what, graph)
    if isinstance(form, Only):
        _require(len(found) <= 1 and not (not found and _picks_by_side(form.what, graph)))
        return found
    if isinstance(form, All):
        _require(len(found) != 1 and (form.count is None or not found or len(found) == form.count))
        return found
    if isinstance(form, Ordinal):
        return _ordinal(form, found, graph)
    if not found:
        return ()
    _require(len(found) > 1)
    if isinstance(form, Extreme):
        return (_ranked(form.which, found, graph, upto=1)[0],)
    if isinstance(form, Compared):
        _require(len({graph.objects[i].noun for i in found}) == 1)
        picked = tuple(i for i in found if graph.objects[i].size == form.size)
        _require(len(picked) == 1)
        return picked
    return _closest(form, found, graph)


def _require(condition: bool) -> None:
    if not condition:
        raise _DoesNotFitError


def _picks_by_side(what: Described, graph: BenchGraph) -> bool:
    """Whether a side tells two such things apart: of two mugs on the left, one is "the right mug"."""
    sides = [c for c in what.conditions if isinstance(c, Place) and c.where != "middle"]
    return bool(sides) and sum(fits(what.head, i, graph) == YES for i in range(len(graph))) > 1


def _clear_members(what: Described, graph: BenchGraph) -> Targets:
    answers = [_member(what, i, graph) for i in range(len(graph))]
    _require(UNCLEAR not in answers)
    return tuple(i for i, answer in enumerate(answers) if answer == YES)


def _member(what: Described, i: int, graph: BenchGraph) -> int:
    """Whether object i is so described. Of one that is not clear only a wrong colour can be told."""
    if not graph.objects[i].clear:
        colour = what.head.colour
        return NO if colour is not None and graph.colour(colour, i) == NO else UNCLEAR
    answer = fits(what.head, i, graph)
    for condition in what.conditions:
        if answer != NO:
            answer = min(answer, _holds(condition, i, graph))
    return answer


def fits(head: Head, i: int, graph: BenchGraph) -> int:
    """Whether object i has these attributes: YES, NO or UNCLEAR."""
    answers = [YES]
    if head.noun is not None:
        answers.append(graph.noun(head.noun, i))
    if head.colour is not None:
        answers.append(graph.colour(head.colour, i))
    if head.material is not None:
        answers.append(graph.material(head.material, i))
    if head.size is not None:
        answers.append(graph.size(head.size, i))
    return min(answers)


def _holds(condition: Condition | Head, i: int, graph: BenchGraph) -> int:
    if isinstance(condition, Head):
        return fits(condition, i, graph)
    if isinstance(condition, Place):
        return graph.place(condition.where, i)
    if isinstance(condition, Not):
        what = condition.what
        if isinstance(what, Related) and _one(what.anchor, graph) == i:
            return NO  # of the plate itself nobody says "not next to the plate"
        return -_holds(what, i, graph)
    anchor = _one(condition.anchor if isinstance(condition, Related) else condition.held, graph)
    if anchor is None or anchor == i:
        return NO
    if isinstance(condition, Related):
        return graph.related(condition.relation, i, anchor)
    return graph.related(condition.relation, anchor, i)


def _one(form: Form, graph: BenchGraph) -> int | None:
    """The object that an anchor means; None where there is clearly none."""
    found = _targets(form, graph)
    _require(len(found) <= 1)
    return found[0] if found else None


def _ranked(which: str, found: Targets, graph: BenchGraph, upto: int) -> list[int]:
    """`found` from this side on; the order of the first `upto`, and who comes after them, must be clear."""
    ranked = sorted(found, key=lambda i: graph.score(which, i)[0], reverse=True)
    for first, second in pairwise(ranked[: upto + 1]):
        a, margin = graph.score(which, first)
        _require(a - graph.score(which, second)[0] > margin)
    return ranked


def _ordinal(form: Ordinal, found: Targets, graph: BenchGraph) -> Targets:
    if len(found) < 2:
        _require(not found)
        return ()
    if form.number > len(found):
        return ()
    return (_ranked(form.which, found, graph, form.number)[form.number - 1],)


def _closest(form: Closest, found: Targets, graph: BenchGraph) -> Targets:
    anchor = _one(form.anchor, graph)
    if anchor is None:
        return ()
    _require(anchor not in found)
    index = graph.closest(found, anchor)
    if index is None:
        raise _DoesNotFitError
    return (index,)


def _between(form: Between, graph: BenchGraph) -> Targets:
    first, second = _one(form.first, graph), _one(form.second, graph)
    if first is None or second is None:
        return ()
    _require(first != second)
    answers: dict[int, int] = {}
    for i in range(len(graph)):
        member = NO if i in (first, second) else _member(form.what, i, graph)
        answers[i] = member if member == NO else min(member, graph.between(i, first, second))
    _require(UNCLEAR not in answers.values())
    found = tuple(i for i, answer in answers.items() if answer == YES)
    _require(len(found) <= 1)
    return found


def _together(form: Together, graph: BenchGraph) -> Targets:
    """Every part must be there, and none be part of another."""
    parts = [_targets(part, graph) for part in form.forms]
    merged = [i for part in parts for i in part]
    _require(all(parts) and len(set(merged)) == len(merged))
    return tuple(merged)
