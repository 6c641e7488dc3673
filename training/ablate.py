#!/usr/bin/env python3
"""What each part of the small model is worth: taken out of trained weights, and both trained on.

    python training/ablate.py --config training/configs/bench_tiny_5.yaml [--steps 400] [--only whole dense]

Every row starts from the same weights, without one part and the losses that need it. A weights file has no
heads for the dense labels, so new ones learn first, beside frozen encoders, once for all rows; then comes
the configuration's last stage for `--steps` steps with a learning rate that falls to nothing; then the
validation split is scored. In brackets: the difference from the whole model, with its 95 % interval over
pictures. What a part is worth from the start on, a run that never had it would tell better, and takes hours.
Stopped, the same command goes on where it was.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ssp_sam_training.config import ConfigError, Losses, Stage, TrainConfig, load_config

WHOLE, HEADS = "whole", "heads"
# Of an extension: what else goes, since it needs it.
EXTENSIONS: dict[str, tuple[str, ...]] = {
    "fine_mask": (),
    "high_res": ("fine_mask",),
    "dense_prompt": ("loss patch", "loss choice"),
    "presence": ("loss presence",),
    "alignment": ("loss align", "loss align_choice"),
    "mentions": ("loss mentions",),
    "position": (),
    "text_in_sequence": (),
    "visual_skip": (),
    "gating_norms": (),
}
LOSSES = ("dense", "dense_ranks", "align", "patch", "choice", "align_choice")
MUON = "muon"
COLUMNS = {"gIoU": "iou", "gIoU, with a target": "targeted", "N-acc": "n_acc", "T-acc": "t_acc"}
_HEADS, _SENTENCES = 100, 8  # steps of the dense heads alone; sentences of a picture to score


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
    parser.add_argument("--only", nargs="+", choices=[WHOLE, *EXTENSIONS, *LOSSES, MUON], help="default: all")
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

    from ssp_sam_ros.perception.allocator import keep_freed_memory

    keep_freed_memory(largest_block=2**30, spare=2**31 - 1)  # activations are tens of megabytes
    if args.threads:
        torch.set_num_threads(args.threads)
    try:
        from ssp_sam_training.starting import configured_variant

        extensions = configured_variant(config).extensions
        names = [
            n
            for n in (WHOLE, *EXTENSIONS, *LOSSES, MUON)
            if n in (args.only or (n,)) and _on(n, extensions, config)
        ]
        settings = _settings(config, args)
        heads = _learned_heads(config, args, settings)
        rows = {name: _scores(without(config, name, args), args, name, settings, heads) for name in names}
    except (ValueError, OSError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(table(rows))
    content = {**settings, "rows": {name: summary(scores) for name, scores in rows.items()}}
    (args.out / "ablations.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 0


def _on(name: str, extensions: Any, config: TrainConfig) -> bool:
    """Whether there is anything to take out."""
    if name in EXTENSIONS:
        return bool(getattr(extensions, name))
    if name == MUON:
        return config.optimiser.muon
    return name == WHOLE or getattr(config.stages[-1].losses, name) > 0


def without(config: TrainConfig, name: str, args: argparse.Namespace) -> TrainConfig:
    """The short run that goes without one part."""
    last = config.stages[-1]
    gone: dict[str, Any] = dict.fromkeys(_losses_gone(name), 0.0)
    losses = dataclasses.replace(last.losses, **gone)
    stage = dataclasses.replace(
        last, steps=args.steps, lr=args.lr, lr_end=0.0, warmup=min(50, args.steps // 4), losses=losses
    )
    changes = dict(config.variant_changes)
    if name in EXTENSIONS:
        parts = [name, *(other for other in EXTENSIONS[name] if other in EXTENSIONS)]
        changes["extensions"] = {**changes.get("extensions", {}), **dict.fromkeys(parts, False)}
    optimiser = dataclasses.replace(config.optimiser, muon=config.optimiser.muon and name != MUON)
    return dataclasses.replace(
        config,
        optimiser=optimiser,
        stages=(_heads(last, args), stage),
        start=args.start,
        variant_changes=changes,
        validation_pictures=1,  # scored below, sentence by sentence
        validate_minutes=1e9,
    )


def _losses_gone(name: str) -> list[str]:
    """The losses that go with a part: of an extension those that need it."""
    if name in LOSSES:
        return [name]
    return [other.removeprefix("loss ") for other in EXTENSIONS.get(name, ()) if other.startswith("loss ")]


def _learned_heads(config: TrainConfig, args: argparse.Namespace, settings: dict[str, Any]) -> Any:
    """State of dense heads that read the weights' features as they are, learned once for all rows."""
    import torch

    from ssp_sam_training.loop import Trainer

    out = args.out / HEADS
    _claim(out, settings)
    whole = without(config, WHOLE, args)
    trainer = Trainer(dataclasses.replace(whole, stages=whole.stages[:1]), out, torch.device(args.device))
    if trainer.heads is None:
        return None
    trainer.say("== heads of the dense labels")
    trainer.run()
    trainer.close()
    return trainer.heads.state_dict()


