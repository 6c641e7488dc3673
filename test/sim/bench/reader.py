"""A reader of its own: understands a sentence of the bench word by word, without the grammar's forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import hypot

import numpy as np

from ssp_sam_ros.sim.bench.phrases import FRAMES, FRAMES_LOOSE, FRAMES_MANY, FRAMES_ONE
from ssp_sam_ros.sim.bench.scene import BenchObject
from ssp_sam_ros.sim.bench.words import COLOURS, NOUNS

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
    r"on the left( side| hand side)?|to the left|(at|in) the left (side|part) of the table": "left",
    r"on the right( side| hand side)?|to the right|(at|in) the right (side|part) of the table": "right",
    r"(at|in) the front( side| part of the table)?": "front",
    r"(at|in) the back( side| part of the table)?": "back",
    r"in the (middle|center)|in the middle( part)? of the table|at the center of the table": "middle",
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
    "on": r"(?:with|that has) (.+) on it|with (.+) on top|under (.+)|that (.+) is on|on which (.+) is",
    "in": r"(?:with|that has) (.+) in it|with (.+) inside|holding (.+)|that (.+) is in|in which (.+) is",
}
EVERYTHING = (
    "everything", "everything on the table", "all objects", "all the things on the table",
    "every object on the table", "each of the things on the table",
)  # fmt: skip
THEM = set[int]
NOWHERE = -1  # nothing is related to what is not there


class Reader:
    """Understands a sentence by its words alone, without margins; yields every reading."""

    def __init__(self, objects: list[BenchObject]) -> None:
        self.o = objects
        self._read: dict[str, list[THEM]] = {}

    def readings(self, text: str) -> Iterator[THEM]:
        for frame in ("{np}", *FRAMES, *FRAMES_LOOSE, *FRAMES_ONE, *FRAMES_MANY):
            start, end = frame.split("{np}")
            if text.startswith(start) and text.endswith(end) and len(text) > len(start + end):
                yield from self.phrase(text[len(start) : len(text) - len(end)])

    def phrase(self, text: str) -> list[THEM]:
        """Every different reading of a noun phrase."""
        if text not in self._read:
            self._read[text] = []  # a phrase is no part of itself
            self._read[text] = [set(r) for r in dict.fromkeys(map(frozenset, self._phrase(text)))]
        return self._read[text]

    def _phrase(self, text: str) -> Iterator[THEM]:
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
        yield from self.unusual(text)
        if text in EVERYTHING:
            yield set(range(len(self.o)))
        text = re.sub(r"^(all|both|every|each)( one(?= of))?( of)?( the)? ", "", text)
        text = re.sub(r"^(all|the)? ?(two|three|four|five) ", "", text)
        yield from self.described(text.removeprefix("the ").split())

    def unusual(self, text: str) -> Iterator[THEM]:
        """The word orders that training sentences never have."""
        if found := re.match(r"not only (.+) but also (.+)$", text):
            for first in self.phrase(found[1]):
                for second in self.phrase(found[2]):
                    yield first | second
        if found := re.match(r"not (.+) but (?:everything else|all the other (.+))$", text):
            for without in self.phrase(found[1]):
                for those in self.phrase(found[2] or "everything"):
                    yield those - without
        for joint in re.finditer(" the ", text):
            before, after = text[: joint.start()], text[joint.end() :]
            if of := re.match("(?:out of|of|of all) the (.+)", before):
                for those in self.phrase(of[1]):
                    yield from self.described(after.split(), those)
            starts = (r"from the \w+$", "between .+ and ", *(f"({pattern}) the " for pattern in RELATIONS))
            if any(re.match(start, before) for start in starts):
                yield from self.described(f"{after} {before}".split())
        for pattern in RELATIONS:
            if found := re.match(
                f"there is (?P<anchor>.+) find the (?P<core>.+) (?P<by>{pattern}) it$", text
            ):
                yield from self.described("{core} {by} {anchor}".format(**found.groupdict()).split())

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
        text = re.sub(r"^but not the (?:one that is (.+)|(\w+) one)$", r"not \1\2", text)
        for joint in re.finditer(" and ", text):
            for kept in self.conditions(found, text[: joint.start()], chosen):
                yield from self.conditions(kept, text[joint.end() :], chosen)
        if (colour := re.fullmatch(r"in (\w+)", text)) and colour[1] in COLOURS:
            yield {i for i in found if self.o[i].colour == colour[1]}
        if text.startswith(("not ", "that isn't ", "that aren't ")):
            negated = re.sub(r"^(not |that isn't |that aren't )", "", text)
            inner = re.sub(r"^an? ", "", negated)
            related = list(self.anchors(inner))
            for relation, j in related:  # the thing itself is never meant
                yield {i for i in found if NOWHERE != j != i and not self.related(relation, i, j)}
            for kept in self.conditions(found, inner, "") if not related else ():
                yield found - kept
            for those in self.described(inner.split()) if inner != negated or inner == "scissors" else ():
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
            yield {i for i in found if NOWHERE != j != i and self.related(relation, i, j)}
        for relation, pattern in HOLDING.items():
            if match := re.fullmatch(pattern, text):
                for j in self.single(next(group for group in match.groups() if group)):
                    yield {i for i in found if self.holds(i, j, relation)}
        if match := re.match(r"(?:closest to|nearest to|nearest) (.+)$", text):
            for j in self.single(match[1]):
                others = found - {j} if j != NOWHERE else set()
                yield {min(others, key=lambda i: self.apart(i, j))} if others else set()
        if match := re.match(r"(?:between|in the middle of) (.+) and (.+)$", text):
            for j in self.single(match[1]):
                for k in self.single(match[2]):
                    yield {i for i in found - {j, k} if NOWHERE not in (j, k) and self.between(i, j, k)}

    def anchors(self, text: str) -> Iterator[tuple[str, int]]:
        """A relation and the one thing to which it is."""
        for pattern, relation in RELATIONS.items():
            if match := re.match(f"({pattern}) (the .+|.+)$", text):
                for j in self.single(text[match.end(1) + 1 :]):
                    yield relation, j

    def single(self, text: str) -> Iterator[int]:
        """The one thing meant; NOWHERE where there is none."""
        for those in self.phrase(text):
            if len(those) < 2:
                yield min(those, default=NOWHERE)

    def holds(self, i: int, j: int, relation: str) -> bool:
        return j != NOWHERE and self.o[j].holder == i and self.o[j].held == relation

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
        if (a == b).all():  # one is on the other
            return False
        along = float((p - a) @ (b - a) / ((b - a) @ (b - a)))
        return 0 < along < 1 and float(np.linalg.norm(a + along * (b - a) - p)) < 0.35 * np.linalg.norm(b - a)
