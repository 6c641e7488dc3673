"""What is being asked for: referring expressions with their ids and the stamp from which pictures count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_EXPRESSION = 1000
"""Characters: beyond what any model reads, and a bound on what a message makes the node keep."""


MOST_EXPRESSIONS = 32
"""At once; `max_expressions` may only be less."""


@dataclass(frozen=True)
class Request:
    """One active referring expression; pictures stamped before `stamp` (nanoseconds) are not used for it."""

    expression: str
    id: str
    stamp: int


def same_questions(some: Sequence[Request], others: Sequence[Request]) -> bool:
    """Whether expressions and ids are the same, whatever the stamps."""
    return [(r.expression, r.id) for r in some] == [(r.expression, r.id) for r in others]


def check_texts(texts: Sequence[str], most: int) -> None:
    """See that expressions are neither too many nor too long.

    Raises:
        ValueError: they are.
    """
    for text in texts:
        if len(text) > LONGEST_EXPRESSION:
            raise ValueError(f"an expression has {len(text)} characters, {LONGEST_EXPRESSION} are allowed")
    if len(texts) > most:
        raise ValueError(f"{len(texts)} expressions at once, but max_expressions is {most}")


class RequestIntake:
    """Turns what arrives on the topics into requests and numbers those that carry no id."""

    def __init__(self, max_expressions: int) -> None:
        self.max_expressions = max_expressions
        self._count = 0
        self._latest: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        self._requests: tuple[Request, ...] = ()

    def take(self, ids: Sequence[str], texts: Sequence[str], stamp: int, now: int) -> tuple[Request, ...]:
        """The requests of a message; no texts, or empty ones alone, clear.

        The same message once more (`ros2 topic pub` repeats itself) gives the very same requests: with a new
        stamp each time, a picture would hardly ever be new enough. With a stamp of its own it replaces the
        requests, whose ids stay.

        Args:
            ids: one for each text, or none at all.
            texts: referring expressions; an empty one among others stays and will be answered with FAILED.
            stamp: nanoseconds; 0 means now.
            now: nanoseconds.

        Raises:
            ValueError: too many expressions, one too long, ids that repeat, or not one id for each text.
        """
        check_texts(texts, self.max_expressions)
        if ids and len(ids) != len(texts):
            raise ValueError(f"{len(ids)} ids for {len(texts)} expressions; give one each, or none")
        if len(set(ids)) != len(ids):
            raise ValueError(f"ids repeat: {', '.join(ids)}")
        texts = [text.strip() for text in texts]
        if not any(texts):
            ids = texts = ()
        message = tuple(ids), tuple(texts)
        if stamp or message != self._latest:
            if message == self._latest:  # with another stamp: still the same questions
                names: Sequence[str] = [request.id for request in self._requests]
            else:
                names = ids or [self._next_id() for _ in texts]
            self._latest = message
            self._requests = tuple(
                Request(text, name, stamp or now) for text, name in zip(texts, names, strict=True)
            )
        return self._requests

    def refusal(self, texts: Sequence[str]) -> str:
        """Why a call with these texts cannot be answered, "" where it can."""
        if not texts:
            return "no expression was given"
        try:
            check_texts(texts, self.max_expressions)
        except ValueError as error:
            return f"refused: {error}"
        return ""

    def forget(self) -> None:
        """Time has jumped back: the same message once more is to be stamped anew."""
        self._latest, self._requests = ((), ()), ()

    def _next_id(self) -> str:
        self._count += 1
        return str(self._count)
