"""`ssp-sam segment`: expressions on one picture, offline."""

from __future__ import annotations

import argparse
import json
import logging
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from ssp_sam_ros.perception.result import Result

HELP = "segment what expressions refer to in a picture file"

_LONGEST_STEM = 40  # characters of the picture's name that go on in other names: file systems take 255 bytes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.epilog = "Exits with 1 where no expression got an answer (FOUND or NO_TARGET)."
    parser.add_argument("--image", type=Path, required=True, metavar="FILE", help="the picture")
    parser.add_argument(
        "--expression",
        action="append",
        required=True,
        metavar="TEXT",
        help='what to look for, such as "the red mug"; may be given several times',
    )
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="where masks and overlays go; made if missing",
    )
    parser.add_argument("--variant", default="ssp_sam_tiny", help="name or JSON file (default: %(default)s)")
    parser.add_argument(
        "--weights", metavar="FILE", help="checkpoint or safetensors, or 'random' (default: the shipped ones)"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: %(default)s)")
    parser.add_argument("--dtype", default="auto", help="auto, float32, bfloat16 or float16 (default: auto)")
    parser.add_argument(
        "--no-target-threshold",
        type=float,
        metavar="P",
        help="say NO_TARGET from this probability on (default: 0.5)",
    )


def run(args: argparse.Namespace) -> int:
    """Print one JSON object a line for each expression; 0 where any is FOUND or NO_TARGET.

    Raises:
        ValueError, OSError: if the picture, the weights or the folder cannot be used.
    """
    from ssp_sam_ros.perception.image_file import read_image

    # Before torch is loaded: a wrong path should not take seconds to notice.
    image = read_image(args.image)

    from ssp_sam_ros.perception.result import Outcome
    from ssp_sam_ros.perception.segmenter import Segmenter

    logging.basicConfig(format="%(levelname)s: %(message)s")  # to stderr
    segmenter = Segmenter.load(args.variant, args.weights, args.device, args.dtype)
    if args.no_target_threshold is not None:
        segmenter.no_target_threshold = args.no_target_threshold
    args.output.mkdir(parents=True, exist_ok=True)  # not before: an error above should leave no empty folder
    results = segmenter.refer(segmenter.encode(image), args.expression)
    for number, result in enumerate(results, start=1):
        name = f"{args.image.stem[:_LONGEST_STEM]}_{number}_{_slug(result.expression)}"
        print(json.dumps(_write(image, result, args.output, name)), flush=True)
    return 0 if any(result.outcome is not Outcome.FAILED for result in results) else 1


def _write(image: np.ndarray, result: Result, folder: Path, name: str) -> dict[str, Any]:
    """Write mask and overlay as PNG and describe the result; undefined numbers become null."""
    from PIL import Image

    from ssp_sam_ros.perception.drawing import draw_overlay

    mask_path, overlay_path = folder / f"{name}_mask.png", folder / f"{name}_overlay.png"
    if result.mask is not None:
        Image.fromarray(result.mask).save(mask_path)
    Image.fromarray(draw_overlay(image, [result])).save(overlay_path)
    times = result.times
    return {
        "expression": result.expression,
        "outcome": result.outcome.value,
        "box": list(result.box),
        "score": _number(result.score),
        "no_target_probability": _number(result.no_target_probability),
        "pixels": result.pixels,
        "mask": None if result.mask is None else str(mask_path),
        "overlay": str(overlay_path),
        "ms": {
            "image_encoding": round(times.image_encoding, 3),
            "prompt": round(times.prompt, 3),
            "decode": round(times.decode, 3),
            "total": round(times.total, 3),
        },
        "reason": result.reason,
        "unknown_words": list(result.unknown_words),
        "warnings": list(result.warnings),
        "network_box": [round(value, 2) for value in result.network_box],
        "model": result.model,
        "weights_digest": result.weights_digest,
    }


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:40].rstrip("_") or "expression"
