"""A run's state on disk: one file that resumes exactly, one with the best weights.

What no stage trains is not in them; it is read again from where the run started. A resumed run refuses a
checkpoint that leaves out anything that is trained.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ssp_sam_ros.network import SSPSAM

from .config import to_dict
from .errors import TrainingError
from .parameters import prefixes

if TYPE_CHECKING:
    from .loop import Trainer


def trained(trainer: Trainer, net: SSPSAM) -> dict[str, Tensor]:
    """The tensors of `net` that some stage trains, by name."""
    never = prefixes(trainer.never)
    return {k: v for k, v in net.state_dict().items() if not (never and k.startswith(never))}


def save(trainer: Trainer) -> None:
    """Write `checkpoint.pt`; the old one stays until the new one is whole. All processes take part."""
    cuda = torch.cuda.get_rng_state(trainer.device).cpu() if trainer.device.type == "cuda" else None
    random = trainer.processes.gather([(torch.get_rng_state(), cuda)])
    if trainer.processes.is_main:
        state: dict[str, Any] = {
            "config": json.dumps(to_dict(trainer.config)),
            "net": trained(trainer, trainer.net),
            "optimiser": trainer.optimiser.state_dict(),
            "progress": [trainer.stage, trainer.step, trainer.minutes, trainer.sentences],
            "random": random,
            "history": trainer.history,
            "best": trainer.best,
        }
        if trainer.average is not trainer.net:
            state["average"] = trained(trainer, trainer.average)
        if trainer.heads is not None:
            state["heads"] = trainer.heads.state_dict()
        _write(state, trainer.checkpoint)
    trainer.processes.wait()


def save_best(trainer: Trainer) -> None:
    """Write `best.pt`: the weights that were validated last, and what they scored."""
    if trainer.processes.is_main:
        _write({"net": trained(trainer, trainer.average), "best": trainer.best}, trainer.out / "best.pt")


def best_weights(trainer: Trainer) -> tuple[dict[str, Tensor], str]:
    """What to export, and what it is: the best of the latest stage if it keeps its best, else the last."""
    path = trainer.out / "best.pt"
    latest = min(trainer.stage, len(trainer.config.stages) - 1)
    if trainer.best is None or trainer.best[1] != latest or not path.is_file():
        return trained(trainer, trainer.average), "last"
    state = torch.load(path, map_location=trainer.device, weights_only=True)
    value, stage, step = state["best"]
    return state["net"], f"{trainer.config.stages[stage].best} {value:.2f} at step {step}"


def resume(trainer: Trainer) -> bool:
    """Go back to the checkpoint; False if there is none.

    Raises:
        TrainingError: it belongs to another run, or leaves out what this one trains.
    """
    path = trainer.checkpoint
    if not path.is_file():
        return False
    state = torch.load(path, map_location=trainer.device, weights_only=True)
    before, config = json.loads(state["config"]), trainer.config
    if before["variant"] != config.variant or before["seed"] != config.seed:
        raise TrainingError(
            f"{path} belongs to variant {before['variant']}, seed {before['seed']}: "
            "name another --out or take the same configuration"
        )
    fill(trainer, trainer.net, state["net"], path)
    if trainer.average is not trainer.net:
        fill(trainer, trainer.average, state.get("average", state["net"]), path)
    if trainer.heads is not None:
        trainer.heads.load_state_dict(state["heads"])
    configured: list[dict[str, Any]] = [
        {k: g[k] for k in ("betas", "weight_decay", "kind") if k in g} for g in trainer.optimiser.param_groups
    ]
    try:
        trainer.optimiser.load_state_dict(state["optimiser"])
    except (KeyError, ValueError) as error:
        raise TrainingError(
            f"{path} belongs to another optimiser: take the same configuration or name another --out"
        ) from error
    for group, own in zip(trainer.optimiser.param_groups, configured, strict=True):
        group.update(own)  # the configuration may have changed; the moments stay
    trainer.stage, trainer.step, trainer.minutes, trainer.sentences = state["progress"]
    trainer.history = state.get("history", [])
    best = state.get("best")
    trainer.best = None if best is None else (float(best[0]), int(best[1]), int(best[2]))
    _say_changes(trainer, before)
    _restore_random(trainer, state)
    return True


def fill(trainer: Trainer, net: SSPSAM, tensors: dict[str, Tensor], path: Path) -> None:
    """Give `net` the tensors of a checkpoint; what it leaves out must be what no stage trains."""
    missing, unknown = net.load_state_dict(tensors, strict=False)
    never = prefixes(trainer.never)
    lost = [name for name in missing if not (never and name.startswith(never))]
    if lost or unknown:
        what = (
            f"lacks {lost[0]}, which is trained" if lost else f"has {unknown[0]}, which the network has not"
        )
        raise TrainingError(f"{path} {what}: it belongs to another configuration; name another --out")


def _say_changes(trainer: Trainer, before: dict[str, Any]) -> None:
    now = json.loads(json.dumps(to_dict(trainer.config)))
    changed = sorted(key for key in now if now[key] != before.get(key))
    if changed:
        done = f"stage {trainer.stage}, step {trainer.step}"
        trainer.say(f"the configuration has changed since the checkpoint ({done}): {', '.join(changed)}")
        trainer.history.append(f"{done}: {', '.join(changed)} changed")


def _restore_random(trainer: Trainer, state: dict[str, Any]) -> None:
    """Random states of dropout, one per process; a process that is new keeps the one it has."""
    states = state["random"] if isinstance(state["random"], list) else [(state["random"], None)]
    if trainer.processes.rank < len(states):
        cpu, cuda = states[trainer.processes.rank]
        torch.set_rng_state(cpu.cpu())
        if cuda is not None and trainer.device.type == "cuda":
            torch.cuda.set_rng_state(cuda.cpu(), trainer.device)


def _write(state: dict[str, Any], path: Path) -> None:
    partial = path.with_suffix(".part")
    torch.save(state, partial)
    os.replace(partial, path)
