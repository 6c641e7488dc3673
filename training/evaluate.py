#!/usr/bin/env python3
"""Score weights, or anybody's masks, on a split of a referring-expression set.

python training/evaluate.py --root data/tabletop --dataset grefcoco --split test --out out/evaluation
torchrun --nproc-per-node 8 training/evaluate.py ...        the same on 8 GPUs, every sentence scored once
python training/evaluate.py ... --from-predictions masks.jsonl

Prints a Markdown table by kind of sentence and writes into --out: results.json (all numbers), samples.jsonl
(one line a sentence, masks as COCO run lengths), gallery.json (for training/make_report.py), table.md,
successes.png and failures.png. docs/evaluation.md describes protocols and files.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from ssp_sam_training.command_line import exit_code, positive


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and run; 0 ok, 1 failed, 2 usage."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    data = parser.add_argument_group("data")
    data.add_argument("--root", required=True, type=Path, help="folder with <dataset>/ and images/")
    data.add_argument(
        "--dataset", default="grefcoco", help="layout and name: refcoco, grefcoco, ... (default %(default)s)"
    )
    data.add_argument("--split", default="val", help="train, val, test, testA, ... (default %(default)s)")
    data.add_argument(
        "--split-by", help="who made the split: unc, umd, google, berkeley (default: the set's usual)"
    )
    data.add_argument(
        "--images", type=Path, help="folder of the pictures, if not in the usual place under --root"
    )
    data.add_argument("--limit", type=positive, metavar="N", help="the first N pictures only")
    model = parser.add_argument_group("model")
    model.add_argument("--variant", default="ssp_sam_tiny", help="name or JSON file (default %(default)s)")
    model.add_argument("--weights", help="file, or 'random' (default: those shipped with the variant)")
    model.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 (default %(default)s)")
    model.add_argument("--dtype", default="auto", help="auto, float32, bfloat16 (default %(default)s)")
    model.add_argument(
        "--from-predictions", type=Path, metavar="FILE", help="score this file of masks instead of a model"
    )
    model.add_argument(
        "--missing",
        choices=("error", "empty"),
        default="error",
        help="a sentence that FILE does not answer: an error, or 'no target' (default %(default)s)",
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "--protocol", choices=("gres", "paper", "both"), default="both", help="default %(default)s"
    )
    output.add_argument("--out", type=Path, help="folder to write into (default: print only)")
    output.add_argument(
        "--cells", type=positive, default=20, metavar="N", help="sentences on a contact sheet (default 20)"
    )
    output.add_argument(
        "--gallery", type=positive, default=12, metavar="N", help="best, worst and random each (default 12)"
    )
    output.add_argument(
        "--latency", type=int, default=0, metavar="N", help="also time N samples, 5 runs (the paper: 20)"
    )
    output.add_argument(
        "--latency-warm-up", type=int, default=50, metavar="N", help="discarded before (default 50)"
    )
    output.add_argument("--seed", type=int, default=0, help="of what is chosen at random (default 0)")
    args = parser.parse_args(argv)
    logging.basicConfig(format="%(message)s", level=logging.WARNING)

    from ssp_sam_training.evaluation.command import run

    return exit_code(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
