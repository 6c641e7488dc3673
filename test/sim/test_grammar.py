"""Every sentence is read back by a reader of its own, word by word, and must pick exactly its targets."""

from __future__ import annotations

from collections import Counter
from math import hypot

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssp_sam_ros.sim.grammar import KINDS, SHARES, Expression, expressions, vocabulary
from ssp_sam_ros.sim.scene import SceneObject
from ssp_sam_ros.sim.words import COLOURS, NOUNS, PLURALS, SIZES

WIDTH, HEIGHT = 320, 240
PREFIXES = (
    "please pick up", "please give me", "please find", "pick up", "give me", "find", "grab", "show me",
    "point to", "hand me", "take", "bring me", "select", "segment", "where is",
)  # fmt: skip
SINGULAR = {plural: noun for noun, plural in PLURALS.items()}
SIZE_OF = {"small": "small", "little": "small", "large": "large", "big": "large"}
COMPARED = {"smaller": "small", "smallest": "small"} | dict.fromkeys(
    ("larger", "bigger", "largest", "biggest"), "large"
)
PLACES = {
    "on left side": "left", "on left": "left", "on right side": "right", "on right": "right",
    "at front": "front", "in front": "front", "at back": "back", "in back": "back",
    "in middle": "middle", "in center": "middle",
}  # fmt: skip
EXTREMES = {
    "farthest to left": "left", "on far left": "left", "farthest to right": "right", "on far right": "right",
    "nearest to camera": "near", "closest to camera": "near", "closest to me": "near",
    "farthest from camera": "far", "farthest away": "far",
}  # fmt: skip
EXTREME_WORDS = {
    "leftmost": "left", "rightmost": "right", "nearest": "near", "closest": "near", "farthest": "far",
}  # fmt: skip
RELATIONS = {
    "to left of": "left", "left of": "left", "to right of": "right", "right of": "right",
    "in front of": "front", "behind": "behind", "next to": "next", "beside": "next",
}  # fmt: skip


def random_objects(rng: np.random.Generator, count: int) -> list[SceneObject]:
    """Objects anywhere in the picture; attributes repeat often."""
    objects = []
    for _ in range(count):
        x, y = rng.uniform(10, WIDTH - 10), rng.uniform(10, HEIGHT - 30)
        foot = (float(x + rng.uniform(-3, 3)), float(y + rng.uniform(2, 25)))
        objects.append(
            SceneObject(
                noun=NOUNS[int(rng.integers(4))],
                colour=COLOURS[int(rng.integers(4))],
                size=SIZES[int(rng.integers(2))],
                position=((foot[0] - 160) / 400, (foot[1] - 120) / 250, 0.0),
                radius=float(rng.uniform(0.02, 0.09)),
                pixels=300,
                bbox=(int(x) - 9, int(y) - 9, int(x) + 9, int(y) + 9),
                centroid=(float(x), float(y)),
                foot=foot,
            )
        )
    return objects


