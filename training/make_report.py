#!/usr/bin/env python3
"""Make an evaluation's HTML report: one file that needs no network.

python training/make_report.py --evaluation out/evaluation --root data/tabletop

Reads what training/evaluate.py --out wrote: tables beside the paper's figures, precision curve, reliability
of the no-target probability, latency; with --root also the best, worst and random sentences as pictures.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and run; 0 ok, 1 failed, 2 usage."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--evaluation", required=True, type=Path, help="folder of evaluate.py --out")
    parser.add_argument(
        "--root", type=Path, help="the set's folder, as for evaluate.py (default: no pictures)"
    )
    parser.add_argument("--images", type=Path, help="folder of the pictures, if not in the usual place")
    parser.add_argument("--out", type=Path, help="the file (default: report.html in the evaluation's folder)")
    args = parser.parse_args(argv)

    from ssp_sam_training.report.command import run

    try:
        run(args)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
