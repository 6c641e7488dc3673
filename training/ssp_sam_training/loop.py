"""The training loop: stages, schedule, moving average, validation; one process or many, in the same steps."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn

from ssp_sam_ros.network import SSPSAM

from . import checkpoints
from .batches import Batch, prefetched
from .config import Stage, TrainConfig, to_dict
from .distributed import Processes
from .errors import TrainingError
from .heads import DenseHeads
from .logs import RunLog, duration, progress
from .optimisers import make_optimiser
from .parameters import freeze, frozen_parts, parameter_groups, prefixes, relative_rate, with_parts
from .schedule import learning_rate
from .sources import Sources
from .starting import configured_variant, open_store, starting_network
from .step import TrainingNetwork, check_losses
from .updates import update
from .validation import validate_items, validate_scenes

__all__ = ["Trainer", "TrainingError", "learning_rate", "parameter_groups"]

_SENTENCES_PER_PICTURE = 8  # validation of scenes


class Trainer:
    """Runs a configuration's stages over a dataset; state lives in `out/checkpoint.pt`."""

    def __init__(self, config: TrainConfig, out: Path, device: torch.device) -> None:
        """Read the splits, build the network, and go back to the checkpoint in `out` if there is one."""
        self.config, self.out = config, out
        self.processes = Processes(device)
        self.device = self.processes.device
        if self.processes.is_main:
            out.mkdir(parents=True, exist_ok=True)
        self.sources = Sources(config)
        self.variant = configured_variant(config, self.sources.sentences())
        for stage in config.stages:
            check_losses(self.variant, stage)
        self.net = starting_network(config, self.variant)
        store = open_store(config, self.net)
        self.sources.use(self.variant, store)
        if store is not None:
            del self.net.sam.image_encoder
        self.net.to(self.device)
        self.average = self._second_network() if config.optimiser.ema else self.net
        labels = self.sources.labels
        self.heads = DenseHeads(self.variant, labels).to(self.device) if labels is not None else None
        if self.device.type == "cpu":
            for module in (self.net, self.average):
                module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.never = frozenset.intersection(*(with_parts(stage.frozen) for stage in config.stages))
        freeze(self.net, self.never)
        self.optimiser = make_optimiser(config, self.net, self.heads)
        self.module: nn.Module = TrainingNetwork(self.net, self.heads)
        self._frozen: list[nn.Module] = []
        if self.processes.rank:
            torch.manual_seed(config.seed + 1_000_003 * self.processes.rank)  # dropout of its own
        self.stage, self.step, self.minutes, self.sentences = 0, 0, 0.0, 0
        self.best: tuple[float, int, int] | None = None  # value, stage, step
        self.history: list[str] = []  # changes of configuration on the way
        self.checkpoint = out / "checkpoint.pt"
        if checkpoints.resume(self):
            self.say(f"resumed at stage {self.stage}, step {self.step}, {self.minutes:.1f} min")
        self.log: RunLog | None = None  # from the first step on: who only exports changes no curve

    def run(self, minutes: float | None = None) -> bool:
        """Train until the last stage ends or `minutes` are over; True if everything is done.

        Stopping early leaves a checkpoint; from it the same command goes on with the same batches.
        """
        if self.processes.is_main and self.log is None:
            stage = self.config.stages[self.stage].name if self.stage < len(self.config.stages) else ""
            self.log = RunLog(self.out, self.step_of_all(), stage, self.step)
        begun = time.monotonic()
        limit = math.inf if minutes is None else minutes
        while self.stage < len(self.config.stages):
            if not self._run_stage(self.config.stages[self.stage], begun, limit):
                return False
            self.stage, self.step = self.stage + 1, 0
            checkpoints.save(self)
        return True

    def steps(self, stage: Stage) -> int:
        """Optimiser steps of a stage."""
        return stage.epochs * self.steps_per_epoch(stage) if stage.by_items else stage.steps

    def steps_per_epoch(self, stage: Stage) -> int:
        """Steps between two validations and changes of the learning rate; 0 for scenes, which have none."""
        return self.sources.items.steps_per_epoch(stage) if stage.by_items else 0

    def _run_stage(self, stage: Stage, begun: float, limit: float) -> bool:
        total, per_epoch = self.steps(stage), self.steps_per_epoch(stage)
        self._check_shares(stage)
        saved = shown = last = validated = time.monotonic()
        sums: dict[str, float] = {}
        count, sentences = 0, 0
        frozen: frozenset[str] | None = None
        batches = self.batches(stage, range(self.step, total))
        while self.step < total:
            now_frozen = frozen_parts(stage, self.step // per_epoch if per_epoch else 0)
            if now_frozen != frozen:
                frozen = now_frozen
                self.learn_all_but(frozen)
            micro = [next(batches).to(self.device) for _ in range(stage.accumulate)]
            now = time.monotonic()
            clock = [
                (now - begun) / 60 > limit,
                now - saved > 60 * self.config.checkpoint_minutes,
                now - validated > 60 * self.config.validate_minutes,
            ]
            values, (stop, save, validate) = self.update(stage, micro, clock)
            for name, value in values.items():
                sums[name] = sums.get(name, 0.0) + value
            count, sentences = count + 1, sentences + micro[0].total
            self.sentences += micro[0].total
            self.step += 1
            now = time.monotonic()
            self.minutes, last = self.minutes + (now - last) / 60, now
            ended = self.step == total
            if now - shown > self.config.log_seconds or ended:
                seconds = (now - shown) / count * (total - self.step)
                means = {k: v / count for k, v in sums.items()}
                self._report(stage, means, sentences / max(now - shown, 1e-9), seconds)
                sums, count, sentences, shown = {}, 0, 0, now
            if per_epoch:
                validate = self.step % (per_epoch * stage.validate_every) == 0
            if (validate or ended) and (stage.losses.needs_mask or stage.best):
                improved = self._validate(stage)
                save = save or bool(per_epoch) or improved
                validated = last = shown = time.monotonic()
            if save and not ended:
                checkpoints.save(self)
                saved = last = time.monotonic()
            if stop and not ended:
                checkpoints.save(self)
                return False
        return True

    def batches(self, stage: Stage, steps: range) -> Iterator[Batch]:
        """This process's micro-batches of `steps`, in order."""
        maker = self.sources.items if stage.by_items else self.sources.scenes
        seed, data = (self.config.seed, self.stage), self.config.data
        first, parts = self.processes.rank * stage.accumulate, self.processes.count * stage.accumulate

        def make(step: int, part: int) -> Batch:
            return maker.step(seed, step, stage, first + part, parts)

        wanted = ((step, part) for step in steps for part in range(stage.accumulate))
        return prefetched(make, wanted, data.prefetch, data.loaders)

    def _check_shares(self, stage: Stage) -> None:
        size, parts = stage.batch or stage.pictures, self.processes.count * stage.accumulate
        if size < parts:
            raise TrainingError(
                f"stage '{stage.name}': {size} cannot be shared by {self.processes.count} processes times "
                f"{stage.accumulate} micro-batches: take fewer, or a larger batch"
            )

    def learn_all_but(self, frozen: frozenset[str]) -> None:
        """From here on these parts are frozen, and all else learns."""
        freeze(self.net, frozen)
        self.net.zero_grad(set_to_none=True)
        names = [prefix.removesuffix(".") for prefix in prefixes(frozen)]
        self._frozen = [module for name, module in self.net.named_modules() if name in names]
        self.module = self.processes.share_gradients(TrainingNetwork(self.net, self.heads))

    def update(
        self, stage: Stage, batches: list[Batch], clock: list[bool]
    ) -> tuple[dict[str, float], list[bool]]:
        """One optimiser step; see `updates.update`."""
        for group in self.optimiser.param_groups:
            factor = relative_rate(stage, group["kind"])
            group["lr"] = learning_rate(stage, self.step, self.steps_per_epoch(stage), factor)
        self.net.train()
        for module in self._frozen:
            module.eval()
        return update(self, stage, batches, clock)

    def _validate(self, stage: Stage) -> bool:
        """Score, note it, and keep the weights if they are this stage's best; whether they are."""
        config, processes = self.config, self.processes
        pictures, autocast = config.validation_pictures, config.autocast
        if stage.by_items:
            masks = stage.losses.needs_mask
            maker = self.sources.validation_items
            scores = validate_items(self.average, maker, pictures, masks, processes, autocast)
        else:
            scores = validate_scenes(
                self.average, self.sources.validation_scenes, pictures, _SENTENCES_PER_PICTURE,
                processes, autocast,
            )  # fmt: skip
        line = " ".join(f"{k} {v:.1f}" for k, v in scores.items())
        self.say(f"validation after {self.minutes:.1f} min: {line}")
        if self.log is not None:
            row = {"minutes": self.minutes, "stage": stage.name, "step": self.step, **scores}
            self.log.row(f"validation_{self.stage}.csv" if stage.by_items else "validation.csv", row)
            self.log.scalars("validation", scores, self.step_of_all())
        if stage.best and self._is_best(scores[stage.best]):
            self.best = scores[stage.best], self.stage, self.step
            checkpoints.save_best(self)
            self.say(f"best {stage.best} so far")
            return True
        return False

    def _is_best(self, value: float) -> bool:
        first = self.best is None or self.best[1] != self.stage
        return not math.isnan(value) and (first or value > (self.best or (0.0,))[0])

    def _report(self, stage: Stage, means: dict[str, float], rate: float, seconds_left: float) -> None:
        if self.log is None:
            return
        total = self.steps(stage)
        line = " ".join(f"{k} {v:.4f}" for k, v in means.items())
        self.say(
            f"[{self.minutes:6.1f} min] {stage.name} {self.step}/{total} {progress(self.step, total)} {line} "
            f"{rate:.0f} sentences/s, {duration(seconds_left)} left"
        )
        lr = learning_rate(stage, self.step, self.steps_per_epoch(stage))
        row = {"minutes": self.minutes, "sentences": self.sentences, "stage": stage.name, "step": self.step}
        self.log.row(f"losses_{self.stage}.csv", {**row, "lr": lr, **means})
        self.log.scalars(stage.name, {**means, "lr": lr, "sentences_per_s": rate}, self.step_of_all())

    def say(self, line: str) -> None:
        """A line on the main process's terminal."""
        if self.processes.is_main:
            print(line, flush=True)

    def close(self) -> None:
        """End the logs, and let the other processes go."""
        if self.log is not None:
            self.log.close()
        self.processes.leave()

    @property
    def config_digest(self) -> str:
        """SHA-256 of the configuration, for the weights' metadata."""
        return hashlib.sha256(json.dumps(to_dict(self.config), sort_keys=True).encode()).hexdigest()

    def step_of_all(self) -> int:
        """Optimiser steps done in all stages."""
        return self.step + sum(self.steps(stage) for stage in self.config.stages[: self.stage])

    def _second_network(self) -> SSPSAM:
        """A copy of the network for the moving average."""
        average = SSPSAM(self.variant, with_sam_image_encoder=self.sources.store is None).to(self.device)
        average.load_state_dict(self.net.state_dict())
        average.requires_grad_(False)
        return average
