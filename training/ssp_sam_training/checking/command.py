"""What ``training/check_data.py`` does once its command line is read."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from ..data import dataset_names, split_files, split_makers, split_names
from .leaks import find_leaks
from .report import TRAIN, Report, check_set
from .sheet import choose_samples, contact_sheet

_PROGRESS_EVERY_S = 2.0
_LINES = 10  # of one kind of problem are printed; report.json has all


def run(args: argparse.Namespace) -> int:
    """Check, print, write; 0 all that was asked for is good, 1 something is not.

    Raises:
        ValueError, OSError: unknown set; a folder that cannot be written.
    """
    asked = [_parse(text) for text in args.dataset]
    found = asked or list(_present(args.root))
    if not found:
        print(f"{args.root} holds none of: {', '.join(dataset_names())} (docs/datasets.md has their trees)")
        return 1
    progress = _Progress()
    reports = [
        check_set(
            name,
            args.root,
            by,
            images=args.images,
            decode=not args.quick,
            masks=args.quick_samples if args.quick else None,
            workers=args.workers,
            progress=progress,
        )
        for name, by in found
    ]
    for report in reports:
        print(describe(report))
    shared = across(reports)
    if shared:
        print("## Between sets\n\nMatters only to those who train on one and test on the other.\n")
        print("\n".join(f"- {line}" for line in shared) + "\n")
    if not asked:
        absent = [name for name in dataset_names() if name not in {report.name for report in reports}]
        print(f"Not here: {', '.join(absent)}\n")
    if args.out is not None:
        write(args.out, reports, shared, args.cells, args.seed)
        print(f"written to {args.out}")
    good = all(report.good and report.present for report in reports)
    print("all good" if good else "not all is good")
    return 0 if good else 1


def describe(report: Report) -> str:
    """A report as Markdown."""
    title = report.name + (f" ({report.split_by})" if report.split_by else "")
    lines = [f"## {title}", ""]
    if report.splits:
        lines += [
            "| split | pictures | missing | broken | references | sentences | several targets | no target |",
            "|---|---|---|---|---|---|---|---|",
        ]
    for split in report.splits:
        c = split.counts
        numbers = [c.pictures, split.pictures_missing, split.pictures_broken, c.references, c.sentences]
        numbers += [c.multi_target_sentences, c.no_target_sentences]
        cells = ["" if n is None else f"{n:,}" for n in numbers]
        lines.append(f"| {split.split} | {' | '.join(cells)} |")
    lines.append("")
    lines += _some("missing file", report.missing)
    lines += _some("error", report.errors)
    lines += [f"- {split.difference}" for split in report.splits if split.difference]
    lines += [f"- {note}" for note in report.notes]
    lines += _some("picture", [problem.text for problem in report.picture_problems])
    for split in report.splits:
        lines += _some("target", split.target_problems)
    lines += _some("leak", [f"{leak.test} is also in {leak.train} (by {leak.how})" for leak in report.leaks])
    return "\n".join(lines) + "\n"


def across(reports: Sequence[Report]) -> list[str]:
    """Which training splits share pictures with which held-out splits of other sets, a line each."""
    lines = []
    keys = {picture: key for report in reports for picture, key in report.keys.items()}
    for one in reports:
        for other in reports:
            if one is other:
                continue
            for a in (d for d in one.datasets if d.split == TRAIN):
                for b in (d for d in other.datasets if d.split != TRAIN):
                    train, test = f"{_title(one)} {a.split}", f"{_title(other)} {b.split}"
                    leaks = find_leaks({train: a.pictures()}, {test: b.pictures()}, keys)
                    if leaks:
                        lines.append(
                            f"{train} has {len(leaks)} of the {len(b.pictures())} pictures of {test}"
                        )
    return lines


def write(out: Path, reports: Sequence[Report], shared: Sequence[str], cells: int, seed: int) -> None:
    """Write report.json and one contact sheet per set."""
    out.mkdir(parents=True, exist_ok=True)
    content = {"sets": [report.as_dict() for report in reports], "between_sets": list(shared)}
    (out / "report.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    for report in reports:
        if report.datasets:
            largest = max(report.datasets, key=len)
            samples = choose_samples(largest, cells, seed)
            name = _title(report).replace(":", "_").replace("/", "_").replace(" ", "_")
            sheet = contact_sheet(samples, f"{_title(report)} {largest.split}")
            Image.fromarray(sheet).save(out / f"{name}.png")


def _some(kind: str, problems: Sequence[str]) -> list[str]:
    lines = [f"- {kind}: {text}" for text in problems[:_LINES]]
    rest = len(problems) - _LINES
    return [*lines, f"- {kind}: and {rest} more"] if rest > 0 else lines


def _title(report: Report) -> str:
    return f"{report.name} {report.split_by}" if report.split_by else report.name


def _parse(text: str) -> tuple[str, str]:
    """ "refcocog@google" -> the set and who made its splits; raises ValueError for unknown ones."""
    name, _, by = text.partition("@")
    makers = split_makers(name)
    if by and by not in makers:
        raise ValueError(
            f"{name} has no splits by {by!r}; it has: {', '.join(filter(None, makers)) or 'one kind'}"
        )
    return name, by or makers[0]


def _present(root: Path) -> Iterator[tuple[str, str]]:
    """The sets of which some split's own file is there; the merged one only repeats others."""
    for name in dataset_names():
        if name == "merged" or (name == "custom" and not (root / "expressions.jsonl").is_file()):
            continue
        for by in split_makers(name):
            splits = split_names(name, root, by)
            if any(split_files(name, root, split, by)[0].exists() for split in splits):
                yield name, by


class _Progress:
    """A line on the error stream about every two seconds."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._last > _PROGRESS_EVERY_S:
            self._last = now
            print(f"{what}: {done} of {total}", file=sys.stderr)
