"""`ssp-sam convert`: a checkpoint of the authors' layout becomes a delta, and a delta a checkpoint."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

HELP = "turn an authors' checkpoint into a small delta (.safetensors), or a delta into a checkpoint (.pth)"

_PARTS = ("clip", "sam")
_LAYOUTS = {"before": "before_forward", "after": "after_forward", "after+alias": "after_forward+alias"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("source", type=Path, metavar="SOURCE", help="a checkpoint, a delta, or another file")
    parser.add_argument(
        "destination",
        type=Path,
        metavar="DESTINATION",
        help="*.safetensors: a delta; *.pth, *.pt: a checkpoint",
    )
    parser.add_argument(
        "--variant", metavar="NAME", help="name or JSON file (default: the one the tensors fit)"
    )
    parser.add_argument(
        "--weights-dir",
        action="append",
        type=Path,
        default=[],
        metavar="FOLDER",
        help="look here first for the frozen parts (default: SSP_SAM_WEIGHTS, then the user's data folder)",
    )
    parser.add_argument(
        "--keep",
        nargs="+",
        choices=_PARTS,
        default=[],
        help="frozen parts to store in the delta all the same",
    )
    parser.add_argument(
        "--frozen",
        action="append",
        default=[],
        metavar="PART=FILE",
        help="the file that a frozen part (clip, sam) came from, where it is not a published one",
    )
    parser.add_argument(
        "--layout",
        choices=tuple(_LAYOUTS),
        help="of a checkpoint: saved before or after the release's first forward pass (default: as it was)",
    )
    parser.add_argument("--force", action="store_true", help="replace DESTINATION if it is there")


def run(args: argparse.Namespace) -> int:
    """Convert, and print one JSON object on what was written.

    Raises:
        ValueError, OSError: if an argument or a file cannot be used.
    """
    delta = args.destination.suffix == ".safetensors"
    if not delta and args.destination.suffix not in (".pth", ".pt"):
        raise ValueError(f"{args.destination}: the destination ends in .safetensors, .pth or .pt")
    if delta and args.layout:
        raise ValueError("--layout is for a checkpoint: a delta remembers the layout of its source")
    if not delta and (args.keep or args.frozen):
        raise ValueError("--keep and --frozen are for a delta: a checkpoint has everything")
    if args.destination.exists() and not args.force:
        raise ValueError(f"{args.destination} is there already: --force replaces it")
    if not args.destination.parent.is_dir():
        raise ValueError(f"the folder {args.destination.parent} does not exist")
    frozen = dict(_frozen(given) for given in args.frozen)

    from ssp_sam_ros.network import load_variant
    from ssp_sam_ros.weights.conversion import to_checkpoint, to_delta
    from ssp_sam_ros.weights.folders import weights_folders
    from ssp_sam_ros.weights.names import Layout

    variant = load_variant(args.variant) if args.variant else None
    folders = weights_folders(args.weights_dir)
    if delta:
        done = to_delta(args.source, args.destination, variant, folders, args.keep, frozen)
    else:
        layout = Layout(_LAYOUTS[args.layout]) if args.layout else None
        done = to_checkpoint(args.source, args.destination, variant, folders, layout)
    for note in done.notes:
        print(f"ssp-sam convert: {note}", file=sys.stderr)
    report = {
        "written": str(args.destination),
        "bytes": args.destination.stat().st_size,
        "bytes_source": args.source.stat().st_size,
        "variant": done.variant,
        "layout": done.layout.value,
        "digest": done.digest,
        "left_out": dict(done.left_out),
    }
    print(json.dumps(report))
    return 0


def _frozen(given: str) -> tuple[str, Path]:
    part, _, file = given.partition("=")
    if part not in _PARTS or not file:
        raise ValueError(f"--frozen {given}: wanted is PART=FILE, PART being clip or sam")
    return part, Path(file)
