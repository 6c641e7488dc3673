"""Parts taken out of trained weights: every row is a network without its part, from the same start."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from ablate import EXTENSIONS, HEADS, LOSSES, WHOLE, main, table

from ssp_sam_ros.network.variant import Extensions
from ssp_sam_training.config import Losses, load_config
from ssp_sam_training.export import export_weights
from ssp_sam_training.loop import Trainer

STAGE = "{name: joint, steps: 3, pictures: 2, sentences: 3, losses: {bce: 1, dice: 1, dense: 1, align: 1}}"


@pytest.fixture
def config(root: Path, variant: str, tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(f"variant: {variant}\nautocast: false\ndata: {{root: {root}}}\nstages: [{STAGE}]\n")
    return path


@pytest.fixture
def start(config: Path, tmp_path: Path) -> Path:
    trainer = Trainer(load_config(config), tmp_path / "start", torch.device("cpu"))
    trainer.run()
    return export_weights(trainer)


def test_every_part_named_is_one() -> None:
    losses = {f"loss {name}" for name in vars(Losses())}
    assert set(EXTENSIONS) == set(vars(Extensions()))
    assert {other for gone in EXTENSIONS.values() for other in gone} <= set(EXTENSIONS) | losses
    assert all(hasattr(Losses(), name) for name in LOSSES)


def logged(folder: Path, stage: int) -> str:
    return (folder / f"losses_{stage}.csv").read_text().replace(",", " ")


def test_rows_go_without_their_part_and_are_kept(
    config: Path, start: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "ablations"
    command = ["--config", str(config), "--start", str(start), "--out", str(out), "--steps", "4"]
    only = ["--pictures", "2", "--only", WHOLE, "position", "align", "patch"]
    assert main([*command, *only]) == 0
    printed = capsys.readouterr().out
    assert "| (nothing: the whole model) |" in printed and "| position |" in printed
    content = json.loads((out / "ablations.json").read_text())
    # `patch` has no weight in this configuration: there is nothing to take out.
    assert list(content["rows"]) == [WHOLE, "position", "align"] and content["steps"] == 4

    def parts(name: str) -> set[str]:
        state = torch.load(out / name / "checkpoint.pt", weights_only=True)["net"]
        return {key for key in state if key.startswith("extensions.position")}

    assert parts(WHOLE) and not parts("position")
    # New dense heads learn before anything else may, once; every row begins with them.
    assert " dense " in logged(out / HEADS, 0)
    assert not any((out / name / "losses_0.csv").exists() for name in (WHOLE, "position", "align"))
    learned = torch.load(out / HEADS / "checkpoint.pt", weights_only=True)["heads"]["from_sam.weight"]
    reached = torch.load(out / WHOLE / "checkpoint.pt", weights_only=True)["heads"]["from_sam.weight"]
    assert 0 < float((learned - reached).norm()) < float(learned.norm()) / 2
    assert " align " in logged(out / WHOLE, 1)
    assert " align " not in logged(out / "align", 1)
    # Done is done; and a folder of other settings is not mixed with it.
    before = (out / "position" / "checkpoint.pt").stat().st_mtime_ns
    assert main([*command, *only]) == 0
    assert (out / "position" / "checkpoint.pt").stat().st_mtime_ns == before
    assert main([*command[:-1], "5", *only]) == 1
    assert "is of a run with other settings" in capsys.readouterr().err


def test_orders_and_muon_are_rows_where_they_are_on(
    config: Path, start: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "ablations"
    on = ["optimiser.muon=true", "stages.0.losses.dense_ranks=0.2"]
    few = ["--config", str(config), "--start", str(start), "--steps", "2", "--pictures", "1"]
    assert main([*few, *on, "--out", str(out), "--only", "dense_ranks", "muon"]) == 0
    printed = capsys.readouterr().out
    assert "| loss dense_ranks |" in printed and "| muon (AdamW throughout) |" in printed

    def state(name: str) -> dict[str, Any]:
        return torch.load(out / name / "checkpoint.pt", weights_only=True)

    assert "Muon" in state("dense_ranks")["optimiser"] and "Muon" not in state("muon")["optimiser"]
    weights = [
        json.loads(state(name)["config"])["stages"][1]["losses"]["dense_ranks"]
        for name in ("dense_ranks", "muon")
    ]
    assert weights == [0.0, 0.2]
    assert main([*few, "--out", str(tmp_path / "none"), "--only", "whole", "muon"]) == 0
    assert "muon" not in capsys.readouterr().out, "it is not on, so there is nothing to take out"


def test_other_weights_under_the_same_name_are_another_run(
    config: Path, start: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--config", str(config), "--start", str(start), "--out", str(tmp_path / "out"), "--steps", "1"]
    assert main([*command, "--pictures", "1", "--only", WHOLE]) == 0
    trainer = Trainer(load_config(config, ["seed=1"]), tmp_path / "other", torch.device("cpu"))
    start.write_bytes(export_weights(trainer).read_bytes())
    assert main([*command, "--pictures", "1", "--only", WHOLE]) == 1
    assert "is of a run with other settings" in capsys.readouterr().err


def test_the_table_says_what_a_part_is_worth() -> None:
    whole = {
        "picture": [0, 0, 1, 1], "iou": [0.8, 1.0, 0.6, 0.0], "targeted": [1, 0, 1, 0], "empty": [0, 1, 0, 0],
    }  # fmt: skip
    worse = {**whole, "iou": [0.6, 1.0, 0.4, 1.0], "empty": [1, 1, 0, 1]}
    printed = table({WHOLE: whole, "position": worse, "high_res": whole, "align": whole})
    assert "| (nothing: the whole model) | 60.0 | 70.0 | 50.0 | 100.0 |" in printed
    assert "| position | 75.0 (+15.0 [-10.0, +40.0]) | 50.0 (-20.0 [-20.0, -20.0]) |" in printed
    assert "| high_res + fine_mask | 60.0 (+0.0 [+0.0, +0.0])" in printed and "| loss align |" in printed
