"""The training loop: stages, learning-rate schedule, moving average, checkpoints that resume exactly."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import os
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ssp_sam_ros.network import SSPSAM, load_variant

from .batches import BatchMaker, prefetched
from .config import Stage, TrainConfig, to_dict
from .data.refer import load_refer
from .heads import DenseHeads
from .labels import DenseLabels
from .step import loss_terms, total_loss
from .validation import quick_validation


class TrainingError(RuntimeError):
    """Training cannot go on; the text says why and what to do."""


def learning_rate(stage: Stage, step: int) -> float:
    """Linear warm-up to `lr`, then cosine to `lr_end` at the stage's last step."""
    if step < stage.warmup:
        return stage.lr * (step + 1) / stage.warmup
    done = (step - stage.warmup) / max(1, stage.steps - 1 - stage.warmup)
    return stage.lr_end + (stage.lr - stage.lr_end) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


_IMAGE_ENCODERS = ("sam.image_encoder.", "encoder.visual.")
_TABLES = ("embedding", "_token.weight", "embed.weight", "tokens.weight")


def parameter_groups(net: SSPSAM, heads: DenseHeads, weight_decay: float) -> list[dict[str, Any]]:
    """Groups by what differs: weight decay, and whether a stage's `image_encoder_lr` applies.

    Matrices and kernels decay; biases, norms and tables (one-dimensional or embeddings) do not.
    """
    groups: dict[tuple[bool, bool], list[Tensor]] = {(i, d): [] for i in (True, False) for d in (True, False)}
    for name, parameter in net.named_parameters():
        decays = parameter.ndim >= 2 and not name.endswith(_TABLES)
        groups[name.startswith(_IMAGE_ENCODERS), decays].append(parameter)
    for parameter in heads.parameters():
        groups[True, parameter.ndim >= 2].append(parameter)
    return [
        {"params": parameters, "weight_decay": weight_decay if decays else 0.0, "image_encoder": image}
        for (image, decays), parameters in groups.items()
    ]


