"""Which sentences a demonstration on the bench says: one of every kind that holds in each of its views."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ssp_sam_ros.sim.bench import BenchScene
from ssp_sam_ros.sim.bench.forms import Only
from ssp_sam_ros.sim.bench.grammar import KINDS, Expression, denotation, expressions
from ssp_sam_ros.sim.bench.graph import BenchGraph

CANDIDATES = 1500
_OPENINGS = ("the", "all", "both", "every", "everything")
_WORDS = range(3, 12)
_PLAIN = ("attribute", "absent")  # of these kinds a colour and a noun say enough


def choose_sentences(scenes: Sequence[BenchScene], seed: int) -> list[Expression]:
    """One short sentence of each kind that means the same objects in every view, new objects first.

    Args:
        scenes: views of one scene.
        seed: of the sentences to choose from.

    Raises:
        ValueError: no sentence of some kind holds in every view.
    """
    graphs = [BenchGraph(scene.objects, scene.size) for scene in scenes]
    candidates = expressions(scenes[0].objects, scenes[0].size, np.random.default_rng(seed), CANDIDATES)
    chosen: list[Expression] = []
    for kind in KINDS:
        fitting = [
            e
            for e in candidates
            if e.kind == kind and _shown(e) and all(denotation(e.form, g) == e.targets for g in graphs)
        ]
        if not fitting:
            raise ValueError(f"no sentence of the kind {kind!r} holds in every view: take another seed")
        said = {e.targets for e in chosen}
        chosen.append(next((e for e in fitting if e.targets not in said), fitting[0]))
    return chosen


def _shown(expression: Expression) -> bool:
    words = expression.text.split()
    if words[0] not in _OPENINGS or len(words) not in _WORDS:
        return False
    if expression.kind not in _PLAIN:
        return True
    form = expression.form
    return isinstance(form, Only) and None not in (form.what.head.colour, form.what.head.noun)