def _heads(last: Stage, args: argparse.Namespace) -> Stage:
    """The dense heads learn to read the features as they are, beside frozen encoders."""
    kept = {k: getattr(last.losses, k) for k in ("dense_background", "dense_balance", "dense_ranks")}
    return dataclasses.replace(
        last,
        name="heads",
        steps=min(_HEADS, args.steps),
        sentences=1,
        lr=3e-3,
        lr_end=3e-4,
        warmup=1,
        image_encoder_lr=1.0,
        frozen=("clip", "sam_image_encoder"),
        losses=Losses(dense=1.0, **kept),
    )


def summary(scores: dict[str, list[float]]) -> dict[str, float]:
    """Percentages of one row, by column."""
    return {title: 100 * _mean(*_column(scores, column)) for title, column in COLUMNS.items()}


def table(rows: dict[str, dict[str, list[float]]]) -> str:
    """Markdown; differences from the whole model where it is among the rows."""
    lines = [f"| without | {' | '.join(COLUMNS)} |", "|---" * (1 + len(COLUMNS)) + "|"]
    whole = rows.get(WHOLE)
    for name, scores in rows.items():
        cells = []
        for column in COLUMNS.values():
            cell = f"{100 * _mean(*_column(scores, column)):.1f}"
            if whole is not None and name != WHOLE:
                cell += f" ({_difference(scores, whole, column)})"
            cells.append(cell)
        label = " + ".join([name, *EXTENSIONS.get(name, ())])
        if name in LOSSES:
            label = f"loss {name}"
        if name == MUON:
            label = "muon (AdamW throughout)"
        lines.append(f"| {'(nothing: the whole model)' if name == WHOLE else label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _column(scores: dict[str, list[float]], column: str) -> tuple[np.ndarray, np.ndarray]:
    """Numerators and denominators, one a sentence."""
    iou, there, empty = (np.asarray(scores[k], float) for k in ("iou", "targeted", "empty"))
    return {
        "iou": (iou, np.ones_like(iou)),
        "targeted": (iou * there, there),
        "n_acc": (empty * (1 - there), 1 - there),
        "t_acc": ((1 - empty) * there, there),
    }[column]


def _mean(numerators: np.ndarray, denominators: np.ndarray) -> float:
    return float(numerators.sum() / denominators.sum()) if denominators.any() else float("nan")


def _difference(scores: dict[str, list[float]], whole: dict[str, list[float]], column: str) -> str:
    """The same sentences, so the pictures are drawn anew for both at once."""
    from ssp_sam_training.metrics import bootstrap_interval

    (top, bottom), (other, _) = _column(scores, column), _column(whole, column)
    pictures = [int(picture) for picture in whole["picture"]]
    low, high = bootstrap_interval(pictures, top - other, bottom, bounded=False)
    return f"{100 * _mean(top - other, bottom):+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"


def _settings(config: TrainConfig, args: argparse.Namespace) -> dict[str, Any]:
    """What all rows of a table have in common."""
    from ssp_sam_ros.weights.digest import file_digest
    from ssp_sam_training.starting import configured_variant

    return {
        "steps": args.steps, "lr": args.lr, "pictures": args.pictures, "start": args.start,
        "start_digest": file_digest(Path(args.start)),
        "variant": json.loads(configured_variant(config).to_json()),
        "config": json.loads(json.dumps(dataclasses.asdict(config))),
    }  # fmt: skip


def _claim(out: Path, settings: dict[str, Any]) -> None:
    """Make the folder of a row, or find it.

    Raises:
        ValueError: it holds a run of other settings.
    """
    noted = out / "settings.json"
    if noted.is_file() and json.loads(noted.read_text(encoding="utf-8")) != settings:
        raise ValueError(f"{out} is of a run with other settings: give this one another --out")
    out.mkdir(parents=True, exist_ok=True)
    noted.write_text(json.dumps(settings), encoding="utf-8")


def _scores(
    config: TrainConfig, args: argparse.Namespace, name: str, settings: dict[str, Any], heads: Any
) -> dict[str, list[float]]:
    """Train and score, unless that is done: one entry a sentence.

    Raises:
        ValueError: the folder holds a run of other settings.
    """
    import torch

    from ssp_sam_training.loop import Trainer
    from ssp_sam_training.validation import score_scenes

    out = args.out / name
    _claim(out, settings)
    path = out / "scores.json"
    if not path.is_file():
        trainer: Any = Trainer(config, out, torch.device(args.device))
        if trainer.stage == 0:
            if heads is not None and trainer.heads is not None:
                trainer.heads.load_state_dict(heads)
            trainer.stage = 1
        trainer.say(f"== without {name}")
        trainer.run()
        scores = score_scenes(
            trainer.average, trainer.sources.validation_scenes, args.pictures, _SENTENCES,
            trainer.processes, config.autocast,
        )  # fmt: skip
        trainer.close()
        found = {
            "picture": [s.order[0] for s in scores],
            "iou": [s.iou for s in scores],
            "targeted": [float(s.targeted) for s in scores],
            "empty": [float(s.predicted_empty) for s in scores],
        }
        path.write_text(json.dumps(found), encoding="utf-8")
    read: dict[str, list[float]] = json.loads(path.read_text(encoding="utf-8"))
    return read


if __name__ == "__main__":
    sys.exit(main())
