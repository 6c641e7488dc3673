"""Sums over samples: what a table of results shows.

An accumulator is fed one sample after the other (`add`), or another accumulator (`merge`, for several
processes), and says at any time what its samples amount to (`summary`): NaN where no sample
counts.

Merging is exact. Sums are rounded once (`math.fsum`), so a summary does not depend on the order in which the
samples came or on how processes shared them; and a sample that is given with a key counts once, however
often it comes, so a sampler may repeat samples to give every process as many. Accumulators can be pickled, to
be gathered (`evaluation.parallel.gathered`).
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from .bootstrap import bootstrap_interval
from .scores import SampleScore

PRECISION_THRESHOLDS: tuple[float, ...] = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)

Interval = tuple[float, float]
_Samples = TypeVar("_Samples", bound="_KeyedSamples[Any]")
_Sample = TypeVar("_Sample")
Terms = tuple[NDArray[np.float64], NDArray[np.float64]]  # a metric is sum(first) / sum(second)


@dataclass(frozen=True)
class GresSummary:
    """Protocol `gres` over a set of samples; all shares 0..1.

    Attributes:
        samples, targeted, no_target: numbers of expressions.
        giou: mean IoU over all.
        ciou: sum of intersections over sum of unions, over all.
        n_acc: share of the no-target expressions that were predicted empty.
        t_acc: share of the targeted ones that were not.
        precision: Pr@X by X: share of the targeted ones with IoU >= X.
        intervals: 95 % intervals by name ("giou", "ciou", "n_acc", "t_acc", "pr@0.50", ...), where asked for.
    """

    samples: int
    targeted: int
    no_target: int
    giou: float
    ciou: float
    n_acc: float
    t_acc: float
    precision: dict[float, float]
    intervals: dict[str, Interval]


@dataclass(frozen=True)
class PaperSummary:
    """Protocol `paper` over a set of samples; shares 0..1.

    Attributes:
        samples, no_target: numbers of expressions, and of those whose truth is empty.
        giou: mean IoU over all.
        ciou: sum of intersections over sum of unions.
        n_acc_paper: samples of any kind with an IoU of exactly 1, over the number of empty truths. It can
            pass 1 and compares with the authors' figures only.
        precision: Pr@X by X: share of all samples with IoU >= X.
    """

    samples: int
    no_target: int
    giou: float
    ciou: float
    n_acc_paper: float
    precision: dict[float, float]


@dataclass(frozen=True)
class PhraseCutSummary:
    """PhraseCut's own measures; shares 0..1.

    Attributes:
        samples: number of phrases.
        mean_iou: mean IoU over all.
        cumulative_iou: sum of intersections over sum of unions.
        precision: Pr@X by X: share of all with IoU > X (strictly, unlike the other two protocols).
    """

    samples: int
    mean_iou: float
    cumulative_iou: float
    precision: dict[float, float]


class _KeyedSamples(Generic[_Sample]):
    """Samples in the order they came, those with a key once each."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all samples."""
        self._keyed: dict[Hashable, _Sample] = {}
        self._unkeyed: list[_Sample] = []

    def __len__(self) -> int:
        return len(self._keyed) + len(self._unkeyed)

    def merge(self: _Samples, other: _Samples) -> None:
        """Take all samples of `other`, but for those whose key is known here."""
        for key, sample in other._keyed.items():
            self._keyed.setdefault(key, sample)
        self._unkeyed += other._unkeyed

    def _take(self, sample: _Sample, key: Hashable) -> None:
        if key is None:
            self._unkeyed.append(sample)
        else:
            self._keyed.setdefault(key, sample)

    def _samples(self) -> list[_Sample]:
        return [*self._keyed.values(), *self._unkeyed]


class _ScoreColumns(_KeyedSamples[tuple[int | str, SampleScore]]):
    """Scores of samples, column by column."""

    def add(self, score: SampleScore, picture_id: int | str, key: Hashable = None) -> None:
        """Take one sample of the picture `picture_id`; with a `key`, once however often it comes."""
        self._take((picture_id, score), key)

    def _pictures(self) -> list[int | str]:
        return [picture for picture, _ in self._samples()]

    def _column(self, name: str, dtype: type = np.float64) -> NDArray[Any]:
        return np.array([getattr(score, name) for _, score in self._samples()], dtype)

    def _giou(self) -> Terms:
        return self._column("iou"), np.ones(len(self))

    def _ciou(self) -> Terms:
        return self._column("intersection"), self._column("union")


