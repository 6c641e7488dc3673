#!/usr/bin/env python3
"""Calibrate the no-target probability of weights to an evaluation, and choose a threshold.

python training/calibrate.py --evaluation out/evaluation                     how reliable it is, and the fit
python training/calibrate.py --evaluation out/evaluation --want-n-acc 0.95   the threshold that this needs
python training/calibrate.py --evaluation out/evaluation --weights W         write the fit into the file W

The evaluation is a folder that training/evaluate.py --out wrote, of a validation split with sentences that
have no target (gRefCOCO). Calibrated weights give calibrated probabilities wherever they are loaded.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ssp_sam_training.command_line import exit_code, share


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and run; 0 ok, 1 failed, 2 usage."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--evaluation", required=True, type=Path, help="folder of evaluate.py --out")
    parser.add_argument(
        "--check", type=Path, help="another evaluation of the same weights, to check the fit on"
    )
    parser.add_argument(
        "--method",
        choices=("platt", "temperature"),
        default="platt",
        help="scale and offset, or the scale alone, which leaves the decision at 0.5 (default %(default)s)",
    )
    parser.add_argument(
        "--want-n-acc", type=share, metavar="X", help="share of absent targets to know, 0 to 1"
    )
    parser.add_argument("--want-t-acc", type=share, metavar="X", help="share of targets not to deny, 0 to 1")
    parser.add_argument(
        "--weights", type=Path, help="the weights file that was evaluated: write the fit into it"
    )
    parser.add_argument("--write-to", type=Path, metavar="FILE", help="a copy instead of the file itself")
    parser.add_argument("--out", type=Path, help="folder for calibration.json (default: print only)")
    parser.add_argument("--seed", type=int, default=0, help="of the folds (default 0)")
    args = parser.parse_args(argv)
    if args.write_to is not None and args.weights is None:
        parser.error("--write-to wants --weights")

    from ssp_sam_training.calibration.command import run

    return exit_code(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
