"""Sentence patterns, JSGF's notation with lists in braces: `[the] {colour} (mug | cup)`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

WORD = re.compile(r"[a-z][a-z']*\Z")
_TOKEN = re.compile(r"\s*([\[\]()|]|\{\w+\}|[^\s\[\]()|{}]+|.)")


@dataclass(frozen=True)
class Word:
    """A spoken word, lower case."""

    text: str


@dataclass(frozen=True)
class Reference:
    """Any entry of a list of the vocabulary."""

    name: str


@dataclass(frozen=True)
class Sequence:
    """One after the other."""

    parts: tuple[Pattern, ...]


@dataclass(frozen=True)
class Choice:
    """One of several."""

    options: tuple[Pattern, ...]


@dataclass(frozen=True)
class Maybe:
    """This or nothing."""

    part: Pattern


Pattern = Word | Reference | Sequence | Choice | Maybe
Lists = Mapping[str, Pattern]


def parse(text: str) -> Pattern:
    """The pattern that a text writes down.

    Raises:
        ValueError: it is none; the message says where.
    """
    tokens = _TOKEN.findall(text)
    pattern, rest = _choice(tokens, text)
    if rest:
        raise ValueError(f"unexpected {rest[0]!r} in {text!r}")
    return pattern


def _choice(tokens: list[str], text: str) -> tuple[Pattern, list[str]]:
    options = []
    while True:
        option, tokens = _sequence(tokens, text)
        options.append(option)
        if not tokens or tokens[0] != "|":
            return (options[0] if len(options) == 1 else Choice(tuple(options))), tokens
        tokens = tokens[1:]


def _sequence(tokens: list[str], text: str) -> tuple[Pattern, list[str]]:
    parts: list[Pattern] = []
    while tokens and tokens[0] not in ("|", "]", ")"):
        token, tokens = tokens[0], tokens[1:]
        if token in ("[", "("):
            inner, tokens = _choice(tokens, text)
            closing = "]" if token == "[" else ")"
            if not tokens or tokens[0] != closing:
                raise ValueError(f"{token!r} without its {closing!r} in {text!r}")
            parts.append(Maybe(inner) if token == "[" else inner)
            tokens = tokens[1:]
        elif token.startswith("{") and token.endswith("}"):
            parts.append(Reference(token[1:-1]))
        elif WORD.match(token):
            parts.append(Word(token))
        else:
            raise ValueError(
                f"{token!r} in {text!r} is not a word: lower-case letters and apostrophes only, "
                "numbers and abbreviations as they are spoken"
            )
    if not parts:
        raise ValueError(f"nothing stands where words are expected in {text!r}")
    return (parts[0] if len(parts) == 1 else Sequence(tuple(parts))), tokens


def jsgf(pattern: Pattern) -> str:
    """The pattern in JSGF; a list becomes the rule of its name."""
    match pattern:
        case Word(text):
            return text
        case Reference(name):
            return f"<{name}>"
        case Sequence(parts):
            return " ".join(f"({jsgf(part)})" if isinstance(part, Choice) else jsgf(part) for part in parts)
        case Choice(options):
            return " | ".join(map(jsgf, options))
        case Maybe(part):
            return f"[{jsgf(part)}]"


def children(pattern: Pattern) -> tuple[Pattern, ...]:
    """The patterns directly inside."""
    match pattern:
        case Sequence(parts):
            return parts
        case Choice(options):
            return options
        case Maybe(part):
            return (part,)
        case _:
            return ()


def walk(pattern: Pattern) -> Iterator[Pattern]:
    """The pattern and all inside it."""
    yield pattern
    for child in children(pattern):
        yield from walk(child)


def ends(pattern: Pattern, words: tuple[str, ...], starts: frozenset[int], lists: Lists) -> frozenset[int]:
    """Where the pattern can end in `words`, from any of the places where it may start.

    Lists must not contain themselves.
    """
    match pattern:
        case Word(text):
            return frozenset(i + 1 for i in starts if i < len(words) and words[i] == text)
        case Reference(name):
            return ends(lists[name], words, starts, lists)
        case Sequence(parts):
            for part in parts:
                starts = ends(part, words, starts, lists)
            return starts
        case Choice(options):
            return frozenset().union(*(ends(option, words, starts, lists) for option in options))
        case Maybe(part):
            return starts | ends(part, words, starts, lists)