class Reader:
    """Understands a sentence by its words alone, without margins."""

    def __init__(self, objects: list[SceneObject]) -> None:
        self.objects = objects

    def read(self, text: str) -> list[int]:
        for prefix in PREFIXES:
            if text.startswith(prefix + " "):
                text = text[len(prefix) + 1 :]
                break
        words = [word for word in text.removesuffix(" please").split() if word != "the"]
        if words[0] == "everything" or words == ["all", "objects", "on", "table"]:
            return list(range(len(self.objects)))
        if words[0] in ("all", "every", "each", "both", "two"):
            found, plural = self.phrase(words[1:])
            assert plural == (words[0] not in ("every", "each"))
            assert words[0] not in ("both", "two") or len(found) == 2
            return found
        found, _ = self.phrase(words)
        return found

    def phrase(self, words: list[str]) -> tuple[list[int], bool]:
        """Objects meant by [adjectives] noun [rest]; and whether the noun is a plural."""
        found, chooser, k = list(range(len(self.objects))), None, 0
        while words[k] not in NOUNS and words[k] not in SINGULAR and words[k] not in ("object", "thing"):
            word = words[k]
            if word in SIZE_OF:
                found = [i for i in found if self.objects[i].size == SIZE_OF[word]]
            elif word in COLOURS:
                found = [i for i in found if self.objects[i].colour == word]
            else:
                chooser = word
            k += 1
        noun = SINGULAR.get(words[k], words[k])
        if noun in NOUNS:
            found = [i for i in found if self.objects[i].noun == noun]
        return self.rest(self.choose(found, chooser), words[k + 1 :]), words[k] in SINGULAR

    def choose(self, found: list[int], chooser: str | None) -> list[int]:
        if chooser is None or not found:
            return found
        if chooser in COMPARED:
            assert (len(found) == 2) or not chooser.endswith("er"), "a comparative compares two"
            return [i for i in found if self.objects[i].size == COMPARED[chooser]]
        if chooser in EXTREME_WORDS:
            return [max(found, key=lambda i: self.along(EXTREME_WORDS[chooser], i))]
        return [i for i in found if self.placed(chooser, i)]

    def rest(self, found: list[int], words: list[str]) -> list[int]:
        text = " ".join(words)
        if not text:
            return found
        if text in EXTREMES:
            return [max(found, key=lambda i: self.along(EXTREMES[text], i))] if found else []
        if text in PLACES:
            return [i for i in found if self.placed(PLACES[text], i)]
        if words[0] == "and":
            other, _ = self.phrase(words[1:])
            return sorted({*found, *other})
        if words[0] == "between":
            cut = words.index("and")
            (first, _), (second, _) = self.phrase(words[1:cut]), self.phrase(words[cut + 1 :])
            return [
                i for i in found for j in first for k in second if i not in (j, k) and self.between(i, j, k)
            ]
        for phrase, relation in RELATIONS.items():
            if text.startswith(phrase + " "):
                anchors, _ = self.phrase(text[len(phrase) + 1 :].split())
                assert len(anchors) < 2, "the anchor is ambiguous"
                return [i for i in found for j in anchors if i != j and self.related(relation, i, j)]
        raise AssertionError(f"cannot read {text!r}")

    def along(self, direction: str, i: int) -> float:
        item = self.objects[i]
        return {
            "left": -item.centroid[0],
            "right": item.centroid[0],
            "near": item.foot[1],
            "far": -item.foot[1],
        }[direction]

    def placed(self, place: str, i: int) -> bool:
        item = self.objects[i]
        x, y, foot = item.centroid[0] / WIDTH, item.centroid[1] / HEIGHT, item.foot[1] / HEIGHT
        return {
            "left": x < 0.48,
            "right": x > 0.52,
            "front": foot > 0.54,
            "back": foot < 0.48,
            "middle": abs(x - 0.5) < 0.16 and abs(y - 0.5) < 0.19,
        }[place]

    def related(self, relation: str, i: int, j: int) -> bool:
        a, b = self.objects[i], self.objects[j]
        dx, dy = a.centroid[0] - b.centroid[0], a.foot[1] - b.foot[1]
        apart = hypot(a.position[0] - b.position[0], a.position[1] - b.position[1])
        return {
            "left": dx < -12,
            "right": dx > 12,
            "front": dy > 12,
            "behind": dy < -12,
            "next": apart - a.radius - b.radius < 0.085,
        }[relation]

    def between(self, i: int, j: int, k: int) -> bool:
        p, a, b = (np.array(self.objects[n].position[:2]) for n in (i, j, k))
        along = float((p - a) @ (b - a) / ((b - a) @ (b - a)))
        return 0 < along < 1 and float(np.linalg.norm(a + along * (b - a) - p)) < 0.35 * np.linalg.norm(b - a)


