"""How sure a grammar's hypothesis is.

A grammar search always finds something. What speaks for it: that searches which take the speaker for a larger
or smaller one find the same; that the words lie close to a free loop over all phones on the same frames (the
likelihood ratio of keyword spotting, Rose and Paul 1990) and are likely in themselves, the worst one too;
that no word had to be squeezed in; and that there was little noise. A logistic regression weighs them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

# Logistic regression on the development set: `benchmarks/speech.py --part dev --fit` prints these.
BIAS = -5.58
WEIGHTS = (-0.79, 2.49, 1.41, -0.52, 0.32, 1.02)
"""Of the fields of `Evidence`, in their order."""
_SHIFT = 1024.0  # PocketSphinx's scores of words and phones come without their ten lowest bits
_SMALLEST = 1e-307  # likelihoods below this come as zero
_FRAME = 160  # samples; 10 ms
_QUIETEST_NOISE = 30.0  # dB below the speech; less noise makes no difference


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
    """What speaks for a hypothesis, or against it.

    Attributes:
        gap: how far the words lie below the free phones, nats a frame.
        agreement: share of the other searches that found the same words, 0 to 1.
        clearness: speech over noise, in tens of dB.
        distance: how unlikely the words are, nats a frame.
        worst: the same of the worst word.
        shortest: frames a letter of the shortest word.
    """

    gap: float
    agreement: float
    clearness: float
    distance: float
    worst: float
    shortest: float


def log_likelihood(value: float) -> float:
    """PocketSphinx's likelihood of a word or phone in nats, also where it has underflowed."""
    return _SHIFT * math.log(max(value, _SMALLEST))


def clearness(samples: np.ndarray) -> float:
    """Speech over noise in tens of dB: the loud frames of int16 (N,) against the quiet ones."""
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME).astype(np.float64)
    quiet, loud = np.percentile((frames**2).mean(axis=1) + 1.0, (10, 80))
    return float(min(10.0 * math.log10(loud / quiet), _QUIETEST_NOISE) / 10.0)


def evidence(
    words: Sequence[Segment], phones: Sequence[Segment], agreement: float, clearness: float
) -> Evidence:
    """Gather it from the words found and the free phone loop over the same frames.

    Raises:
        ValueError: there are no words.
    """
    if not words:
        raise ValueError("no words to be sure of")
    length = max(segment.end for segment in (*words, *phones)) + 1
    free = [0.0] * length
    for phone in phones:
        free[phone.start : phone.end + 1] = [phone.score / phone.frames] * phone.frames
    frames = sum(word.frames for word in words)
    said = sum(word.score for word in words)
    return Evidence(
        gap=(sum(sum(free[word.start : word.end + 1]) for word in words) - said) / frames,
        agreement=agreement,
        clearness=clearness,
        distance=-said / frames,
        worst=max(-word.score / word.frames for word in words),
        shortest=min(word.frames / len(word.label.partition("(")[0]) for word in words),
    )


def confidence(found: Evidence) -> float:
    """0 to 1, by the logistic regression."""
    logit = BIAS + sum(weight * value for weight, value in zip(WEIGHTS, astuple(found), strict=True))
    return 1.0 / (1.0 + math.exp(-logit))