class GresAccumulator(_ScoreColumns):
    """Protocol B (`gres`) over the samples given."""

    def summary(self, intervals: bool = False, seed: int = 0) -> GresSummary:
        """What the samples amount to; `intervals` adds 95 % intervals over pictures (`bootstrap`)."""
        terms = self._terms()
        values = {name: ratio(*pair) for name, pair in terms.items()}
        empty = int(self._column("truth_empty", np.bool_).sum())
        return GresSummary(
            samples=len(self),
            targeted=len(self) - empty,
            no_target=empty,
            giou=values["giou"],
            ciou=values["ciou"],
            n_acc=values["n_acc"],
            t_acc=values["t_acc"],
            precision={threshold: values[precision_name(threshold)] for threshold in PRECISION_THRESHOLDS},
            intervals={
                name: bootstrap_interval(self._pictures(), *pair, seed=seed) for name, pair in terms.items()
            }
            if intervals
            else {},
        )

    def _terms(self) -> dict[str, Terms]:
        iou = self._column("iou")
        truth_empty = self._column("truth_empty", np.bool_)
        predicted_empty = self._column("predicted_empty", np.bool_)
        targeted = _as_float(~truth_empty)
        return {
            "giou": self._giou(),
            "ciou": self._ciou(),
            "n_acc": (_as_float(truth_empty & predicted_empty), _as_float(truth_empty)),
            "t_acc": (_as_float(~truth_empty & ~predicted_empty), targeted),
        } | {
            precision_name(threshold): (_as_float(~truth_empty & (iou >= threshold)), targeted)
            for threshold in PRECISION_THRESHOLDS
        }


class PaperAccumulator(_ScoreColumns):
    """Protocol A (`paper`) over the samples given."""

    def summary(self) -> PaperSummary:
        """What the samples amount to."""
        iou = self._column("iou")
        everything = np.ones(len(self))
        truth_empty = _as_float(self._column("truth_empty", np.bool_))
        return PaperSummary(
            samples=len(self),
            no_target=int(truth_empty.sum()),
            giou=ratio(*self._giou()),
            ciou=ratio(*self._ciou()),
            n_acc_paper=ratio(_as_float(iou == 1.0), truth_empty),
            # In float32, as the IoUs are: 7 of 10 pixels must reach 0.7.
            precision={
                threshold: ratio(_as_float(iou >= np.float32(threshold)), everything)
                for threshold in PRECISION_THRESHOLDS
            },
        )


class PhraseCutAccumulator(_ScoreColumns):
    """PhraseCut's own rules over the samples given: scores by `score_phrasecut`."""

    def summary(self) -> PhraseCutSummary:
        """What the samples amount to."""
        iou, everything = self._column("iou"), np.ones(len(self))
        return PhraseCutSummary(
            samples=len(self),
            mean_iou=ratio(*self._giou()),
            cumulative_iou=ratio(*self._ciou()),
            precision={
                threshold: ratio(_as_float(iou > threshold), everything) for threshold in PRECISION_THRESHOLDS
            },
        )


class BoxAccumulator(_KeyedSamples[bool]):
    """Acc@0.5 of the box head over the samples given."""

    def add(self, hit: bool, key: Hashable = None) -> None:
        """Take one sample (see `boxes.box_hit`); with a `key`, once however often it comes."""
        self._take(bool(hit), key)

    def summary(self) -> float:
        """Share of hits, 0..1."""
        samples = self._samples()
        return sum(samples) / len(samples) if samples else float("nan")


def precision_name(threshold: float) -> str:
    """The name of Pr@X among intervals and in files: "pr@0.50"."""
    return f"pr@{threshold:.2f}"


def ratio(numerators: NDArray[np.float64], denominators: NDArray[np.float64]) -> float:
    """sum / sum, each rounded once; NaN when the denominators are all 0."""
    total = math.fsum(denominators)
    return math.fsum(numerators) / total if total else float("nan")


def _as_float(flags: NDArray[np.bool_]) -> NDArray[np.float64]:
    return flags.astype(np.float64)
