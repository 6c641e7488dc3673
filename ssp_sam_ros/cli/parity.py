"""`ssp-sam parity`: compare the network with recorded outputs of the authors' network."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

HELP = "compare the network with recorded outputs of the authors' network"

FIXTURES = Path(__file__).resolve().parents[2] / "test" / "data" / "reference"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument(
        "--reference",
        type=Path,
        default=FIXTURES,
        metavar="FOLDER",
        help="folder with golden_VARIANT_seedN.npz (default: the fixtures of a source tree's tests)",
    )
    parser.add_argument("--variant", choices=("224", "336"), default="224", help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="the fixture's seed (default: %(default)s)")
    parser.add_argument(
        "--dtype",
        choices=("float32", "bfloat16", "float16"),
        default="float32",
        help="arithmetic whose cost to measure (default: %(default)s)",
    )
    parser.add_argument("--device", default="cpu", help="cpu (default), cuda, cuda:N or auto")


def run(args: argparse.Namespace) -> int:
    """Print one JSON object; 0 if every output is within the bounds of the arithmetic."""
    from ssp_sam_ros.perception.parity import check_parity

    report = check_parity(args.reference, args.variant, args.seed, args.dtype, args.device)
    print(
        json.dumps(
            {
                "variant": args.variant,
                "seed": args.seed,
                "dtype": report.dtype,
                "device": args.device,
                "relative_error": dict(report.relative_error),
                "box_error_pixels": report.box_error_pixels,
                "mask_iou": list(report.mask_iou),
                "bounds": asdict(report.bounds),
                "failures": report.failures,
            }
        )
    )
    return 1 if report.failures else 0
