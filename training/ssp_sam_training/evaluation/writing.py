"""The files of an evaluation: results.json, samples.jsonl, table.md, contact sheets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from ..data import Dataset
from ..metrics import EMPTY_BELOW_PIXELS
from .contact_sheet import choose_failures, choose_successes, contact_sheet
from .latency import Latency
from .records import SampleRecord
from .summary import GroupSummary

GRES = {
    "space": "picture's own size",
    "mask": "logit > 0",
    "no_target": "the model's own output",
    "precision": "IoU >= X, targeted sentences",
    "intervals": "95 %, bootstrap over pictures",
}
PAPER = {
    "space": "512 letterbox, padding included",
    "mask": "sigmoid >= 0.5",
    "no_target": f"fewer than {EMPTY_BELOW_PIXELS} pixels",
    "precision": "IoU >= X, all sentences",
}
OF_MASKS = {
    "mask": "from a file",
    "no_target": f"the file's outcome, else fewer than {EMPTY_BELOW_PIXELS} pixels",
}
PHRASECUT = {
    "space": "picture's own size",
    "mask": "logit > 0",
    "no_target": "none: a small mask is a mask",
    "precision": "IoU > X, all phrases",
}


def write_results(
    out: Path,
    name: str,
    dataset: Dataset,
    records: Iterable[SampleRecord],
    groups: Sequence[GroupSummary],
    report: str,
    description: dict[str, Any],
    latency: Latency | None = None,
) -> None:
    """Write results.json, samples.jsonl and table.md.

    Args:
        out: the folder; made if it is not there.
        name: what `load_dataset` calls the set, which for a custom one is more than `dataset.name`.
        dataset: the split.
        records: one per sentence.
        groups: their summaries.
        report: the tables as Markdown.
        description: what was evaluated and how long it took; of a file it has the entry "predictions".
        latency: where it was measured.
    """
    out.mkdir(parents=True, exist_ok=True)
    from_file = OF_MASKS if "predictions" in description else {}
    protocols = {"gres": GRES | from_file, "paper": PAPER | from_file}
    if groups[0].phrasecut is not None:
        protocols["phrasecut"] = PHRASECUT | from_file
    results = {
        "dataset": name,
        "split": dataset.split,
        "split_by": dataset.split_by,
        "description": description,
        "protocols": protocols,
        "latency": None if latency is None else latency.as_dict(),
        "groups": [group.as_dict() for group in groups],
    }
    (out / "results.json").write_text(json.dumps(results, indent=1, allow_nan=False) + "\n")
    (out / "table.md").write_text(report)
    with (out / "samples.jsonl").open("w") as lines:
        lines.writelines(record.to_json() + "\n" for record in records)


def write_contact_sheets(
    out: Path, dataset: Dataset, records: Sequence[SampleRecord], cells: int, seed: int
) -> None:
    """Write successes.png (random ones) and failures.png (the worst)."""
    out.mkdir(parents=True, exist_ok=True)
    chosen = {
        "successes": choose_successes(records, cells, seed),
        "failures": choose_failures(records, cells, seed),
    }
    for name, members in chosen.items():
        which = "random" if name == "successes" else "worst (by turns among kinds)"
        title = f"{dataset.name} {dataset.split}: {len(members)} {which} {name}"
        Image.fromarray(contact_sheet(dataset, members, title)).save(out / f"{name}.png")
