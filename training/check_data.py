#!/usr/bin/env python3
"""Look over a folder of benchmarks before training on it.

python training/check_data.py --root data/benchmarks --out out/check

Prints for every set there, or for those named: missing files, sizes of its splits and how they differ
from the published ones, pictures that are missing or broken, masks and boxes that cannot be right, pictures
that are in training and in a split held out. Writes report.json and a contact sheet per set into --out.
Exit code 0: all good; 1: something is not; 2: usage.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from ssp_sam_training.command_line import exit_code, positive


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and run; 0 all good, 1 something is not, 2 usage."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", required=True, type=Path, help="folder of the sets and their pictures")
    parser.add_argument(
        "--dataset",
        nargs="+",
        default=[],
        metavar="SET",
        help="refcoco, refcocog@google, prepared:refcoco, custom, ... (default: all that are there)",
    )
    parser.add_argument("--images", type=Path, help="folder of the pictures, if not in the usual place")
    parser.add_argument(
        "--quick", action="store_true", help="hash the pictures without decoding; 200 targets of a split"
    )
    parser.add_argument("--workers", type=positive, default=4, help="threads that read pictures (default 4)")
    parser.add_argument("--out", type=Path, help="folder for report.json and contact sheets")
    parser.add_argument("--cells", type=positive, default=20, help="samples on a sheet (default 20)")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of samples (default 0)")
    args = parser.parse_args(argv)
    args.quick_samples = 200
    logging.basicConfig(format="%(message)s", level=logging.WARNING)

    from ssp_sam_training.checking.command import run

    return exit_code(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
