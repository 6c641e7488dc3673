"""The paper's figures: data with table and row, in ``paper_tables.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("paper_tables.json")
MAIN = ("II", "III", "IV", "V", "VI", "VII")  # the full models; the other tables are ablations
ALIASES = {"phrase_cut": "phrasecut", "refcocog_umd": "refcocog"}


@dataclass(frozen=True)
class PaperFigure:
    """One number of the paper.

    Attributes:
        table: roman numeral.
        row: what the table's row is called, or a short name for it.
        dataset, split: of what.
        metric: "giou", "ciou", "n_acc", "pr@0.50" ... in percent; "latency_ms", "latency_std_ms";
            "trained_parameters_m" in millions.
        value: as printed.
    """

    table: str
    row: str
    dataset: str
    split: str
    metric: str
    value: float


@cache
def paper_figures() -> tuple[PaperFigure, ...]:
    """All of them, in the paper's order."""
    plain = json.loads(FILE.read_text("utf-8"))
    return tuple(
        PaperFigure(table["table"], row, table["dataset"], split, table["metric"], value)
        for table in plain["tables"]
        for row, values in table["rows"].items()
        for split, value in zip(table["columns"], values, strict=True)
    )


def figures_of(
    dataset: str, split: str, split_by: str = "", tables: tuple[str, ...] = MAIN
) -> list[PaperFigure]:
    """Those of one split, from some tables; the authors' prepared sets are the sets. Google's have none."""
    name = dataset.removeprefix("prepared:")
    name = ALIASES.get(name, name)
    if split_by == "google":
        return []
    return [f for f in paper_figures() if f.dataset == name and f.split == split and f.table in tables]
