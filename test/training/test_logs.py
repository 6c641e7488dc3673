"""The files of a run that was ended, and goes on from an earlier checkpoint."""

from __future__ import annotations

import csv
from pathlib import Path

from ssp_sam_training.logs import RunLog


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_what_came_after_the_checkpoint_is_noted_once(tmp_path: Path) -> None:
    log = RunLog(tmp_path, 0)
    for step in (5, 10):
        log.row("losses_0.csv", {"stage": "shapes", "step": step, "loss": 1.0})
    for step in (5, 10, 15):
        log.row("losses_1.csv", {"stage": "joint", "step": step, "loss": 0.5})
    log.row("validation.csv", {"stage": "joint", "step": 12, "giou": 40.0})
    log.close()
    again = RunLog(tmp_path, 20, "joint", 10)  # killed at 15, the checkpoint is of step 10
    again.row("losses_1.csv", {"stage": "joint", "step": 15, "loss": 0.25})
    again.close()
    assert [row["step"] for row in rows(tmp_path / "losses_0.csv")] == ["5", "10"]
    assert [(row["step"], row["loss"]) for row in rows(tmp_path / "losses_1.csv")] == [
        ("5", "0.5"), ("10", "0.5"), ("15", "0.25"),
    ]  # fmt: skip
    assert rows(tmp_path / "validation.csv") == []


def test_a_loss_that_joins_gets_a_column_of_its_own(tmp_path: Path) -> None:
    log = RunLog(tmp_path, 0)
    log.row("losses_0.csv", {"stage": "joint", "step": 5, "loss": 1.0})
    log.row("losses_0.csv", {"stage": "joint", "step": 10, "dice": 0.3, "loss": 0.9})
    log.row("losses_0.csv", {"stage": "joint", "step": 15, "loss": 0.8})
    log.close()
    assert [row["dice"] for row in rows(tmp_path / "losses_0.csv")] == ["", "0.3", ""]
    assert [row["loss"] for row in rows(tmp_path / "losses_0.csv")] == ["1.0", "0.9", "0.8"]
