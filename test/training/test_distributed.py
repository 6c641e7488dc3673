"""One process and two give the same run: real processes, started by torchrun, talking over gloo."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from train import main

from ssp_sam_training.distributed import Processes, share

REPOSITORY = Path(__file__).resolve().parents[2]
TERMS = ("loss", "focal", "dice", "l1", "giou", "gradient")

# Three validation pictures do not divide by two.
CONFIG = """
variant: {variant}
seed: 1
autocast: false
log_seconds: 0
validation_pictures: 0
data: {{root: {root}, dataset: refcoco}}
optimiser: {{beta2: 0.999, weight_decay: 1.0e-4, decay_all: true, gradient_norm: 0.1, ema: 0}}
stages:
  - name: fine
    epochs: 2
    batch: 4
    truth: letterbox
    random_place: true
    warmup: 1
    lr: 1.0e-3
    lr_start: 1.0e-4
    mask_decoder_lr: 0.1
    mask_decoder_from: 1
    frozen: [clip, sam_image_encoder, sam_prompt_encoder]
    best: giou
    losses: {{focal: 4, dice: 4, l1: 5, giou: 2}}
"""


@pytest.fixture
def config(tmp_path: Path, mugs_root: Path, plain_variant: str) -> Path:
    path = tmp_path / "fine.yaml"
    path.write_text(CONFIG.format(variant=plain_variant, root=mugs_root))
    return path


def on_two(config: Path, out: Path, *more: str) -> None:
    """Run train.py on two processes."""
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
        str(REPOSITORY / "training" / "train.py"), "--config", str(config), "--out", str(out),
        "--device", "cpu", *more,
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]


def on_one(config: Path, out: Path, *more: str) -> None:
    assert main(["--config", str(config), "--out", str(out), "--device", "cpu", *more]) == 0


def rows(path: Path) -> list[dict[str, float]]:
    with path.open() as file:
        return [{k: float(v) for k, v in row.items() if k != "stage"} for row in csv.DictReader(file)]


def same(first: Path, second: Path, loss_tolerance: float = 1e-5) -> None:
    """The same losses step by step and the same validation numbers to 1e-6."""
    for a, b in zip(rows(first / "losses_0.csv"), rows(second / "losses_0.csv"), strict=True):
        for name in TERMS:
            assert a[name] == pytest.approx(b[name], rel=loss_tolerance), (a["step"], name)
    ours, theirs = rows(first / "validation_0.csv"), rows(second / "validation_0.csv")
    for a, b in zip(ours, theirs, strict=True):
        assert {k: v for k, v in a.items() if k != "minutes"} == pytest.approx(
            {k: v for k, v in b.items() if k != "minutes"}, abs=1e-6, nan_ok=True
        )


@pytest.mark.slow
def test_two_processes_train_validate_and_resume_as_one(config: Path, tmp_path: Path) -> None:
    on_one(config, tmp_path / "one")
    steps = rows(tmp_path / "one" / "losses_0.csv")
    assert len(steps) == 6 and len(rows(tmp_path / "one" / "validation_0.csv")) == 2
    on_two(config, tmp_path / "two")
    same(tmp_path / "one", tmp_path / "two")
    on_two(config, tmp_path / "pieces", "--minutes", "0")
    assert len(rows(tmp_path / "pieces" / "losses_0.csv")) == 1
    on_two(config, tmp_path / "pieces")
    same(tmp_path / "two", tmp_path / "pieces", loss_tolerance=0)


def test_micro_batches_give_the_losses_of_the_whole(config: Path, tmp_path: Path) -> None:
    on_one(config, tmp_path / "whole")
    on_one(config, tmp_path / "parts", "stages.0.accumulate=3")
    same(tmp_path / "whole", tmp_path / "parts")


def test_shares_are_all_of_it_once() -> None:
    for count in (0, 1, 5, 8):
        for parts in (1, 2, 3, 7):
            things = list(range(count))
            shares = [things[share(count, part, parts)] for part in range(parts)]
            assert [x for piece in shares for x in piece] == things
            assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_one_process_needs_nobody() -> None:
    alone = Processes(torch.device("cpu"))
    assert (alone.rank, alone.count, alone.is_main) == (0, 1, True)
    assert alone.sum([1.5, 2.0]) == [1.5, 2.0] and alone.gather(["a"]) == ["a"]
    module = torch.nn.Linear(2, 2)
    assert alone.share_gradients(module) is module
