"""Reads vocabulary files; every error names file, line and key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from ssp_sam_ros.speech import patterns
from ssp_sam_ros.speech.patterns import Choice, Pattern, Reference

KEYS = (
    "extends", "nouns", "colours", "sizes", "relations", "phrases", "sentences", "synonyms", "pronunciations"
)  # fmt: skip
_LISTS = {"colours": "colour", "sizes": "size", "relations": "relation"}
"""Keys with a list of patterns, and the list that they make."""
_RESERVED = ("sentence", "wake", "top", "noun", "nouns", *_LISTS.values())
# The 39 phones of CMUdict, as the US English model has them.
_PHONES = frozenset(
    (
        *("AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH"),
        *("IY", "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V"),
        *("W", "Y", "Z", "ZH"),
    )
)


def read(path: Path, default: Path) -> dict[str, Any]:
    """The fields of a Vocabulary.

    Args:
        path: the file.
        default: what `extends: default` means.

    Raises:
        ValueError: it cannot be read or something in it is wrong.
    """
    reader = _Reader(path)
    reader.take(default)
    return reader.fields()


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._root = _compose(path)
        self._lists: dict[str, Pattern] = {}
        self._sentences: list[Pattern] = []
        self._synonyms: dict[str, str] = {}
        self._pronunciations: dict[str, tuple[str, ...]] = {}
        self._references: list[tuple[yaml.Node, str, Pattern]] = []

    def take(self, default: Path) -> None:
        """Read all keys."""
        given = dict(self._pairs(self._root, "the file"))
        nodes = {}
        for key, node in given.items():
            if key.value not in KEYS:
                raise self._error(key, f"unknown key {key.value!r}; known are {', '.join(KEYS)}")
            nodes[key.value] = node
        if "extends" in nodes:
            if self._text(nodes["extends"], "extends") != "default":
                raise self._error(nodes["extends"], "extends: only 'default' can be extended")
            fields = read(default, default)
            self._lists.update(fields["lists"])
            self._sentences += fields["sentences"]
            self._synonyms.update(fields["synonyms"])
            self._pronunciations.update(fields["pronunciations"])
        if "nouns" in nodes:
            self._nouns(nodes["nouns"])
        for key, name in _LISTS.items():
            if key in nodes:
                self._add(name, [self._pattern(item, key) for item in self._items(nodes[key], key)])
        for key, node in self._entries(nodes, "phrases"):
            if key.value in _RESERVED or not key.value.isidentifier():
                raise self._error(key, f"phrases: {key.value!r} cannot be the name of a list")
            self._lists[key.value] = self._pattern(node, f"phrases.{key.value}")
        if "sentences" in nodes:
            items = self._items(nodes["sentences"], "sentences")
            self._sentences += [self._pattern(item, "sentences") for item in items]
        for key, node in self._entries(nodes, "synonyms"):
            self._synonym(key, node)
        for key, node in self._entries(nodes, "pronunciations"):
            self._pronunciation(key, node)
        if not self._sentences:
            raise self._error(self._root, "there are no sentences: add the key, or 'extends: default'")
        self._check_references()

    def fields(self) -> dict[str, Any]:
        """What was read."""
        return {
            "lists": self._lists,
            "sentences": tuple(self._sentences),
            "synonyms": self._synonyms,
            "pronunciations": self._pronunciations,
        }

    # --- the parts ----------------------------------------------------------------------------------------

    def _nouns(self, node: yaml.Node) -> None:
        singular, plural = [], []
        for key, value in self._pairs(node, "nouns"):
            singular.append(self._pattern(key, "nouns"))
            plural.append(self._pattern(value, f"nouns.{key.value}"))
        self._add("noun", singular)
        self._add("nouns", plural)

    def _add(self, name: str, more: list[Pattern]) -> None:
        old = self._lists.get(name)
        known = old.options if isinstance(old, Choice) else () if old is None else (old,)
        self._lists[name] = Choice(tuple(dict.fromkeys((*known, *more))))

    def _synonym(self, key: yaml.Node, node: yaml.Node) -> None:
        """`cup: mug`: said like the one, sent as the other, in singular and plural where both are nouns."""
        spoken, sent = self._phrase(key, "synonyms"), self._phrase(node, f"synonyms.{key.value}")
        self._synonyms[spoken] = sent
        target = patterns.parse(sent)
        holders = [
            name
            for name, pattern in self._lists.items()
            if target in (pattern.options if isinstance(pattern, Choice) else (pattern,))
        ]
        if not holders:
            raise self._error(node, f"synonyms.{key.value}: {sent!r} is in none of the lists")
        for name in holders:
            self._add(name, [patterns.parse(spoken)])

    def _pronunciation(self, key: yaml.Node, node: yaml.Node) -> None:
        where = f"pronunciations.{key.value}"
        if not patterns.WORD.match(key.value):
            raise self._error(key, f"pronunciations: {key.value!r} is not a word in lower-case letters")
        ways = [way.split() for way in self._text(node, where).split("|")]
        if not all(ways):
            raise self._error(node, f"{where}: there are no phones")
        wrong = [phone for way in ways for phone in way if phone not in _PHONES]
        if wrong:
            known = ", ".join(sorted(_PHONES))
            raise self._error(node, f"{where}: {wrong[0]!r} is no phone; CMUdict's are {known}")
        self._pronunciations[key.value] = tuple(map(" ".join, ways))

    def _check_references(self) -> None:
        for node, where, pattern in self._references:
            for name in _names(pattern):
                if name not in self._lists:
                    known = ", ".join(sorted(self._lists))
                    raise self._error(node, f"{where}: there is no list {{{name}}}; there are {known}")
        for node, where, pattern in self._references:
            self._check_circle(pattern, (), node, where)

    def _check_circle(self, pattern: Pattern, path: tuple[str, ...], node: yaml.Node, where: str) -> None:
        for name in _names(pattern):
            if name in path:
                raise self._error(node, f"{where}: {{{name}}} contains itself")
            self._check_circle(self._lists[name], (*path, name), node, where)

    # --- nodes of the file --------------------------------------------------------------------------------

    def _pattern(self, node: yaml.Node, where: str) -> Pattern:
        try:
            pattern = patterns.parse(self._text(node, where))
        except ValueError as error:
            raise self._error(node, f"{where}: {error}") from None
        self._references.append((node, where, pattern))
        return pattern

    def _phrase(self, node: yaml.Node, where: str) -> str:
        words = self._text(node, where).split()
        if not words or not all(map(patterns.WORD.match, words)):
            raise self._error(node, f"{where}: {node.value!r} must be words in lower-case letters")
        return " ".join(words)

    def _text(self, node: yaml.Node, where: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or node.tag != "tag:yaml.org,2002:str":
            value = getattr(node, "value", "")
            hint = f"; put {value!r} in quotes" if isinstance(value, str) and value else ""
            raise self._error(node, f"{where}: expected a text{hint}")
        return str(node.value)

    def _items(self, node: yaml.Node, where: str) -> list[yaml.Node]:
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            raise self._error(node, f"{where}: expected a list")
        return list(node.value)

    def _entries(self, nodes: dict[str, yaml.Node], key: str) -> Iterator[tuple[Any, yaml.Node]]:
        return self._pairs(nodes[key], key) if key in nodes else iter(())

    def _pairs(self, node: yaml.Node, where: str) -> Iterator[tuple[Any, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            raise self._error(node, f"{where}: expected 'name: value' pairs")
        seen = set()
        for key, value in node.value:
            name = self._text(key, where)
            if name in seen:
                raise self._error(key, f"{where}: {name!r} stands there twice")
            seen.add(name)
            yield key, value

    def _error(self, node: yaml.Node, text: str) -> ValueError:
        return ValueError(f"vocabulary {self._path}, line {node.start_mark.line + 1}: {text}")


def _names(pattern: Pattern) -> list[str]:
    return [part.name for part in patterns.walk(pattern) if isinstance(part, Reference)]


def _compose(path: Path) -> yaml.Node:
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise ValueError(f"vocabulary {path}: {error.strerror or error}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"vocabulary {path} is not YAML: {error}") from None
    except RecursionError:
        raise ValueError(f"vocabulary {path} is nested too deeply") from None
    if root is None:
        raise ValueError(f"vocabulary {path} is empty")
    return root