class Trainer:
    """Runs a configuration's stages over a dataset; state lives in `out/checkpoint.pt`."""

    def __init__(self, config: TrainConfig, out: Path, device: torch.device) -> None:
        self.config, self.out, self.device = config, out, device
        out.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(config.seed)
        self.variant = load_variant(config.variant)
        data = config.data
        train = load_refer(data.root, data.dataset, data.train_split, data.split_by)
        labels = DenseLabels.of_dataset(train)
        self.maker = BatchMaker(train, self.variant, data, labels)
        val = load_refer(data.root, data.dataset, data.val_split, data.split_by)
        self.validation = BatchMaker(val, self.variant, data, labels)
        self.net = SSPSAM(self.variant).to(device)
        self.average = SSPSAM(self.variant).to(device)
        self.average.load_state_dict(self.net.state_dict())
        self.average.requires_grad_(False)
        self.heads = DenseHeads(self.variant, labels).to(device)
        if device.type == "cpu":
            for module in (self.net, self.average):
                module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        o = config.optimiser
        self.optimiser = torch.optim.AdamW(
            parameter_groups(self.net, self.heads, o.weight_decay),
            lr=0.0,
            betas=(o.beta1, o.beta2),
            fused=True,
        )
        self.stage, self.step, self.minutes, self.sentences = 0, 0, 0.0, 0
        self.history: list[str] = []  # changes of configuration on the way
        self.checkpoint = out / "checkpoint.pt"
        if self.checkpoint.is_file():
            self._resume()

    def run(self, minutes: float | None = None) -> bool:
        """Train until the last stage ends or `minutes` are over; True if everything is done.

        Stopping early leaves a checkpoint; from it the same command goes on with the same batches.
        """
        begun = time.monotonic()
        limit = math.inf if minutes is None else minutes
        while self.stage < len(self.config.stages):
            if not self._run_stage(self.config.stages[self.stage], begun, limit):
                return False
            self.stage, self.step = self.stage + 1, 0
            self.save()
        return True

    def _run_stage(self, stage: Stage, begun: float, limit: float) -> bool:
        config, weights = self.config, stage.losses
        batches = prefetched(
            self.maker,
            (config.seed, self.stage),
            range(self.step, stage.steps),
            stage.pictures,
            stage.sentences,
            bool(weights.dense),
            config.data.prefetch,
        )
        saved = shown = last = time.monotonic()
        validated = saved
        sums: dict[str, float] = {}
        count, sentences = 0, 0
        for batch in batches:
            values = self._update(stage, batch.to(self.device))
            for name, value in values.items():
                sums[name] = sums.get(name, 0.0) + value
            count, sentences = count + 1, sentences + len(batch.picture)
            self.sentences += len(batch.picture)
            self.step += 1
            now = time.monotonic()
            self.minutes += (now - last) / 60
            last = now
            if now - shown > 20 or self.step == stage.steps:
                self._report(stage, {k: v / count for k, v in sums.items()}, sentences / (now - shown))
                sums, count, sentences, shown = {}, 0, 0, now
            due = now - validated > 60 * config.validate_minutes or self.step == stage.steps
            if due and weights.needs_mask:
                self._validate(stage)
                validated = last = shown = time.monotonic()
            if now - saved > 60 * config.checkpoint_minutes:
                self.save()
                saved = last = time.monotonic()
            if (now - begun) / 60 > limit and self.step < stage.steps:
                self.save()
                return False
        return True

    def _update(self, stage: Stage, batch: Any) -> dict[str, float]:
        """One optimiser step; returns the loss terms, the total and the gradient's norm."""
        rate = learning_rate(stage, self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = rate * (stage.image_encoder_lr if group["image_encoder"] else 1.0)
        self.net.train()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.autocast):
            terms = loss_terms(self.net, self.heads, batch, stage.losses)
            loss = total_loss(terms, stage.losses)
        if not torch.isfinite(loss):
            raise TrainingError(
                f"loss is {loss.item()} in stage '{stage.name}', step {self.step} (seed {self.config.seed}): "
                f"terms { {k: v.item() for k, v in terms.items()} }; "
                "lower the learning rate or look at that batch"
            )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        parameters = [p for group in self.optimiser.param_groups for p in group["params"]]
        norm = nn.utils.clip_grad_norm_(parameters, self.config.optimiser.gradient_norm)
        if not torch.isfinite(norm):
            raise TrainingError(
                f"the gradient is {norm.item()} in stage '{stage.name}', step {self.step} "
                f"(seed {self.config.seed}): lower the learning rate or look at that batch"
            )
        self.optimiser.step()
        self._move_average()
        return {
            **{k: float(v.detach()) for k, v in terms.items()},
            "loss": loss.item(),
            "gradient": float(norm),
        }

    @torch.no_grad()
    def _move_average(self) -> None:
        """Exponential moving average of the weights, over a tenth of the steps so far at most."""
        done = self.step + sum(s.steps for s in self.config.stages[: self.stage])
        decay = min(self.config.optimiser.ema, (1 + done) / (10 + done))
        averages, values = _floating(self.average), _floating(self.net)
        torch._foreach_lerp_(averages, values, 1 - decay)

    def _validate(self, stage: Stage) -> None:
        scores = quick_validation(
            self.average,
            self.validation,
            self.config.validation_pictures,
            8,
            self.device,
            self.config.autocast,
        )
        line = " ".join(f"{k} {v:.1f}" for k, v in scores.items())
        print(f"validation after {self.minutes:.1f} min: {line}", flush=True)
        self._log(
            "validation.csv", {"minutes": self.minutes, "stage": stage.name, "step": self.step, **scores}
        )

    def _report(self, stage: Stage, means: dict[str, float], rate: float) -> None:
        line = " ".join(f"{k} {v:.4f}" for k, v in means.items())
        print(
            f"[{self.minutes:6.1f} min] {stage.name} {self.step}/{stage.steps} {line} {rate:.0f} sentences/s",
            flush=True,
        )
        row = {"minutes": self.minutes, "sentences": self.sentences, "stage": stage.name, "step": self.step}
        self._log(f"losses_{self.stage}.csv", {**row, "lr": learning_rate(stage, self.step), **means})

    def _log(self, name: str, row: dict[str, Any]) -> None:
        path = self.out / name
        new = not path.is_file()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(row))
            if new:
                writer.writeheader()
            writer.writerow(row)

    def save(self) -> None:
        """Write the checkpoint; the old one stays until the new one is whole."""
        state = {
            "config": json.dumps(to_dict(self.config)),
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "heads": self.heads.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "progress": [self.stage, self.step, self.minutes, self.sentences],
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state_all() if self.device.type == "cuda" else [],
            "history": self.history,
        }
        partial = self.checkpoint.with_suffix(".part")
        torch.save(state, partial)
        os.replace(partial, self.checkpoint)

    def _resume(self) -> None:
        state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        before = json.loads(state["config"])
        if before["variant"] != self.config.variant or before["seed"] != self.config.seed:
            raise TrainingError(
                f"{self.checkpoint} belongs to variant {before['variant']}, seed {before['seed']}: "
                "name another --out or take the same configuration"
            )
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.heads.load_state_dict(state["heads"])
        groups = [{k: g[k] for k in ("betas", "weight_decay")} for g in self.optimiser.param_groups]
        self.optimiser.load_state_dict(state["optimiser"])
        for group, configured in zip(self.optimiser.param_groups, groups, strict=True):
            group.update(configured)  # the configuration may have changed; the moments stay
        self.stage, self.step, self.minutes, self.sentences = state["progress"]
        self.history = state.get("history", [])
        now = json.loads(json.dumps(to_dict(self.config)))
        changed = sorted(key for key in now if now[key] != before.get(key))
        if changed:
            done = f"stage {self.stage}, step {self.step}"
            print(f"the configuration has changed since the checkpoint ({done}): {', '.join(changed)}")
            self.history.append(f"{done}: {', '.join(changed)} changed")
        torch.set_rng_state(state["random"].cpu())
        if self.device.type == "cuda" and len(state.get("random_cuda", [])) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all([x.cpu() for x in state["random_cuda"]])
        print(f"resumed at stage {self.stage}, step {self.step}, {self.minutes:.1f} min", flush=True)

    @property
    def config_digest(self) -> str:
        """SHA-256 of the configuration, for the weights' metadata."""
        return hashlib.sha256(json.dumps(to_dict(self.config), sort_keys=True).encode()).hexdigest()


def _floating(module: nn.Module) -> list[Tensor]:
    return [t for t in module.state_dict().values() if t.is_floating_point()]
