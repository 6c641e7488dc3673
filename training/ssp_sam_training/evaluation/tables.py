"""Markdown tables of results. Each says its space, threshold and comparison, which published numbers mix."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..metrics import precision_name
from .complexity import STAGES, Complexity
from .summary import GroupSummary

SHOWN_PRECISION = (0.5, 0.7, 0.9)

GRES_SPACE = (
    "Protocol `gres`: masks at the picture's own size, mask = logit > 0, no target = the model's own output. "
    "Pr@X: share of targeted sentences with IoU >= X. Percent; 95 % intervals over pictures in brackets."
)
PAPER_SPACE = (
    "Protocol `paper`: 512 letterbox, padding included, mask = sigmoid >= 0.5, truth dilated as the authors "
    "do, no target = fewer than 50 pixels. Pr@X: share of all sentences with IoU >= X. Percent."
)
PHRASECUT_SPACE = (
    "Protocol `phrasecut`: masks at the picture's own size, no pixel count makes a mask empty. "
    "Pr@X: share of all phrases with IoU > X (strictly). Percent."
)
BOX_SPACE = (
    "Box: share of sentences whose box from the box head has IoU >= 0.5 with the truth's; without target: "
    "an area under 10 square pixels (Acc@0.5)."
)


def gres_table(groups: Sequence[GroupSummary]) -> str:
    """Protocol B, one row per group."""
    names = [precision_name(threshold) for threshold in SHOWN_PRECISION]
    rows = [
        [
            group.name,
            str(group.sentences),
            _percent(group.gres.giou, group.gres.intervals["giou"]),
            _percent(group.gres.ciou),
            *(
                _percent(group.gres.precision[threshold], group.gres.intervals[name])
                for threshold, name in zip(SHOWN_PRECISION, names, strict=True)
            ),
            _percent(group.gres.n_acc, group.gres.intervals["n_acc"]),
            _percent(group.gres.t_acc, group.gres.intervals["t_acc"]),
            _percent(group.box_accuracy),
            str(group.failed),
        ]
        for group in groups
    ]
    header = ["sentences of", "number", "gIoU", "cIoU", *(name.capitalize() for name in names)]
    header += ["N-acc", "T-acc", "Box", "failed"]
    return f"{GRES_SPACE} {BOX_SPACE}\n\n{_markdown(header, rows)}"


def paper_table(groups: Sequence[GroupSummary]) -> str:
    """Protocol A, one row per group that has it."""
    rows = [
        [
            group.name,
            str(group.paper.samples),
            _percent(group.paper.giou),
            _percent(group.paper.ciou),
            *(_percent(group.paper.precision[threshold]) for threshold in SHOWN_PRECISION),
            _percent(group.paper.n_acc_paper),
        ]
        for group in groups
        if group.paper is not None
    ]
    names = [precision_name(threshold).capitalize() for threshold in SHOWN_PRECISION]
    header = ["sentences of", "number", "gIoU", "cIoU", *names, "n_acc_paper"]
    return f"{PAPER_SPACE}\n\n{_markdown(header, rows)}"


def phrasecut_table(groups: Sequence[GroupSummary]) -> str:
    """PhraseCut's own rules, one row per group that has them."""
    rows = [
        [
            group.name,
            str(group.phrasecut.samples),
            _percent(group.phrasecut.mean_iou),
            _percent(group.phrasecut.cumulative_iou),
            *(_percent(group.phrasecut.precision[threshold]) for threshold in SHOWN_PRECISION),
        ]
        for group in groups
        if group.phrasecut is not None
    ]
    names = [precision_name(threshold).capitalize() for threshold in SHOWN_PRECISION]
    return f"{PHRASECUT_SPACE}\n\n{_markdown(['phrases of', 'number', 'mIoU', 'cIoU', *names], rows)}"


def complexity_table(variants: Mapping[str, Complexity]) -> str:
    """One row per variant: parameters in millions, operations in GFLOP (a multiply-add is two)."""
    stages = [stage for stage in STAGES if any(stage in one.operations for one in variants.values())]
    header = ["variant", "parameters M", "trained M", *(f"{stage} GFLOP" for stage in stages), "all GFLOP"]
    rows = [
        [
            name,
            f"{one.all_parameters / 1e6:.2f}",
            f"{one.trained / 1e6:.2f}",
            *(f"{one.operations[stage] / 1e9:.2f}" if stage in one.operations else "-" for stage in stages),
            f"{one.all_operations / 1e9:.1f}",
        ]
        for name, one in variants.items()
    ]
    return _markdown(header, rows)


def _percent(value: float, interval: tuple[float, float] | None = None) -> str:
    if math.isnan(value):
        return "-"
    text = f"{100 * value:.1f}"
    return text if interval is None else f"{text} [{100 * interval[0]:.1f}, {100 * interval[1]:.1f}]"


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose columns line up as plain text too."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in (header, *rows)
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
