"""Learning rates: linear warm-up, then cosine, by steps or by epochs (network.md, "Losses")."""

from __future__ import annotations

import math

from .config import Stage


def learning_rate(stage: Stage, step: int, steps_per_epoch: int = 0, factor: float = 1.0) -> float:
    """The rate of one optimiser step, for parameters whose peak is `factor` times the stage's.

    Scenes: every step has its own; the warm-up ends at the peak. Items: constant within an epoch; the
    warm-up starts at `lr_start`, the epoch after it is at the peak, the last one at `lr_end`. The cosine
    starts where the warm-up ends; `lr_end` is the floor of every parameter, whatever its factor.
    """
    peak = stage.lr * factor
    if not stage.by_items:
        return factor * _by_step(stage, step)
    epoch = step // max(1, steps_per_epoch)
    start = min(stage.lr_start, peak)
    if epoch < stage.warmup:
        return start + (peak - start) * epoch / stage.warmup
    end = min(stage.lr_end, peak)
    done = (epoch - stage.warmup) / max(1, stage.epochs - 1 - stage.warmup)
    return end + (peak - end) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def _by_step(stage: Stage, step: int) -> float:
    if step < stage.warmup:
        return stage.lr * (step + 1) / stage.warmup
    done = (step - stage.warmup) / max(1, stage.steps - 1 - stage.warmup)
    return stage.lr_end + (stage.lr - stage.lr_end) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
