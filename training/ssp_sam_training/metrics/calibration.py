"""Whether a probability means what it says, and what abstaining costs.

Everything here is about the no-target probability p_nt and whether a sentence has no target, but for the
names it is any binary event.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

BINS = 15  # of Guo et al., On Calibration of Modern Neural Networks (ICML 2017)
_LEAST = 1e-15  # of a probability in the likelihood


@dataclass(frozen=True)
class ReliabilityBin:
    """The samples whose probability lies in [low, high), the last bin with its end.

    Attributes:
        low, high: bounds.
        count: how many samples.
        confidence: their mean probability, NaN without any.
        frequency: share of them where the event happened, NaN without any.
    """

    low: float
    high: float
    count: int
    confidence: float
    frequency: float


@dataclass(frozen=True)
class Reliability:
    """How far probabilities are from frequencies.

    Attributes:
        ece: expected calibration error: mean over samples of |frequency - confidence| of the sample's bin.
        mce: the largest such difference over bins with samples.
        brier: mean squared difference of probability and event.
        nll: mean negative log likelihood, nats.
        bins: equal in width.
    """

    ece: float
    mce: float
    brier: float
    nll: float
    bins: tuple[ReliabilityBin, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON, None for NaN."""
        rows = [{name: _plain(getattr(one, name)) for name in one.__dataclass_fields__} for one in self.bins]
        return {"ece": self.ece, "mce": self.mce, "brier": self.brier, "nll": self.nll, "bins": rows}


def reliability(probability: Floats, event: Flags, bins: int = BINS) -> Reliability:
    """Compare probabilities with what happened.

    Args:
        probability: (n,) 0..1.
        event: (n,) bool.
        bins: how many, equal in width.

    Raises:
        ValueError: no samples, two lengths, or a value that is no probability.
    """
    probability, event = _checked(probability, event)
    place = np.minimum((probability * bins).astype(np.int64), bins - 1)
    counts = np.bincount(place, minlength=bins)
    confidence = np.bincount(place, probability, bins) / np.maximum(counts, 1)
    frequency = np.bincount(place, event.astype(np.float64), bins) / np.maximum(counts, 1)
    gaps = np.abs(confidence - frequency)
    happened = np.clip(np.where(event, probability, 1 - probability), _LEAST, 1)
    return Reliability(
        ece=float((gaps * counts).sum() / counts.sum()),
        mce=float(gaps[counts > 0].max()),
        brier=float(np.mean((probability - event) ** 2)),
        nll=float(-np.log(happened).mean()),
        bins=tuple(
            ReliabilityBin(
                low=number / bins,
                high=(number + 1) / bins,
                count=int(counts[number]),
                confidence=float(confidence[number]) if counts[number] else math.nan,
                frequency=float(frequency[number]) if counts[number] else math.nan,
            )
            for number in range(bins)
        ),
    )


@dataclass(frozen=True)
class TradeOff:
    """N-acc and T-acc for every threshold at which they change: "no target" from the threshold on.

    Attributes:
        threshold: (m,) rising; 0 first (everything is denied), above the largest probability last.
        n_acc: (m,) share of the events that are denied.
        t_acc: (m,) share of the others that are not.
    """

    threshold: Floats
    n_acc: Floats
    t_acc: Floats

    def area(self) -> float:
        """The area under T-acc over N-acc: the chance that a random no-target sentence has the larger p_nt
        (ties count half)."""
        order = np.argsort(self.n_acc, kind="stable")
        x, y = self.n_acc[order], self.t_acc[order]
        return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))

    def at(self, threshold: float) -> tuple[float, float]:
        """(N-acc, T-acc) with a threshold."""
        place = int(np.searchsorted(self.threshold, threshold, side="left"))
        place = min(place, len(self.threshold) - 1)
        return float(self.n_acc[place]), float(self.t_acc[place])

    def for_n_acc(self, wanted: float) -> float:
        """The highest threshold that denies at least this share of the events: it costs the least T-acc."""
        good = np.flatnonzero(self.n_acc >= wanted)
        return min(float(self.threshold[good[-1]]), 1.0)  # there is one: threshold 0 denies everything

    def for_t_acc(self, wanted: float) -> float | None:
        """The lowest threshold that keeps at least this share of the others; None where none does."""
        good = np.flatnonzero(self.t_acc >= wanted)
        return float(self.threshold[good[0]]) if len(good) else None


def trade_off(probability: Floats, event: Flags) -> TradeOff:
    """N-acc and T-acc over all thresholds.

    Args:
        probability: (n,) p_nt, 0..1.
        event: (n,) whether the sentence has no target; both kinds must be there.

    Raises:
        ValueError: no samples, two lengths, a value that is no probability, or only one kind of sentence.
    """
    probability, event = _checked(probability, event)
    absent, present = np.sort(probability[event]), np.sort(probability[~event])
    if not len(absent) or not len(present):
        raise ValueError(
            f"{len(absent)} sentences without a target and {len(present)} with one: a trade-off needs both"
        )
    values = np.unique(np.concatenate([[0.0], probability]))
    threshold = np.append(values, np.nextafter(values[-1], 2.0))
    return TradeOff(
        threshold=threshold,
        n_acc=1 - np.searchsorted(absent, threshold, side="left") / len(absent),
        t_acc=np.searchsorted(present, threshold, side="left") / len(present),
    )


def _checked(probability: Floats, event: Flags) -> tuple[Floats, Flags]:
    probability, event = np.asarray(probability, np.float64), np.asarray(event, np.bool_)
    if probability.shape != event.shape or probability.ndim != 1 or not len(probability):
        raise ValueError(
            f"one probability and one event per sample, got shapes {probability.shape} and {event.shape}"
        )
    if not ((probability >= 0) & (probability <= 1)).all():
        raise ValueError("a probability is not between 0 and 1")
    return probability, event


def _plain(value: float) -> float | None:
    return None if isinstance(value, float) and math.isnan(value) else value
