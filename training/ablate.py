#!/usr/bin/env python3
"""What each part of the small model is worth: taken out of trained weights, and both trained on.

    python training/ablate.py --config training/configs/tabletop_tiny.yaml [--steps 400] [--only whole dense]

Every row starts from the same weights, without one part, and gets the configuration's last stage again for
`--steps` steps with a learning rate that falls to nothing; then the validation split is scored. What a part
is worth from the start on, a run that never had it would tell better, and takes hours. Stopped, the same
command goes on where it was.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ssp_sam_training.config import ConfigError, TrainConfig, load_config

WHOLE = "whole"
EXTENSIONS = (
    "fine_mask", "high_res", "dense_prompt", "presence", "alignment", "position", "text_in_sequence",
    "visual_skip", "gating_norms",
)  # fmt: skip
LOSSES = ("dense", "align", "patch")
COLUMNS = ("giou", "targeted_giou", "n_acc", "t_acc")


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is missing and print the table; 0 ok, 1 failed, 2 usage."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", required=True, type=Path)
    parser.add_argument(
        "--start", default="ssp_sam_ros/assets/ssp_sam_tiny.safetensors", help="default: %(default)s"
    )
    parser.add_argument("--steps", type=int, default=400, help="default: %(default)s")
    parser.add_argument("--lr", type=float, default=3e-4, help="at the beginning (default: %(default)s)")
    parser.add_argument("--pictures", type=int, default=300, help="to score (default: %(default)s)")
    parser.add_argument("--only", nargs="+", choices=[WHOLE, *EXTENSIONS, *LOSSES], help="default: all")
    parser.add_argument("--threads", type=int, help="CPU threads (default: torch's)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path, default=Path("out/ablations"))
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="of the configuration")
    args = parser.parse_args(argv)
    try:
        config = load_config(args.config, args.overrides)
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2

    import torch

    from ssp_sam_training.memory import keep_freed_memory

    keep_freed_memory()
    if args.threads:
        torch.set_num_threads(args.threads)
    rows = {}
    for name in args.only or (WHOLE, *EXTENSIONS, *LOSSES):
        try:
            rows[name] = _scores(without(config, name, args), args, name, _settings(config, args))
        except (ValueError, OSError, RuntimeError) as error:
            print(f"error: {name}: {error}", file=sys.stderr)
            return 1
    print(table(rows))
    content = {**_settings(config, args), "rows": rows}
    (args.out / "ablations.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 0


def without(config: TrainConfig, name: str, args: argparse.Namespace) -> TrainConfig:
    """The short run that goes without one part."""
    last = config.stages[-1]
    losses = dataclasses.replace(last.losses, **({name: 0.0} if name in LOSSES else {}))
    stage = dataclasses.replace(
        last, steps=args.steps, lr=args.lr, lr_end=0.0, warmup=min(50, args.steps // 4), losses=losses
    )
    changes = dict(config.variant_changes)
    if name in EXTENSIONS:
        off = {name: False} | ({"fine_mask": False} if name == "high_res" else {})
        changes["extensions"] = {**changes.get("extensions", {}), **off}
    return dataclasses.replace(
        config,
        stages=(stage,),
        start=args.start,
        variant_changes=changes,
        validation_pictures=args.pictures,
        validate_minutes=1e9,
    )


def table(rows: dict[str, dict[str, float]]) -> str:
    """Markdown; differences from the whole model where it is among the rows."""
    lines = ["| without | gIoU | gIoU, with a target | N-acc | T-acc |", "|---|---|---|---|---|"]
    whole = rows.get(WHOLE)
    for name, scores in rows.items():
        cells = []
        for column in COLUMNS:
            difference = "" if whole is None or name == WHOLE else f" ({scores[column] - whole[column]:+.1f})"
            cells.append(f"{scores[column]:.1f}{difference}")
        label = "(nothing: the whole model)" if name == WHOLE else name
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _settings(config: TrainConfig, args: argparse.Namespace) -> dict[str, Any]:
    """What all rows of a table have in common."""
    return {
        "steps": args.steps, "lr": args.lr, "pictures": args.pictures, "start": args.start,
        "config": json.loads(json.dumps(dataclasses.asdict(config))),
    }  # fmt: skip


def _scores(
    config: TrainConfig, args: argparse.Namespace, name: str, settings: dict[str, Any]
) -> dict[str, float]:
    """Train, unless that is done, and read the last validation.

    Raises:
        ValueError: the folder holds a run of other settings.
    """
    import torch

    from ssp_sam_training.loop import Trainer

    out = args.out / name
    noted = out / "settings.json"
    if noted.is_file() and json.loads(noted.read_text(encoding="utf-8")) != settings:
        raise ValueError(f"{out} is of a run with other settings: give this one another --out")
    out.mkdir(parents=True, exist_ok=True)
    noted.write_text(json.dumps(settings), encoding="utf-8")
    scores = out / "scores.json"
    if not scores.is_file():
        trainer: Any = Trainer(config, out, torch.device(args.device))
        trainer.say(f"== without {name}")
        trainer.run()
        trainer.close()
        with (out / "validation.csv").open(encoding="utf-8") as file:
            last = list(csv.DictReader(file))[-1]
        scores.write_text(json.dumps({column: float(last[column]) for column in COLUMNS}), encoding="utf-8")
    found: dict[str, float] = json.loads(scores.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    sys.exit(main())
