"""What ``training/make_report.py`` does once its command line is read."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from ..data import Dataset, load_dataset
from ..evaluation.gallery import Gallery
from ..evaluation.records import RecordError, read_records
from .page import report_page


def run(args: argparse.Namespace) -> None:
    """Read an evaluation's folder and write its report.

    Raises:
        ValueError, OSError: what is wrong with the folder or the set.
    """
    results = read_results(args.evaluation / "results.json")
    records = read_records(args.evaluation / "samples.jsonl")
    gallery, dataset = None, None
    if args.root is not None:
        gallery = Gallery.read(args.evaluation / "gallery.json")
        dataset = _dataset(args, results)
    out = args.out or args.evaluation / "report.html"
    out.write_text(report_page(results, records, gallery, dataset), "utf-8")
    print(f"written to {out}")


def read_results(path: Path) -> dict[str, Any]:
    """The content of results.json.

    Raises:
        FileNotFoundError: there is none.
        RecordError: it is not what evaluate.py writes.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: run training/evaluate.py with --out {path.parent}")
    try:
        results = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise RecordError(f"{path} is not JSON ({error}): run evaluate.py again") from error
    wanted = ("dataset", "split", "split_by", "description", "protocols", "groups")
    if not isinstance(results, dict) or (missing := [name for name in wanted if name not in results]):
        lacks = ", ".join(missing) if isinstance(results, dict) else "everything"
        raise RecordError(f"{path} lacks {lacks}: run evaluate.py again")
    return results


def _dataset(args: argparse.Namespace, results: dict[str, Any]) -> Dataset:
    return load_dataset(
        results["dataset"],
        args.root,
        results["split"],
        results["split_by"],
        image_folder=args.images,
        check_counts=False,
    )
