"""The report's part on the no-target probability: is it what it says, and what does abstaining cost."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..evaluation.records import SampleRecord
from ..metrics.calibration import Reliability, TradeOff, reliability, trade_off
from . import markup
from .svg import Axes, Line, chart

_SHARES = (0.80, 0.90, 0.95, 0.99)


def calibration_html(records: Sequence[SampleRecord], threshold: float) -> str:
    """Reliability diagram, trade-off and thresholds; "" where sentences of one kind only were answered.

    threshold: the one in use.
    """
    answered = [record for record in records if not math.isnan(record.no_target_probability)]
    absent = np.array([record.gres.truth_empty for record in answered], np.bool_)
    if not absent.any() or absent.all():
        return ""
    probability = np.array([record.no_target_probability for record in answered])
    measured, curve = reliability(probability, absent), trade_off(probability, absent)
    return (
        "<h2>No-target probability</h2>"
        f'<div class="charts">{reliability_figure(measured)}{trade_off_figure(curve, threshold)}</div>'
        + _thresholds(curve, threshold)
    )


def reliability_figure(measured: Reliability) -> str:
    """Frequency over probability, bin by bin."""
    bars = [(one.low, one.high, one.frequency) for one in measured.bins if one.count]
    points = [(one.confidence, one.frequency) for one in measured.bins if one.count]
    lines = [
        Line("perfectly calibrated", [(0, 0), (1, 1)], dashed=True),
        Line("mean of a bin", points, False),
    ]
    axes = Axes("predicted no-target probability", "share of sentences without a target")
    return markup.figure(
        chart(axes, lines, bars, legend_on_top=True),
        f"Reliability in {len(measured.bins)} bins: ECE {measured.ece:.4f}, largest gap {measured.mce:.3f}, "
        f"Brier {measured.brier:.4f}, NLL {measured.nll:.4f}.",
    )


def trade_off_figure(curve: TradeOff, threshold: float) -> str:
    """T-acc over N-acc, over all thresholds."""
    points = list(zip(curve.n_acc.tolist(), curve.t_acc.tolist(), strict=True))
    lines = [
        Line("every threshold", points[:: max(1, len(points) // 500)] + points[-1:]),
        Line(f"threshold {threshold:g}", [curve.at(threshold)], False),
    ]
    return markup.figure(
        chart(Axes("N-acc", "T-acc"), lines),
        f"What knowing absent targets costs in present ones denied. Area {curve.area():.4f}: the chance that "
        "of two sentences the one without a target has the higher probability.",
    )


def _thresholds(curve: TradeOff, in_use: float) -> str:
    rows = [[f"in use ({in_use:g})", *(markup.percent(share) for share in curve.at(in_use))]]
    for share in _SHARES:
        threshold = curve.for_n_acc(share)
        shares = (markup.percent(one) for one in curve.at(threshold))
        rows.append([f"{threshold:.6g} for N-acc {share:.0%}", *shares])
        kept = curve.for_t_acc(share)
        if kept is not None:
            rows.append(
                [f"{kept:.6g} for T-acc {share:.0%}", *(markup.percent(one) for one in curve.at(kept))]
            )
    return markup.table(["no_target_threshold", "N-acc %", "T-acc %"], rows)
