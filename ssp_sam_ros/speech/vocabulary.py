"""What may be said: the vocabulary file, checked, and the grammar made from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ssp_sam_ros.speech import patterns
from ssp_sam_ros.speech.patterns import Choice, Pattern, Reference, Sequence, Word
from ssp_sam_ros.speech.vocabulary_file import read

DEFAULT = Path(__file__).with_name("vocabulary.yaml")
_NO_LETTERS = re.compile(r"[^a-z' ]+")


def words_of(text: str) -> tuple[str, ...]:
    """The words of a written text: lower case, without punctuation ("Pick up the mug!" has four)."""
    return tuple(_NO_LETTERS.sub(" ", text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")).split())


@dataclass(frozen=True)
class Vocabulary:
    """Lists, sentences, synonyms and pronunciations.

    Attributes:
        lists: patterns by name, for `{name}` in other patterns; none contains itself.
        sentences: what may be said.
        synonyms: spoken words to the words that are sent instead, both separated by blanks.
        pronunciations: words to their CMUdict phones in one or more ways, beside those of the engine's
            dictionary.
    """

    lists: Mapping[str, Pattern]
    sentences: tuple[Pattern, ...]
    synonyms: Mapping[str, str] = field(default_factory=dict)
    pronunciations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def load(cls, path: str | Path = "") -> Vocabulary:
        """Read a vocabulary file; without one, the language of the small model.

        Raises:
            ValueError: the file is missing or wrong; the text names line and key.
        """
        return cls(**read(Path(path) if path else DEFAULT, DEFAULT))

    @property
    def words(self) -> tuple[str, ...]:
        """Every word that can be said, sorted."""
        roots = (*self.lists.values(), *self.sentences)
        found = {part.text for root in roots for part in patterns.walk(root) if isinstance(part, Word)}
        return tuple(sorted(found))

    def accepts(self, words: Iterable[str]) -> bool:
        """Whether the words, as spoken, are one of the sentences."""
        spoken = tuple(words)
        return any(
            len(spoken) in patterns.ends(sentence, spoken, frozenset((0,)), self.lists)
            for sentence in self.sentences
        )

    def written(self, words: Iterable[str]) -> str:
        """The text to send for spoken words: synonyms replaced, the longest first."""
        text = " ".join(words)
        if not self.synonyms:
            return text
        longest_first = sorted(self.synonyms, key=len, reverse=True)
        spoken = re.compile(rf"(?<!\S)(?:{'|'.join(map(re.escape, longest_first))})(?!\S)")
        return spoken.sub(lambda match: self.synonyms[match[0]], text)

    def jsgf(self, wake_phrase: str = "") -> str:
        """The grammar in JSGF; with a wake phrase it may stand alone or before a sentence."""
        rules = {name: pattern for name, pattern in self.lists.items()}
        rules["sentence"] = Choice(self.sentences)
        top: Pattern = Reference("sentence")
        if wake_phrase:
            rules["wake"] = Sequence(tuple(Word(word) for word in words_of(wake_phrase)))
            top = Choice((top, Sequence((Reference("wake"), top)), Reference("wake")))
        lines = ["#JSGF V1.0;", "grammar speech;", f"public <top> = {patterns.jsgf(top)};"]
        lines += [f"<{name}> = {patterns.jsgf(pattern)};" for name, pattern in rules.items()]
        return "\n".join(lines) + "\n"
