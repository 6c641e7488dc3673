"""training/evaluate.py as it is called, on a set written here and on the photographs beside the checkout."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from evaluate import main
from PIL import Image

SCRIPT = Path(__file__).resolve().parents[2] / "training" / "evaluate.py"


def test_both_protocols_with_report_and_sheets(grefcoco_root: Path, tmp_path: Path) -> None:
    refs = grefcoco_root / "grefcoco" / "grefs(unc).json"
    refs.write_text(refs.read_text().replace("all the zebras", "the mug"))
    out = tmp_path / "out"
    command = (
        f"{sys.executable} {SCRIPT} --root {grefcoco_root} --split val --weights random --device cpu "
        f"--dtype float32 --protocol both --out {out} --cells 4"
    )
    run = subprocess.run(command.split(), capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, run.stderr
    assert "| place " in run.stdout and "| absent " in run.stdout and "| several targets " in run.stdout
    assert "Protocol `gres`" in run.stdout and "Protocol `paper`" in run.stdout
    assert "differs from the published set" in run.stderr

    results = json.loads((out / "results.json").read_text())
    assert (results["dataset"], results["split"], results["split_by"]) == ("grefcoco", "val", "unc")
    assert results["description"]["model"] == "ssp_sam_tiny"
    everything = results["groups"][0]
    assert (everything["name"], everything["sentences"], everything["pictures"]) == ("all", 5, 1)
    assert everything["gres"]["samples"] == everything["paper"]["samples"] == 5

    samples = [json.loads(line) for line in (out / "samples.jsonl").read_text().splitlines()]
    assert [sample["sent_id"] for sample in samples] == [10, 11, 20, 30, 40]
    mean = sum(sample["gres"]["iou"] for sample in samples) / 5
    assert everything["gres"]["giou"] == pytest.approx(mean)
    assert (out / "table.md").read_text().strip() in run.stdout
    for name in ("successes", "failures"):
        assert np.asarray(Image.open(out / f"{name}.png")).shape[2] == 3


@pytest.mark.parametrize("dataset", ["refcoco", "grefcoco"])
def test_photographs_and_a_limit(miniref: Path, dataset: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = f"--root {miniref} --dataset {dataset} --split val --weights random --limit 2"
    assert main(arguments.split()) == 0
    printed = capsys.readouterr().out
    assert f"## {dataset} val, 2 pictures: ssp_sam_tiny" in printed
    assert "| one target " in printed


def test_what_is_missing_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--root", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and "grefs(unc).json or .p is missing" in line


@pytest.mark.parametrize(
    ("arguments", "message"), [([], "--root"), (["--root", "x", "--limit", "0"], "1 or more")]
)
def test_wrong_usage(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert message in capsys.readouterr().err
