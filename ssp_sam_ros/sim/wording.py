"""From a meaning to words. The tables below are the whole language: `vocabulary` reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from .meaning import All, Between, Both, Compared, Extreme, Head, Meaning, One, Placed, Related
from .words import COLOURS, NOUNS, PLURALS

T = TypeVar("T")
Uniform = Callable[[], float]  # returns a float in [0, 1)

GENERIC = ("object", "thing")
SIZE_WORDS = {"small": ("small", "small", "little"), "large": ("large", "large", "big")}
LARGER = {"small": ("smaller",), "large": ("larger", "bigger")}
LARGEST = {"small": ("smallest",), "large": ("largest", "biggest")}
PREFIXES = (
    "pick up", "give me", "find", "please find", "grab", "show me", "point to", "hand me", "take", "bring me",
    "select", "please give me", "please pick up", "segment",
)  # fmt: skip
SINGULAR_PREFIXES = ("where is",)
SUFFIX = "please"
# {the}: article or nothing; {core}: adjectives and noun; {cores}: the same in the plural.
PLACED = {
    "left": ("{the}{core} on the left", "{the}{core} on the left side", "{the}left {core}"),
    "right": ("{the}{core} on the right", "{the}{core} on the right side", "{the}right {core}"),
    "front": ("{the}{core} at the front", "{the}{core} in the front"),
    "back": ("{the}{core} at the back", "{the}{core} in the back"),
    "middle": ("{the}{core} in the middle", "{the}{core} in the center"),
}
EXTREME = {
    "leftmost": ("{the}leftmost {core}", "{the}{core} farthest to the left", "{the}{core} on the far left"),
    "rightmost": (
        "{the}rightmost {core}",
        "{the}{core} farthest to the right",
        "{the}{core} on the far right",
    ),
    "nearest": (
        "{the}nearest {core}",
        "{the}closest {core}",
        "{the}{core} nearest to the camera",
        "{the}{core} closest to the camera",
        "{the}{core} closest to me",
    ),
    "farthest": ("{the}farthest {core}", "{the}{core} farthest from the camera", "{the}{core} farthest away"),
}
RELATED = {
    "left": ("left of", "to the left of"),
    "right": ("right of", "to the right of"),
    "front": ("in front of",),
    "behind": ("behind",),
    "next": ("next to", "beside"),
}
ALL = ("all {cores}", "all the {cores}", "every {core}", "the {cores}", "each {core}")
ALL_TWO = ("both {cores}", "the two {cores}")
ALL_PLACED = {
    place: tuple(
        f"{front} {where}" for front in ("all {cores}", "every {core}", "the {cores}") for where in phrases
    )
    for place, phrases in {
        "left": ("on the left", "on the left side"),
        "right": ("on the right", "on the right side"),
        "front": ("at the front",),
        "back": ("at the back",),
        "middle": ("in the middle",),
    }.items()
}
EVERYTHING = (
    "everything",
    "everything on the table",
    "all objects",
    "all the objects on the table",
    "all things",
)
BETWEEN = "{first} between {second} and {third}"
AND = "{first} and {second}"


def pick(options: Sequence[T], uniform: Uniform) -> T:
    """One of the options."""
    return options[int(uniform() * len(options))]


class Speaker:
    """Puts a meaning into words with random synonyms.

    Args:
        uniform: source of random numbers in [0, 1).
    """

    def __init__(self, uniform: Uniform) -> None:
        """Remember the source."""
        self._uniform = uniform

    def say(self, meaning: Meaning, count: int) -> str:
        """The words; `count` is the number of targets (it decides between "both" and "all").

        Raises:
            TypeError: a meaning of an unknown class.
        """
        uniform = self._uniform
        style = uniform()
        the = "the " if style < 0.72 else ""
        anchor_the = the if style < 0.86 else "the "
        text = self._description(meaning, count, the, anchor_the)
        chance = uniform()
        if chance < 0.3:
            text = f"{pick(PREFIXES, uniform)} {text}"
        elif chance < 0.33 and not isinstance(meaning, All | Both):
            text = f"{pick(SINGULAR_PREFIXES, uniform)} {text}"
        elif chance < 0.37:
            text = f"{text} {SUFFIX}"
        return text

    def _description(self, meaning: Meaning, count: int, the: str, anchor_the: str) -> str:
        uniform, core = self._uniform, self.core
        if isinstance(meaning, One):
            return the + core(meaning.head)
        if isinstance(meaning, Placed):
            return pick(PLACED[meaning.place], uniform).format(the=the, core=core(meaning.head))
        if isinstance(meaning, Extreme):
            return pick(EXTREME[meaning.which], uniform).format(the=the, core=core(meaning.head))
        if isinstance(meaning, Compared):
            # "the larger of two, the largest of several"; with none in the scene either will do
            words = LARGER if count == 2 or (count == 0 and uniform() < 0.5) else LARGEST
            return f"{the}{pick(words[meaning.size], uniform)} {core(meaning.head)}"
        if isinstance(meaning, Related):
            relation = pick(RELATED[meaning.relation], uniform)
            return f"{the}{core(meaning.head)} {relation} {anchor_the}{core(meaning.anchor)}"
        if isinstance(meaning, Between):
            first, second = anchor_the + core(meaning.first), anchor_the + core(meaning.second)
            return BETWEEN.format(first=the + core(meaning.head), second=first, third=second)
        if isinstance(meaning, All):
            return self._all(meaning, count)
        if isinstance(meaning, Both):
            return AND.format(first=the + core(meaning.first), second=anchor_the + core(meaning.second))
        raise TypeError(f"no words for {meaning!r}")

    def _all(self, meaning: All, count: int) -> str:
        uniform, head = self._uniform, meaning.head
        if meaning.place is None and head == Head():
            return pick(EVERYTHING, uniform)
        if meaning.place is not None:
            template = pick(ALL_PLACED[meaning.place], uniform)
        elif count == 2 and uniform() < 0.6:
            template = pick(ALL_TWO, uniform)
        else:
            template = pick(ALL, uniform)
        noun = head.noun or pick(GENERIC, uniform)
        adjectives = self._adjectives(head)
        return template.format(core=adjectives + noun, cores=adjectives + PLURALS[noun])

    def core(self, head: Head) -> str:
        """Adjectives and noun, without an article."""
        return self._adjectives(head) + (head.noun or pick(GENERIC, self._uniform))

    def _adjectives(self, head: Head) -> str:
        size = f"{pick(SIZE_WORDS[head.size], self._uniform)} " if head.size else ""
        return f"{size}{head.colour} " if head.colour else size


def vocabulary() -> tuple[str, ...]:
    """Every word that any sentence can contain, sorted, lower-case ASCII."""
    tables = (PLACED, EXTREME, RELATED, ALL_PLACED, SIZE_WORDS, LARGER, LARGEST)
    phrases = [phrase for table in tables for phrases in table.values() for phrase in phrases]
    phrases += [
        *PREFIXES,
        *SINGULAR_PREFIXES,
        SUFFIX,
        *ALL,
        *ALL_TWO,
        *EVERYTHING,
        BETWEEN,
        AND,
        "the",
        *GENERIC,
    ]
    phrases += [*COLOURS, *NOUNS, *PLURALS.values()]
    text = " ".join(phrases).replace("{the}", "")
    return tuple(sorted({word for word in text.split() if not word.startswith("{")}))
