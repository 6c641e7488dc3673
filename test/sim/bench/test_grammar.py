"""Sentences are read back by a reader of its own, word by word, and must pick exactly their targets."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest

from ssp_sam_ros.network.tokenizer import piece_table
from ssp_sam_ros.sim.bench.grammar import (
    KINDS,
    SHARES,
    Expression,
    Wanted,
    denotation,
    expressions,
    pairs_of,
    vocabulary,
)  # fmt: skip
from ssp_sam_ros.sim.bench.graph import BenchGraph
from ssp_sam_ros.sim.bench.phrases import (
    ANY,
    ANY_PLURAL,
    FRAMES,
    FRAMES_LOOSE,
    FRAMES_MANY,
    FRAMES_ONE,
    PLURAL,
    SINGULAR,
)
from ssp_sam_ros.sim.bench.say import UNSEEN_TEMPLATES
from ssp_sam_ros.sim.bench.scene import BenchObject
from ssp_sam_ros.sim.bench.words import COLOURS, HELD_OUT_PAIRS, NOUNS, SIZES, colours_of, materials_of
from ssp_sam_ros.sim.wording import vocabulary as simple_vocabulary

from .reader import HEIGHT, SIZE, THEM, WIDTH, Reader


def random_objects(rng: np.random.Generator, count: int, held_out: bool = False) -> list[BenchObject]:
    """Round things anywhere in the picture; attributes repeat often, some hold others.

    held_out: show pairs of colour and noun that are kept out of training, and often.
    """
    nouns = [*rng.choice(NOUNS, 3, replace=False), "plate", "bowl"]
    objects: list[BenchObject] = []
    for _ in range(count):
        noun = str(nouns[int(rng.integers(len(nouns)))])
        material = materials_of(noun)[int(rng.integers(len(materials_of(noun))))]
        colours = [c for c in colours_of(noun, material) if (c, noun) not in HELD_OUT_PAIRS]
        if held_out:
            colours = [c for c in colours_of(noun, material) if (c, noun) in HELD_OUT_PAIRS] + colours
        x, y = float(rng.uniform(10, WIDTH - 10)), float(rng.uniform(10, HEIGHT - 30))
        foot, holder = (x, float(y + rng.uniform(2, 25))), None
        free = [
            k for k, o in enumerate(objects)
            if o.noun in ("plate", "bowl") and o.holder is None and all(p.holder != k for p in objects)
        ]  # fmt: skip
        if free and noun not in ("plate", "bowl"):
            holder = free[0]
            (x, y), foot = objects[holder].centroid, objects[holder].foot
        ground = ((foot[0] - 160) / 400, (foot[1] - 120) / 250)
        held = None if holder is None else "on" if objects[holder].noun == "plate" else "in"
        objects.append(
            BenchObject(
                noun, colours[int(rng.integers(min(3, len(colours))))], SIZES[int(rng.integers(2))],
                (*ground, 0.0), float(rng.uniform(0.02, 0.07)), 300,
                (int(x) - 9, int(y) - 9, int(x) + 9, int(y) + 9), (x, y), foot,
                material=material, share=1.0, clear=True, ends=(ground, ground), holder=holder, held=held,
            )
        )  # fmt: skip
    return objects


def many(seeds: range, wanted: Wanted | None = None) -> list[tuple[list[BenchObject], Expression]]:
    made = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        objects = random_objects(rng, int(rng.integers(4, 13)), wanted is not None and wanted.pairs)
        made += [(objects, e) for e in expressions(objects, (WIDTH, HEIGHT), rng, 20, wanted)]
    return made


@pytest.fixture(scope="module")
def sentences() -> list[tuple[list[BenchObject], Expression]]:
    return many(range(60))


def _fits(e: Expression, readings: list[THEM]) -> bool:
    """Whether one reading gives the targets; what is absent must be read, and never give anything."""
    return set(e.targets) in readings and (bool(e.targets) or not any(readings))


def test_a_reader_picks_the_targets(sentences: list[tuple[list[BenchObject], Expression]]) -> None:
    assert len(sentences) > 1000
    for objects, e in sentences:
        readings = list(Reader(objects).readings(e.text))
        assert _fits(e, readings), (e.text, e.targets, readings)


@pytest.mark.parametrize(("wanted", "scenes"), [(Wanted(pairs=True), 30), (Wanted(unseen=True), 30)])
def test_a_reader_picks_the_targets_of_held_out_splits(wanted: Wanted, scenes: int) -> None:
    made = many(range(scenes), wanted)
    assert len(made) > 120
    for objects, e in made:
        readings = list(Reader(objects).readings(e.text))
        assert _fits(e, readings), (e.text, e.targets, readings)


def test_a_reader_that_is_told_of_other_things_notices() -> None:
    objects = random_objects(np.random.default_rng(5), 8)
    wrong = 0
    for e in (
        e for seed in range(4) for e in expressions(objects, (WIDTH, HEIGHT), np.random.default_rng(seed), 20)
    ):
        others = objects[1:4] + objects[:1] + objects[4:]
        wrong += not _fits(e, list(Reader(others).readings(e.text)))
    assert wrong > 20


def test_every_kind_is_made_in_about_its_share(sentences: list[tuple[list[BenchObject], Expression]]) -> None:
    counts = Counter(e.kind for _, e in sentences)
    assert set(counts) == set(KINDS) == set(SHARES) and sum(SHARES.values()) == pytest.approx(1.0)
    for kind in KINDS:
        assert 0.4 * SHARES[kind] < counts[kind] / len(sentences) < 1.8 * SHARES[kind], kind
    assert all((e.kind == "absent") == (not e.targets) for _, e in sentences)
    assert all(len(e.targets) > 1 for _, e in sentences if e.kind == "several")
    assert all(denotation(e.form, BenchGraph(o, (WIDTH, HEIGHT))) == e.targets for o, e in sentences)


@pytest.mark.parametrize("wanted", [Wanted(), Wanted(pairs=True), Wanted(unseen=True)])
def test_every_word_is_in_the_vocabulary(wanted: Wanted) -> None:
    words = {word for _, e in many(range(40), wanted) for word in e.text.split()}
    assert words and words <= set(vocabulary())


def test_the_vocabulary_is_plain_and_holds_the_simple_worlds() -> None:
    words = vocabulary()
    assert list(words) == sorted(set(words)) and len(words) > 200
    assert all(re.fullmatch(r"[a-z]+('t)?", word) for word in words)
    assert set(simple_vocabulary()) <= set(words)
    assert len(piece_table(words)) < len(words) + 40


def test_held_out_pairs_are_mentioned_only_where_wanted() -> None:
    for wanted in (Wanted(), Wanted(pairs=True)):
        for _, e in many(range(30), wanted):
            assert bool(HELD_OUT_PAIRS.intersection(pairs_of(e.form))) == wanted.pairs, e.text


def test_unseen_templates_are_used_only_where_wanted(
    sentences: list[tuple[list[BenchObject], Expression]],
) -> None:
    assert not any(UNSEEN_TEMPLATES.intersection(e.templates) for _, e in sentences)
    unseen = many(range(40), Wanted(unseen=True))
    used = set().union(*(e.templates for _, e in unseen)) & UNSEEN_TEMPLATES
    assert len(used) > 0.6 * len(UNSEEN_TEMPLATES)
    assert {e.kind for _, e in unseen} == set(KINDS)
    said = {template for _, e in sentences for template in e.templates}
    assert not said & UNSEEN_TEMPLATES


def surfaces(text: str) -> set[str]:
    """A sentence, and what it is without its frame, with placeholders for things and attributes."""
    bare = {text}
    for frame in (*FRAMES, *FRAMES_LOOSE, *FRAMES_ONE, *FRAMES_MANY):
        start, end = frame.split("{np}")
        if text.startswith(start) and text.endswith(end):
            bare.add(text[len(start) : len(text) - len(end)])
    names = {"NS": {*ANY_PLURAL}.union(*PLURAL.values()), "N": {*ANY}.union(*SINGULAR.values())}
    for placeholder, words in (names | {"C": set(COLOURS), "S": set(SIZE), "M": {"metal", "wooden"}}).items():
        longest_first = "|".join(sorted(words, key=len, reverse=True))
        bare = {re.sub(rf"\b({longest_first})\b", placeholder, t) for t in bare}
    return bare


def test_what_is_unseen_is_said_like_nothing_in_training(
    sentences: list[tuple[list[BenchObject], Expression]],
) -> None:
    trained = set().union(*(surfaces(e.text) for _, e in sentences))
    assert len(trained) > 500
    for _, e in many(range(1000, 1040), Wanted(unseen=True)):
        assert not surfaces(e.text) & trained, e.text


def test_a_correction_is_no_denial_and_every_is_one(
    sentences: list[tuple[list[BenchObject], Expression]],
) -> None:
    texts = [e.text for _, e in sentences] + [e.text for _, e in many(range(200, 320))]
    corrections = [t for t in texts if t.startswith("no ")]
    assert corrections and all(t.startswith("no the ") for t in corrections)
    assert not any(re.match(r"where are (every|each)|.*where (every|each).* are$", t) for t in texts)


def test_the_same_seed_gives_the_same_sentences() -> None:
    objects = random_objects(np.random.default_rng(1), 8)
    first, again, other = (
        [e.text for e in expressions(objects, (WIDTH, HEIGHT), np.random.default_rng(seed), 15)]
        for seed in (3, 3, 4)
    )
    assert first == again != other and len(set(first)) == len(first) == 15


def test_wrong_arguments_are_refused() -> None:
    objects, rng = random_objects(np.random.default_rng(1), 3), np.random.default_rng(0)
    with pytest.raises(ValueError, match="two clear objects"):
        expressions(objects[:1], (WIDTH, HEIGHT), rng, 5)
    with pytest.raises(ValueError, match="count"):
        expressions(objects, (WIDTH, HEIGHT), rng, -1)
