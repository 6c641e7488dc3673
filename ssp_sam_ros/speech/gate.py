"""The wake phrase: which sentences are meant for the robot."""

from __future__ import annotations

from collections.abc import Sequence


class Gate:
    """Lets pass what follows the wake phrase, in one breath or within a while after it."""

    def __init__(self, phrase: Sequence[str], window: float) -> None:
        """Set up.

        Args:
            phrase: the words of the wake phrase; empty: everything passes.
            window: seconds after the bare phrase within which a sentence passes.
        """
        self._phrase = tuple(phrase)
        self._window = window
        self._open_until = float("-inf")

    def admit(self, words: Sequence[str], start: float, end: float) -> tuple[tuple[str, ...], str]:
        """The words of a sentence that is meant, or none and the reason why not.

        Args:
            words: as heard.
            start: when the utterance started, seconds on any clock that goes forward.
            end: when it ended.
        """
        count = len(self._phrase)
        if tuple(words[:count]) == self._phrase:
            rest = tuple(words[count:])
            if rest or not count:
                return rest, ""
            self._open_until = end + self._window
            return (), "wake phrase heard, listening"
        if start <= self._open_until:
            self._open_until = float("-inf")
            return tuple(words), ""
        return (), f"without the wake phrase {' '.join(self._phrase)!r}"