def many(seeds: range, count: int = 30) -> list[tuple[list[SceneObject], Expression]]:
    pairs = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        objects = random_objects(rng, int(rng.integers(1, 9)))
        pairs += [(objects, e) for e in expressions(objects, (WIDTH, HEIGHT), rng, count)]
    return pairs


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 8))
def test_every_sentence_means_exactly_its_targets(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    objects = random_objects(rng, count)
    for e in expressions(objects, (WIDTH, HEIGHT), rng, 40):
        assert Reader(objects).read(e.text) == list(e.targets), e


def test_kinds_agree_with_the_number_of_targets() -> None:
    for objects, e in many(range(60)):
        assert e.kind in KINDS
        if e.kind == "absent":
            assert e.targets == ()
        elif e.kind == "several":
            assert 2 <= len(e.targets) <= len(objects)
        else:
            assert len(e.targets) == 1


def test_the_vocabulary_is_complete_and_holds_nothing_else() -> None:
    words = vocabulary()
    assert list(words) == sorted(set(words))
    assert all(word.isascii() and word.islower() and word.isalpha() for word in words)
    rng = np.random.default_rng(7)
    seen: set[str] = set()
    for _ in range(500):
        objects = [
            SceneObject(
                **{**vars(o), "noun": NOUNS[int(rng.integers(8))], "colour": COLOURS[int(rng.integers(8))]}
            )
            for o in random_objects(rng, 8)
        ]
        seen |= {word for e in expressions(objects, (WIDTH, HEIGHT), rng, 40) for word in e.text.split()}
    assert seen == set(words)


def test_shares_of_the_kinds() -> None:
    assert sum(SHARES.values()) == pytest.approx(1.0)
    rng = np.random.default_rng(3)
    kinds: Counter[str] = Counter()
    for _ in range(150):
        objects = random_objects(rng, 7)
        kinds.update(e.kind for e in expressions(objects, (WIDTH, HEIGHT), rng, 24))
    total = sum(kinds.values())
    assert total == 150 * 24
    for kind, share in SHARES.items():
        assert kinds[kind] / total == pytest.approx(share, abs=0.06), kinds


def test_absent_sentences_are_mostly_one_change_away_from_something_there() -> None:
    near = total = 0
    for objects, e in many(range(80)):
        head = getattr(e.meaning, "head", None)
        if e.kind != "absent" or head is None or "Placed" in type(e.meaning).__name__:
            continue
        total += 1
        wanted = [
            (name, value) for name in ("size", "colour", "noun") if (value := getattr(head, name)) is not None
        ]
        near += any(sum(getattr(o, name) != value for name, value in wanted) <= 1 for o in objects)
    assert total > 200
    assert near > 0.9 * total


def test_sentences_of_one_scene_differ_and_come_back_for_the_same_seed() -> None:
    objects = random_objects(np.random.default_rng(1), 6)
    first = expressions(objects, (WIDTH, HEIGHT), np.random.default_rng(5), 24)
    again = expressions(objects, (WIDTH, HEIGHT), np.random.default_rng(5), 24)
    other = expressions(objects, (WIDTH, HEIGHT), np.random.default_rng(6), 24)
    assert first == again
    assert first != other
    assert len({e.text for e in first}) == len(first) == 24


def test_one_object_alone_still_gets_sentences() -> None:
    objects = random_objects(np.random.default_rng(2), 1)
    kinds = {e.kind for e in expressions(objects, (WIDTH, HEIGHT), np.random.default_rng(0), 24)}
    assert {"attribute", "absent"} <= kinds
    assert "several" not in kinds and "relation" not in kinds


def test_bad_input_is_named() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="at least one object"):
        expressions([], (WIDTH, HEIGHT), rng, 3)
    with pytest.raises(ValueError, match="0 or more"):
        expressions(random_objects(rng, 2), (WIDTH, HEIGHT), rng, -1)
