"""From an expression to token ids (network.md, "Inputs").

The byte-pair encoding is open_clip's (ftfy, HTML unescape, lower case). A variant with a vocabulary of its
own keeps only the byte-pair pieces of its words, renumbered so that 0 stays the padding and the end token
stays the largest id. A variant with a tokenizer file reads with that file (`tokenizer_file.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from . import compat  # noqa: F401  (must come before open_clip imports torchvision)
from .variant import Variant

PADDING = 0
_PUNCTUATION = (".", ",")
# Words that tell nothing of which object is meant; where a vocabulary lacks them they are left out.
DETERMINERS = frozenset(["a", "an", "this", "that", "these", "those", "some", "my", "your", "our"])
_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*", re.UNICODE)


@lru_cache(maxsize=1)
def _bpe() -> Any:
    from open_clip.tokenizer import SimpleTokenizer

    return SimpleTokenizer()


@dataclass(frozen=True)
class Encoding:
    """One expression as the network reads it.

    ids: (context,) int64. text: the templated sentence.
    truncated: whether pieces were cut to fit the context.
    unknown_words: words outside the variant's vocabulary, in order, but for determiners, which need no
        answer; the pieces of neither are in `ids`.
    """

    ids: np.ndarray
    text: str
    truncated: bool = False
    unknown_words: tuple[str, ...] = ()


class Tokenizer(Protocol):
    """Callable: expression -> Encoding, for one variant."""

    context: int

    def __call__(self, expression: str) -> Encoding:
        """Encode one expression. Raises TypeError if it is not text."""


def template(expression: str) -> str:
    """Strip, lower-case, append "." (always, even after one). Raises TypeError if it is not text."""
    if not isinstance(expression, str):
        raise TypeError(f"an expression is text, not {type(expression).__name__}")
    return expression.strip().lower() + "."


def words(expression: str) -> list[str]:
    """The words of an expression, lower-cased, in order: what a variant's vocabulary is a list of."""
    return _WORD.findall(expression.lower())


def piece_table(vocabulary: Iterable[str]) -> list[int]:
    """Byte-pair ids that the words of `vocabulary` and the punctuation need, sorted."""
    pieces: set[int] = set()
    for word in (*vocabulary, *_PUNCTUATION):
        pieces.update(_bpe().encode(word))
    return sorted(pieces)


def vocabulary_size(variant: Variant) -> int:
    """Rows of the variant's token embedding: its pieces, or CLIP's 49408."""
    if variant.text.tokenizer_pieces is not None:
        return variant.text.tokenizer_pieces
    if variant.vocabulary is None:
        return int(_bpe().vocab_size)
    return len(piece_table(variant.vocabulary)) + 3  # padding, start, end


class ClipTokenizer:
    """CLIP's byte pairs: expression -> Encoding, for one variant."""

    def __init__(self, variant: Variant) -> None:
        bpe = _bpe()
        self.context = variant.text.context
        self.start, self.end = int(bpe.sot_token_id), int(bpe.eot_token_id)
        self._words: frozenset[str] | None = None
        self._renumber: dict[int, int] | None = None
        if variant.vocabulary is not None:
            self._words = frozenset(variant.vocabulary)
            pieces = piece_table(variant.vocabulary)
            self._renumber = {piece: i + 1 for i, piece in enumerate(pieces)}
            self.start, self.end = len(pieces) + 1, len(pieces) + 2

    def __call__(self, expression: str) -> Encoding:
        """Encode one expression. Raises TypeError if it is not text."""
        text = template(expression)
        unknown: tuple[str, ...] = ()
        known = text
        if self._words is not None:
            words = _WORD.findall(text)
            unknown = tuple(dict.fromkeys(w for w in words if w not in self._words | DETERMINERS))
            known = " ".join(w for w in words if w in self._words) + "."
        pieces = [int(i) for i in _bpe().encode(known)]
        if self._renumber is not None:
            pieces = [self._renumber[i] for i in pieces if i in self._renumber]
        ids = [self.start, *pieces, self.end]
        truncated = len(ids) > self.context
        if truncated:
            ids = [*ids[: self.context - 1], self.end]
        row = np.full(self.context, PADDING, np.int64)
        row[: len(ids)] = ids
        return Encoding(row, text, truncated, unknown)


def build_tokenizer(variant: Variant, folders: Sequence[Path] = ()) -> Tokenizer:
    """The tokenizer of `variant`; `folders` are looked through first where it wants a file of its own.

    Raises:
        TokenizerFileError: if that file is missing or cannot be read.
    """
    if variant.text.tokenizer_file is None:
        return ClipTokenizer(variant)
    from .tokenizer_file import FileTokenizer, find_tokenizer_file

    return FileTokenizer(variant, find_tokenizer_file(variant.text.tokenizer_file, folders))
