#!/usr/bin/env python3
"""Scores of an evaluation by the words of its sentences, as a Markdown table.

python training/by_words.py out/evaluation --kind ordinal first="\\bfirst\\b" second="\\bsecond\\b"

Reads samples.jsonl in the folder that `training/evaluate.py --out` wrote. A sentence belongs to the first
group whose regular expression is found in it, in letters of either case, else to "the rest".
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from ssp_sam_training.command_line import exit_code
from ssp_sam_training.evaluation.summary import REST


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and print; 0 ok, 1 failed, 2 usage."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("evaluation", type=Path, help="folder with samples.jsonl")
    parser.add_argument("groups", nargs="+", type=_group, metavar="NAME=EXPRESSION")
    parser.add_argument(
        "--kind", action="append", help="sentences of this kind alone; may be repeated (default: all)"
    )
    args = parser.parse_args(argv)
    names = [name for name, _ in args.groups]
    if len({*names, REST}) <= len(names):
        parser.error(f"groups want names of their own, and none may be called {REST!r}")
    return exit_code(lambda: _run(args))


def _run(args: argparse.Namespace) -> None:
    from ssp_sam_training.evaluation import gres_table, read_records, summarise_words

    records = read_records(args.evaluation / "samples.jsonl")
    known = sorted({record.kind for record in records if record.kind is not None})
    for kind in args.kind or ():
        if kind not in known:
            raise ValueError(f"no sentence is of kind {kind!r}: there are {', '.join(known) or 'no kinds'}")
    if not records:
        raise ValueError(f"{args.evaluation / 'samples.jsonl'} is empty: no sentence was evaluated")
    chosen = [record for record in records if args.kind is None or record.kind in args.kind]
    print(gres_table(summarise_words(chosen, dict(args.groups))))


def _group(text: str) -> tuple[str, re.Pattern[str]]:
    name, equals, expression = text.partition("=")
    if not (name and equals and expression):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=EXPRESSION")
    try:
        return name, re.compile(expression, re.IGNORECASE)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{expression!r} is no regular expression: {error}") from error


if __name__ == "__main__":
    sys.exit(main())
