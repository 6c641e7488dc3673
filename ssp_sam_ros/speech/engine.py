"""What a speech recogniser is to the rest of this package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

RATE = 16000
"""Samples a second that every engine takes."""


@dataclass(frozen=True)
class Hypothesis:
    """What an engine has heard in one utterance.

    Attributes:
        text: words as spoken, lower case, separated by blanks; "" where nothing was made out.
        confidence: 0 to 1, that the text is what was said.
    """

    text: str
    confidence: float


class Engine(Protocol):
    """A recogniser that is fed one utterance after the other.

    `name` is what logs call it. `bounded` says that it hears nothing but the vocabulary's sentences.
    """

    name: str
    bounded: bool

    def accept(self, chunk: np.ndarray) -> None:
        """Take the next samples of the utterance: int16 (N,), mono, 16 kHz."""

    def finish(self) -> Hypothesis:
        """End the utterance; what was heard in it."""


INSTALL_HINT = "in the checkout of ssp_sam_ros: pip install -c constraints.txt -e '.[speech]'"
"""How to get the libraries of the extra `speech`."""


class MissingEngineError(ImportError):
    """The library of an engine is not installed; the text says how to get it."""
