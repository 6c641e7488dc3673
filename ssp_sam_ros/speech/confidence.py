"""How sure a grammar's hypothesis is: against the phones that would have fitted best.

A grammar search always finds something. A free loop over all phones hears the same frames without any words;
the closer the words come to it, the more likely they were said (the likelihood ratio of keyword spotting,
Rose and Paul 1990). Both scores are log-likelihoods a frame, so loudness and length do not matter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

# Logistic regression on the development set: `benchmarks/speech.py --fit` prints these.
BIAS = 8.74
MEAN_WEIGHT = -1.11
WORST_WEIGHT = -0.80
_SMALLEST = 1e-307  # likelihoods below this come as zero


@dataclass(frozen=True)
class Segment:
    """A word or phone with its frames, `start` to `end` inclusive, and its acoustic log-likelihood."""

    label: str
    start: int
    end: int
    score: float

    @property
    def frames(self) -> int:
        """Number of frames."""
        return self.end - self.start + 1


@dataclass(frozen=True)
class Evidence:
    """How far the words lie below the phones, in nats a frame: over all words, and the worst one."""

    mean: float
    worst: float


def log_likelihood(value: float) -> float:
    """The logarithm of a likelihood, also where that has underflowed."""
    return math.log(max(value, _SMALLEST))


def evidence(words: Sequence[Segment], phones: Sequence[Segment]) -> Evidence:
    """Compare words with the free phone loop over the same frames.

    Raises:
        ValueError: there are no words.
    """
    if not words:
        raise ValueError("no words to be sure of")
    length = max(segment.end for segment in (*words, *phones)) + 1
    free = [0.0] * length
    for phone in phones:
        free[phone.start : phone.end + 1] = [phone.score / phone.frames] * phone.frames
    gaps = [sum(free[word.start : word.end + 1]) - word.score for word in words]
    frames = sum(word.frames for word in words)
    return Evidence(sum(gaps) / frames, max(gap / word.frames for gap, word in zip(gaps, words, strict=True)))


def confidence(found: Evidence) -> float:
    """0 to 1, by the logistic regression."""
    return 1.0 / (1.0 + math.exp(-(BIAS + MEAN_WEIGHT * found.mean + WORST_WEIGHT * found.worst)))
