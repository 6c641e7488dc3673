"""One optimiser step of a run, over all its processes and micro-batches."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import nn

from .batches import Batch
from .config import Stage
from .errors import TrainingError
from .parameters import floating
from .step import total_loss

if TYPE_CHECKING:
    from .loop import Trainer


def update(
    trainer: Trainer, stage: Stage, batches: list[Batch], clock: list[bool]
) -> tuple[dict[str, float], list[bool]]:
    """One optimiser step.

    Each micro-batch counts by its share of the step's sentences, so that any split of a step over
    processes and micro-batches gives the loss, and the gradient, of the whole. (But for batch norms, and
    for the means over cells in `dense`, over sentences with a target in `choice` and `align_choice`, and over
    those that tell what they mention in `mentions`.)

    Returns the loss terms, the total and the gradient's norm over all processes; and the main process's
    `clock`, the same for all.
    """
    trainer.optimiser.zero_grad(set_to_none=True)
    found: list[dict[str, float]] = []
    for i, batch in enumerate(batches):
        with trainer.processes.without_sharing(trainer.module, when=i + 1 < len(batches)):
            with torch.autocast(trainer.device.type, torch.bfloat16, enabled=trainer.config.autocast):
                terms = trainer.module(batch, stage.losses, stage.truth == "letterbox")
                loss = total_loss(terms, stage.losses)
            scale = batch.weight * trainer.processes.count
            (loss if scale == 1.0 else loss * scale).backward()
        found.append({**{k: float(v.detach()) for k, v in terms.items()}, "loss": loss.item()})
    weights = [batch.weight for batch in batches]
    own = {k: sum(w * f[k] for w, f in zip(weights, found, strict=True)) for k in found[0]}
    flags = [float(flag and trainer.processes.is_main) for flag in clock]
    together = trainer.processes.sum([*own.values(), *flags])
    values = dict(zip(own, together, strict=False))
    if not math.isfinite(values["loss"]):
        _refuse_loss(trainer, stage, batches, found)
    parameters = [p for group in trainer.optimiser.param_groups for p in group["params"]]
    norm = nn.utils.clip_grad_norm_(parameters, trainer.config.optimiser.gradient_norm)
    if not torch.isfinite(norm):
        raise TrainingError(
            f"the gradient is {norm.item()} in stage '{stage.name}', step {trainer.step} "
            f"(seed {trainer.config.seed}): lower the learning rate or look at that batch: "
            f"{_named(trainer.processes.gather([n for b in batches for n in b.names]))}"
        )
    trainer.optimiser.step()
    _move_average(trainer)
    return {**values, "gradient": float(norm)}, [bool(flag) for flag in together[len(own) :]]


def _refuse_loss(trainer: Trainer, stage: Stage, batches: list[Batch], found: list[dict[str, float]]) -> None:
    """Stop all processes with the batches whose loss is not finite."""
    own = [
        f"terms { {k: v for k, v in values.items() if k != 'loss'} } for {_named(batch.names)}"
        for batch, values in zip(batches, found, strict=True)
        if not math.isfinite(values["loss"])
    ]
    bad = [values["loss"] for values in found if not math.isfinite(values["loss"])]
    value = trainer.processes.gather(bad)[0]
    raise TrainingError(
        f"loss is {value} in stage '{stage.name}', step {trainer.step} (seed {trainer.config.seed}): "
        f"{'; '.join(trainer.processes.gather(own))}; lower the learning rate or look at that batch"
    )


@torch.no_grad()
def _move_average(trainer: Trainer) -> None:
    """Exponential moving average of the weights, over a tenth of the steps so far at most."""
    if trainer.average is trainer.net:
        return
    done = trainer.step_of_all()
    decay = min(trainer.config.optimiser.ema, (1 + done) / (10 + done))
    torch._foreach_lerp_(floating(trainer.average), floating(trainer.net), 1 - decay)


def _named(names: list[str] | tuple[str, ...]) -> str:
    shown = ", ".join(names[:4])
    return f"{shown} and {len(names) - 4} more" if len(names) > 4 else shown
