"""Parts taken out of trained weights: every row is a network without its part, from the same start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from ablate import EXTENSIONS, LOSSES, WHOLE, main, table

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
    assert set(EXTENSIONS) == set(vars(Extensions()))
    assert all(hasattr(Losses(), name) for name in LOSSES)


def test_rows_go_without_their_part_and_are_kept(
    config: Path, start: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "ablations"
    command = ["--config", str(config), "--start", str(start), "--out", str(out), "--steps", "4"]
    only = ["--pictures", "2", "--only", WHOLE, "position", "align"]
    assert main([*command, *only]) == 0
    printed = capsys.readouterr().out
    assert "| (nothing: the whole model) |" in printed and "| position |" in printed
    content = json.loads((out / "ablations.json").read_text())
    assert list(content["rows"]) == [WHOLE, "position", "align"] and content["steps"] == 4

    def parts(name: str) -> set[str]:
        state = torch.load(out / name / "checkpoint.pt", weights_only=True)["net"]
        return {key for key in state if key.startswith("extensions.position")}

    assert parts(WHOLE) and not parts("position")
    assert " align " in (out / WHOLE / "losses_0.csv").read_text().replace(",", " ")
    assert " align " not in (out / "align" / "losses_0.csv").read_text().replace(",", " ")
    # Done is done; and a folder of other settings is not mixed with it.
    before = (out / "position" / "checkpoint.pt").stat().st_mtime_ns
    assert main([*command, *only]) == 0
    assert (out / "position" / "checkpoint.pt").stat().st_mtime_ns == before
    assert main([*command[:-1], "5", *only]) == 1
    assert "is of a run with other settings" in capsys.readouterr().err


def test_the_table_says_what_a_part_is_worth() -> None:
    rows = {
        WHOLE: {"giou": 80.0, "targeted_giou": 79.0, "n_acc": 90.0, "t_acc": 99.0},
        "position": {"giou": 70.5, "targeted_giou": 69.0, "n_acc": 91.0, "t_acc": 98.0},
    }
    assert "| position | 70.5 (-9.5) | 69.0 (-10.0) | 91.0 (+1.0) | 98.0 (-1.0) |" in table(rows)
