"""What the network reads of an expression, and which expressions it is not asked about at all."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ssp_sam_ros.network.tokenizer import Encoding, Tokenizer

LONGEST_TEXT = 2_000
"""Characters read of an expression. Every word becomes a token at least, and no model reads as many."""

LONGEST_WORD = 100
"""Characters read of a word: the time of byte-pair encoding grows with the square of its length."""

_CONTROL = re.compile("[\x00-\x1f\x7f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NAMED_WORDS = 8
_NAMED_LETTERS = 40


@dataclass(frozen=True, eq=False)
class Reading:
    """An expression as the network reads it, or why it is not asked about it.

    Attributes:
        ids: int64 (context,), token ids.
        refusal: why there is no answer, "" if there is one.
        unknown_words: words that the model does not know.
        warnings: what else the user should know, one sentence each.
    """

    ids: np.ndarray
    refusal: str = ""
    unknown_words: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def key(self) -> bytes:
        """What makes two expressions the same: the network reads the same tokens."""
        return self.ids.tobytes()


def read_expression(expression: str, tokenizer: Tokenizer) -> Reading:
    """Whatever text it is, one of two things: token ids to ask about, or a refusal.

    Control characters are read as spaces. A text that does not fit the model's context is cut, with a
    warning. Refused are text that is no Unicode (a lone surrogate), text without a letter or digit, and words
    that the model does not know.

    Raises:
        TypeError: if it is not text.
    """
    if not isinstance(expression, str):
        raise TypeError(f"an expression is text, not {type(expression).__name__}")
    if found := _SURROGATE.search(expression):
        code, place = ord(found[0]), found.start() + 1
        nothing = tokenizer("")
        return Reading(nothing.ids, f"the expression is no Unicode text: character {place} is U+{code:04X}")
    text, cut = _bounded(_CONTROL.sub(" ", expression))
    encoding = tokenizer(text)
    warnings: tuple[str, ...] = ()
    if encoding.truncated:
        warnings = (f"the expression is cut to the {len(encoding.ids)} tokens that the model reads",)
    elif cut:
        warnings = (
            f"the expression is cut to {LONGEST_TEXT:,} characters, {LONGEST_WORD} of each of its words",
        )
    return Reading(encoding.ids, _refusal(encoding), encoding.unknown_words, warnings)


def _bounded(text: str) -> tuple[str, bool]:
    """The text within `LONGEST_TEXT` and `LONGEST_WORD`, and whether anything had to go."""
    if len(text) <= LONGEST_WORD:
        return text, False
    words = [word[:LONGEST_WORD] for word in text[: 50 * LONGEST_TEXT].split()]
    kept = " ".join(words)[:LONGEST_TEXT]
    if len(kept) == len(" ".join(text.split())):
        return text, False
    return kept, True


def _refusal(encoding: Encoding) -> str:
    if not any(character.isalnum() for character in encoding.text):
        return "the expression has no words"
    unknown = encoding.unknown_words
    if not unknown:
        return ""
    named = ", ".join(
        f"'{word if len(word) <= _NAMED_LETTERS else word[:_NAMED_LETTERS] + '…'}'"
        for word in unknown[:_NAMED_WORDS]
    )
    more = f" and {len(unknown) - _NAMED_WORDS:,} more" if len(unknown) > _NAMED_WORDS else ""
    return f"the model does not know the word{'s' if len(unknown) > 1 else ''} {named}{more}"
