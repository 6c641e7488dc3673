#!/usr/bin/env python3
"""Feed generated and damaged inputs of every kind to the real code; see docs/inputs.md for what must hold.

    python scripts/fuzz.py --count 100000 --seed 1          # log and JSON in out/fuzz/
    python scripts/fuzz.py --seed 1 --only picture:4711     # one input again, in this process

Exit code 0 if no input crashed, hung or broke a promise, else 1.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from fuzzing.kinds import KINDS, Case, cases
from fuzzing.pool import FAILURES, run, try_one
from fuzzing.report import Report

_NEWS = 30.0  # seconds between lines on how far it is


def main() -> int:
    """Run, report, and say by the exit code whether all went well."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1000, help="inputs of all kinds (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    parser.add_argument(
        "--limit", type=float, default=20.0, help="seconds for one input (default: %(default)g)"
    )
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)), help="processes")
    parser.add_argument("--out", type=Path, default=Path("out/fuzz"), help="folder (default: %(default)s)")
    parser.add_argument("--only", type=_case, metavar="KIND:INDEX", help="one input, in this process")
    args = parser.parse_args()
    if args.only:
        done = try_one(args.seed, args.only)
        print(f"{done.outcome} after {done.seconds:.3f} s\n{done.text}".rstrip())
        return int(done.outcome in FAILURES)

    report = Report(args.out / "fuzz.log", args.seed)
    report.say(
        f"{args.count:,} inputs, seed {args.seed}, {args.workers} processes, {args.limit:g} s each at most"
    )
    begun = told = time.monotonic()
    for done in run(cases(args.count), args.seed, args.workers, args.limit):
        report.add(done)
        if time.monotonic() - told > _NEWS:
            told = time.monotonic()
            report.say(f"{report.count:,} after {told - begun:.0f} s, {len(report.failures)} failures")
    seconds = time.monotonic() - begun
    report.say(f"\n{report.table()}\n")
    report.say(f"{report.count:,} inputs in {seconds:.0f} s: {len(report.failures)} failures")
    report.write_json(args.out / "fuzz.json", seconds)
    return int(bool(report.failures))


def _case(text: str) -> Case:
    name, _, index = text.partition(":")
    if name not in KINDS or not index.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not KIND:INDEX with a kind of {', '.join(KINDS)}")
    return name, int(index)


if __name__ == "__main__":
    sys.exit(main())
