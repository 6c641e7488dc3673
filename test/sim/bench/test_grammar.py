"""Sentences are read back by a reader of its own, word by word, and must pick exactly their targets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from math import hypot

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
from ssp_sam_ros.sim.bench.phrases import FRAMES, FRAMES_LOOSE, FRAMES_MANY, FRAMES_ONE
from ssp_sam_ros.sim.bench.say import UNSEEN_TEMPLATES
from ssp_sam_ros.sim.bench.scene import BenchObject
from ssp_sam_ros.sim.bench.words import COLOURS, HELD_OUT_PAIRS, NOUNS, SIZES, colours_of, materials_of
from ssp_sam_ros.sim.wording import vocabulary as simple_vocabulary

WIDTH, HEIGHT = 320, 240
SYNONYMS = {
    "coffee mug": "mug", "drinking glass": "glass", "drinking glasses": "glass", "tin": "can",
    "spanner": "wrench", "pair of scissors": "scissors", "pairs of scissors": "scissors", "tape roll": "tape",
    "roll of tape": "tape", "rolls of tape": "tape", "cell phone": "phone", "smartphone": "phone",
    "carton": "box", "boxes": "box", "glasses": "glass", "wrenches": "wrench", "knives": "knife",
    "toy block": "block", "toy car": "car", "piece of fruit": "fruit", "pieces of fruit": "fruit",
    "fruit": "fruit", "tool": "tool", "one": "", "thing": "", "object": "", "item": "",
    **{noun: noun for noun in NOUNS},
}  # fmt: skip
FRUIT = ("apple", "banana", "orange", "lemon", "pear")
SIZE = {"small": "small", "little": "small", "large": "large", "big": "large"}
MORE = {"smaller": "small", "smallest": "small"} | dict.fromkeys(
    ("larger", "bigger", "largest", "biggest"), "large"
)
NTH = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5}
SIDE = {"leftmost": "left", "rightmost": "right", "nearest": "near", "closest": "near", "farthest": "far"}
PLACES = {
    r"on the left( side| hand side)?|to the left": "left",
    r"on the right( side| hand side)?|to the right": "right",
    r"(at|in) the front": "front", r"(at|in) the back": "back",
    r"in the (middle|center)|in the middle of the table": "middle",
}  # fmt: skip
EXTREMES = {
    "farthest to the left|on the far left|furthest left": "left",
    "farthest to the right|on the far right|furthest right": "right",
    "(nearest|closest) to (the camera|me)": "near", "farthest (from the camera|away)|furthest away": "far",
    "from the left": "left", "from the right": "right", "from the front": "near", "from the back": "far",
}  # fmt: skip
RELATIONS = {
    r"(to the |on the )?left of": "left", r"(to the |on the )?right of": "right", "in front of": "front",
    "behind|in back of": "behind", "(right )?next to|beside": "next", "near|by": "near",
    "on top of|lying on|on": "on",
    "inside of|inside|in": "in",
}  # fmt: skip
HOLDING = {
    "on": r"with (.+) on it|that has (.+) on it|with (.+) on top|under (.+)",
    "in": r"with (.+) in it|that has (.+) in it|with (.+) inside|holding (.+)",
}
THEM = set[int]


class Reader:
    """Understands a sentence by its words alone, without margins; yields every reading."""

    def __init__(self, objects: list[BenchObject]) -> None:
        self.o = objects

    def readings(self, text: str) -> Iterator[THEM]:
        for frame in ("{np}", *FRAMES, *FRAMES_LOOSE, *FRAMES_ONE, *FRAMES_MANY):
            start, end = frame.split("{np}")
            if text.startswith(start) and text.endswith(end) and len(text) > len(start + end):
                yield from self.phrase(text[len(start) : len(text) - len(end)])

    def phrase(self, text: str) -> Iterator[THEM]:
        for joint in re.finditer(
            r" (?:and also|and|together with|as well as|plus) |(?<=\w) (?=the \w)", text
        ):
            for first in self.phrase(text[: joint.start()]):
                for second in self.phrase(text[joint.end() :]):
                    if not first & second and first and second:
                        yield first | second
        if found := re.match(r"(.+) (?:except|but) (.+)$", text):
            for first in self.phrase(found[1]):
                for second in self.phrase(found[2]):
                    yield first - second
        if text in ("everything", "everything on the table", "all objects", "all the things on the table"):
            yield set(range(len(self.o)))
        text = re.sub(r"^(all|both|every|each)( of)?( the)? ", "", text)
        text = re.sub(r"^(all|the)? ?(two|three|four|five) ", "", text)
        yield from self.described(text.removeprefix("the ").split())

    def described(self, words: list[str], found: THEM | None = None, chosen: str = "") -> Iterator[THEM]:
        """[selector] adjectives noun rest; `found` are those that the adjectives so far leave."""
        found = set(range(len(self.o))) if found is None else found
        if not words:
            return
        word, rest = words[0], words[1:]
        for count in (1, 2, 3):
            name = " ".join(words[:count])
            noun = next((SYNONYMS[n] for n in (name, name.removesuffix("s")) if n in SYNONYMS), None)
            if name in ("ones", "things", "objects", "items"):
                noun = ""
            if noun is not None:
                yield from self.rest(
                    {i for i in found if self.named(noun, i)}, " ".join(words[count:]), chosen
                )
        if word in SIZE:
            yield from self.described(rest, {i for i in found if self.o[i].size == SIZE[word]}, chosen)
        if word in COLOURS:
            yield from self.described(rest, {i for i in found if self.o[i].colour == word}, chosen)
        if word in ("metal", "wooden"):
            yield from self.described(rest, {i for i in found if self.o[i].material == word}, chosen)
        if word in (*SIDE, *MORE, *NTH, "left", "right"):
            yield from self.described(
                rest if rest[:1] != ["hand"] else rest[1:], found, f"{chosen} {word}".strip()
            )

    def named(self, noun: str, i: int) -> bool:
        own = self.o[i].noun
        if noun in ("fruit", "tool"):
            return own in (FRUIT if noun == "fruit" else ("screwdriver", "hammer", "wrench"))
        return noun in ("", own)

    def rest(self, found: THEM, text: str, chosen: str) -> Iterator[THEM]:
        """What follows the noun, then the selector before it."""
        for kept in self.conditions(found, text, chosen):
            if not chosen or (any(w in NTH for w in chosen.split()) and kept != found):
                yield kept
            else:
                yield self.select(kept, chosen)

    def select(self, found: THEM, chosen: str) -> THEM:
        words = chosen.split()
        number = next((NTH[w] for w in words if w in NTH), 1)
        for word in words:
            if word in MORE:
                return {i for i in found if self.o[i].size == MORE[word]}
            if word in ("left", "right"):
                return {i for i in found if self.placed(word, i)}
            if word in SIDE:
                return self.nth(found, SIDE[word], number)
        return found

    def nth(self, found: THEM, side: str, number: int) -> THEM:
        key = {
            "left": lambda i: self.o[i].centroid[0], "right": lambda i: -self.o[i].centroid[0],
            "near": lambda i: -self.o[i].foot[1], "far": lambda i: self.o[i].foot[1],
        }[side]  # fmt: skip
        return set(sorted(found, key=key)[number - 1 : number])

    def conditions(self, found: THEM, text: str, chosen: str) -> Iterator[THEM]:
        if not text:
            yield found
            return
        if of := re.match(r"of the (.+)$", text):  # "the larger one of the mugs"
            yield from (found & those for those in self.phrase(of[1]))
        number = next((NTH[w] for w in chosen.split() if w in NTH), 1)
        text = re.sub(r"^(that|which) (is|are) ", "", text)
        if text.startswith(("not ", "that isn't ", "that aren't ")):
            inner = re.sub(r"^(not |that isn't |that aren't )(an? )?", "", text)
            related = list(self.anchors(inner))
            for relation, j in related:  # the thing itself is never meant
                yield {i for i in found if i != j and not self.related(relation, i, j)}
            for kept in self.conditions(found, inner, "") if not related else ():
                yield found - kept
            for those in self.described(inner.split()):
                yield found - those
        if (counted := re.match(r"(\w+) (from the \w+)$", text)) and counted[1] in NTH:
            yield self.nth(found, EXTREMES[counted[2]], NTH[counted[1]])
        if text in MORE:
            yield {i for i in found if self.o[i].size == MORE[text]}
        if set(text.split(" and ")) <= {*SIZE, *COLOURS, "metal", "wooden"}:
            wanted = text.split(" and ")
            yield {i for i in found if all(SIZE.get(w, w) in self.attributes(i) for w in wanted)}
        for table in (PLACES, EXTREMES):
            for pattern, side in table.items():
                if re.fullmatch(pattern, text):
                    yield (
                        {i for i in found if self.placed(side, i)}
                        if table is PLACES
                        else self.nth(found, side, number)
                    )
        for relation, j in self.anchors(text):
            yield {i for i in found if i != j and self.related(relation, i, j)}
        for relation, pattern in HOLDING.items():
            if match := re.fullmatch(pattern, text):
                for (j,) in self.single(next(group for group in match.groups() if group)):
                    yield {i for i in found if self.o[j].holder == i and self.o[j].held == relation}
        if match := re.match(r"(?:closest to|nearest to|nearest) (.+)$", text):
            for (j,) in self.single(match[1]):
                yield {min(found - {j}, key=lambda i: self.apart(i, j))} if found - {j} else set()
        if match := re.match(r"(?:between|in the middle of) (.+) and (.+)$", text):
            for (j,) in self.single(match[1]):
                for (k,) in self.single(match[2]):
                    yield {i for i in found - {j, k} if self.between(i, j, k)}

    def anchors(self, text: str) -> Iterator[tuple[str, int]]:
        """A relation and the one thing to which it is."""
        for pattern, relation in RELATIONS.items():
            if match := re.match(f"({pattern}) (the .+|.+)$", text):
                for (j,) in self.single(text[match.end(1) + 1 :]):
                    yield relation, j

    def single(self, text: str) -> Iterator[tuple[int]]:
        """The one thing meant; nothing is related to what is not there."""
        for those in self.phrase(text):
            if len(those) == 1:
                (j,) = those
                yield (j,)

    def attributes(self, i: int) -> set[str]:
        return {self.o[i].size, self.o[i].colour, self.o[i].material}

    def placed(self, where: str, i: int) -> bool:
        x, y, foot = self.o[i].centroid[0] / WIDTH, self.o[i].centroid[1] / HEIGHT, self.o[i].foot[1] / HEIGHT
        return {
            "left": x < 0.48, "right": x > 0.52, "front": foot > 0.54, "back": foot < 0.48,
            "middle": abs(x - 0.5) < 0.16 and abs(y - 0.5) < 0.19,
        }[where]  # fmt: skip

    def apart(self, i: int, j: int) -> float:
        a, b = self.o[i], self.o[j]
        return hypot(a.position[0] - b.position[0], a.position[1] - b.position[1]) - a.radius - b.radius

    def related(self, relation: str, i: int, j: int) -> bool:
        a, b = self.o[i], self.o[j]
        dx, dy = a.centroid[0] - b.centroid[0], a.foot[1] - b.foot[1]
        return {
            "left": dx < -12, "right": dx > 12, "front": dy > 12, "behind": dy < -12,
            "next": self.apart(i, j) < 0.085, "near": self.apart(i, j) < 0.15,
            "on": a.holder == j and a.held == "on",
            "in": a.holder == j and a.held == "in",
        }[relation]  # fmt: skip

    def between(self, i: int, j: int, k: int) -> bool:
        p, a, b = (np.array(self.o[n].position[:2]) for n in (i, j, k))
        along = float((p - a) @ (b - a) / ((b - a) @ (b - a)))
        return 0 < along < 1 and float(np.linalg.norm(a + along * (b - a) - p)) < 0.35 * np.linalg.norm(b - a)


def random_objects(rng: np.random.Generator, count: int) -> list[BenchObject]:
    """Round things anywhere in the picture; attributes repeat often, some hold others."""
    nouns = [*rng.choice(NOUNS, 3, replace=False), "plate", "bowl"]
    objects: list[BenchObject] = []
    for _ in range(count):
        noun = str(nouns[int(rng.integers(len(nouns)))])
        material = materials_of(noun)[int(rng.integers(len(materials_of(noun))))]
        colours = [c for c in colours_of(noun, material) if (c, noun) not in HELD_OUT_PAIRS]
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
        objects = random_objects(rng, int(rng.integers(4, 13)))
        made += [(objects, e) for e in expressions(objects, (WIDTH, HEIGHT), rng, 20, wanted)]
    return made


@pytest.fixture(scope="module")
def sentences() -> list[tuple[list[BenchObject], Expression]]:
    return many(range(60))


def test_a_reader_picks_the_targets(sentences: list[tuple[list[BenchObject], Expression]]) -> None:
    assert len(sentences) > 1000
    for objects, e in sentences:
        readings = list(Reader(objects).readings(e.text))
        assert set(e.targets) in readings or (not e.targets and not readings), (e.text, e.targets, readings)


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
