"""What ``training/evaluate.py`` does once its command line is read."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from ..data import ReferDataset, load_refer
from ..metrics import EMPTY_BELOW_PIXELS
from .contact_sheet import choose_failures, choose_successes, contact_sheet
from .evaluator import evaluate
from .records import SampleRecord
from .segmenter import SegmenterPredictor
from .summary import GroupSummary, summarise
from .tables import gres_table, paper_table

_PROGRESS_EVERY_S = 2.0


def run(args: argparse.Namespace) -> None:
    """Evaluate, print the tables, and write the report where `--out` is given.

    Raises:
        ValueError, OSError: what is wrong with the data, the weights or the folder.
    """
    dataset = load_refer(args.root, args.dataset, args.split, args.split_by, image_folder=args.images)
    predictor = SegmenterPredictor.load(args.variant, args.weights, args.device, args.dtype)
    image_ids = list(dataset.references_by_image())[: args.limit]
    begun = time.perf_counter()
    records = list(
        _with_progress(
            evaluate(predictor, dataset, image_ids=image_ids, paper=args.protocol != "gres"),
            dataset,
            image_ids,
        )
    )
    seconds = time.perf_counter() - begun
    groups = summarise(records)
    tables = []
    if args.protocol != "paper":
        tables.append(gres_table(groups))
    if args.protocol != "gres":
        tables.append(paper_table(groups))
    title = f"{args.dataset} {args.split}, {len(image_ids)} pictures: {predictor.description['model']}"
    report = f"## {title}\n\n" + "\n\n".join(tables) + "\n"
    print(report)
    if args.out is not None:
        write_report(args.out, dataset, records, groups, report, predictor.description | {"seconds": seconds})
        write_contact_sheets(args.out, dataset, records, args.cells, args.seed)
        print(f"written to {args.out}")


def write_report(
    out: Path,
    dataset: ReferDataset,
    records: Iterable[SampleRecord],
    groups: Sequence[GroupSummary],
    report: str,
    description: dict[str, Any],
) -> None:
    """Write results.json, samples.jsonl and table.md. `description`: what was evaluated, how long it took."""
    out.mkdir(parents=True, exist_ok=True)
    results = {
        "dataset": dataset.name,
        "split": dataset.split,
        "split_by": dataset.split_by,
        "description": description,
        "protocols": {
            "gres": {
                "space": "picture's own size",
                "mask": "logit > 0",
                "no_target": "the model's own output",
                "precision": "IoU >= X, targeted sentences",
                "intervals": "95 %, bootstrap over pictures",
            },
            "paper": {
                "space": "512 letterbox, padding included",
                "mask": "sigmoid >= 0.5",
                "no_target": f"fewer than {EMPTY_BELOW_PIXELS} pixels",
                "precision": "IoU >= X, all sentences",
            },
        },
        "groups": [group.as_dict() for group in groups],
    }
    (out / "results.json").write_text(json.dumps(results, indent=1, allow_nan=False) + "\n")
    (out / "table.md").write_text(report)
    with (out / "samples.jsonl").open("w") as lines:
        lines.writelines(record.to_json() + "\n" for record in records)


def write_contact_sheets(
    out: Path, dataset: ReferDataset, records: Sequence[SampleRecord], cells: int, seed: int
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


def _with_progress(
    records: Iterable[SampleRecord], dataset: ReferDataset, image_ids: Sequence[int]
) -> Iterator[SampleRecord]:
    """Pass records on, with a line on the error stream about every two seconds when someone is watching."""
    begun = last = time.monotonic()
    seen: set[int] = set()
    for record in records:
        yield record
        seen.add(record.image_id)
        now = time.monotonic()
        if sys.stderr.isatty() and now - last > _PROGRESS_EVERY_S:
            left = (now - begun) / len(seen) * (len(image_ids) - len(seen))
            print(f"{len(seen)} of {len(image_ids)} pictures, {left:.0f} s left", file=sys.stderr)
            last = now
