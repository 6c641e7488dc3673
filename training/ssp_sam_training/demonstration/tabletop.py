"""Which sentences a demonstration says: one of every kind that holds in each of several views of a scene."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ssp_sam_ros.sim import Scene
from ssp_sam_ros.sim.grammar import Expression, expressions
from ssp_sam_ros.sim.graph import SceneGraph
from ssp_sam_ros.sim.meaning import All, Both, Compared, Extreme, Head, Meaning, One, Placed, Related
from ssp_sam_ros.sim.wording import SUFFIX

OPENINGS = ("the", "all", "both", "every")
CANDIDATES = 1500


def _matters(head: Head, graph: SceneGraph) -> bool:
    """Whether the attributes alone match several objects, so that the rest of the sentence is needed."""
    return head.noun is not None and len(head.matches(graph)) > 1


def _attribute(meaning: Meaning, graph: SceneGraph) -> bool:
    return isinstance(meaning, One) and None not in (meaning.head.colour, meaning.head.noun)


def _size(meaning: Meaning, graph: SceneGraph) -> bool:
    return isinstance(meaning, Compared) or (
        isinstance(meaning, One) and _matters(replace(meaning.head, size=None), graph)
    )


def _place(meaning: Meaning, graph: SceneGraph) -> bool:
    return isinstance(meaning, Placed | Extreme) and _matters(meaning.head, graph)


def _relation(meaning: Meaning, graph: SceneGraph) -> bool:
    return isinstance(meaning, Related) and _matters(meaning.head, graph)


def _all(meaning: Meaning, graph: SceneGraph) -> bool:
    return isinstance(meaning, All) and meaning.head != Head()


def _both(meaning: Meaning, graph: SceneGraph) -> bool:
    return isinstance(meaning, Both)


FORMS: tuple[tuple[str, Callable[[Meaning, SceneGraph], bool]], ...] = (
    ("attribute", _attribute),
    ("size", _size),
    ("place", _place),
    ("relation", _relation),
    ("several", _all),
    ("several", _both),
    ("absent", _attribute),
)


def choose_sentences(scenes: Sequence[Scene], seed: int) -> list[Expression]:
    """One sentence of each form in `FORMS` that means the same objects in every view, new objects first.

    Args:
        scenes: views of one scene.
        seed: of the sentences to choose from.

    Raises:
        ValueError: no sentence of some form holds in every view.
    """
    graphs = [SceneGraph(scene.objects, scene.size) for scene in scenes]
    candidates = expressions(scenes[0].objects, scenes[0].size, np.random.default_rng(seed), CANDIDATES)
    lasting = [
        e
        for e in candidates
        if e.text.startswith(OPENINGS)
        and not e.text.endswith(SUFFIX)
        and all(e.meaning.targets(graph) == e.targets for graph in graphs)
    ]
    chosen: list[Expression] = []
    for kind, fits in FORMS:
        fitting = [e for e in lasting if e.kind == kind and fits(e.meaning, graphs[0])]
        if not fitting:
            raise ValueError(f"no sentence of the kind {kind!r} holds in every view: take another seed")
        said = {e.targets for e in chosen}
        chosen.append(next((e for e in fitting if e.targets not in said), fitting[0]))
    return chosen
