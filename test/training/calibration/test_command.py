"""training/calibrate.py from an evaluation's files to weights that answer with calibrated probabilities."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from calibrate import main

from ssp_sam_ros.perception.calibration import METADATA, NoTargetCalibration
from ssp_sam_ros.perception.outcome import no_target_probability
from ssp_sam_ros.perception.segmenter import Segmenter
from ssp_sam_ros.weights import load_network, save_network
from ssp_sam_ros.weights.files import read_metadata
from ssp_sam_training.calibration import read_samples
from ssp_sam_training.evaluation import SampleRecord
from ssp_sam_training.metrics import SampleScore


def evaluation(folder: Path, digest: str = "d", applied: NoTargetCalibration | None = None) -> Path:
    """200 sentences about 50 pictures; p_nt is overconfident: the truth follows a third of the logit."""
    applied = applied or NoTargetCalibration()
    rng = np.random.default_rng(3)
    folder.mkdir()
    lines = []
    for number in range(200):
        logit = float(rng.normal(1, 6))
        absent = bool(rng.random() < no_target_probability(logit / 3))
        record = SampleRecord(
            image_id=number // 4, file_name="a.jpg", ref_id=number, sent_id=number, sentence="a", kind=None,
            targets=int(not absent), outcome="FOUND", reason="", score=0.9,
            no_target_probability=no_target_probability(applied.logit(logit)), mask=None,
            network_box=(0, 0, 0, 0), truth_box=(0, 0, 0, 0), box_hit=False,
            gres=SampleScore(0, 0, 1, absent, False), paper=None,
        )  # fmt: skip
        lines.append(record.to_json())
    failed = json.loads(lines[0]) | {"no_target_probability": None, "outcome": "FAILED", "sent_id": 999}
    (folder / "samples.jsonl").write_text("\n".join([*lines, json.dumps(failed)]))
    description = {
        "weights": "w.safetensors", "weights_digest": digest, "no_target_threshold": 0.5,
        "no_target_calibration": {"scale": applied.scale, "offset": applied.offset},
    }  # fmt: skip
    results = {"dataset": "grefcoco", "split": "val", "description": description}
    (folder / "results.json").write_text(json.dumps(results))
    return folder


def test_the_fit_and_wanted_shares_are_printed_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = evaluation(tmp_path / "ev"), tmp_path / "out"
    arguments = f"--evaluation {folder} --want-n-acc 0.95 --want-t-acc 0.9 --check {folder} --out {out}"
    assert main(arguments.split()) == 0
    printed = capsys.readouterr().out
    assert "200 sentences" in printed and "1 failed ones left out" in printed
    assert "| calibrated, held-out pictures |" in printed and "| on grefcoco val |" in printed
    assert "N-acc 95.0% wants no_target_threshold" in printed and "against now T-acc -" in printed
    report: dict[str, Any] = json.loads((out / "calibration.json").read_text())
    assert report["held_out"]["ece"] < report["before"]["ece"]
    assert 0.2 < report["scale"] < 0.5
    n_acc, t_acc = report["wanted"]
    assert n_acc["n_acc"] >= 0.95 and t_acc["t_acc"] >= 0.9
    # The threshold on the plain probability decides the same sentences.
    samples = read_samples(folder)
    plain = samples.probability(NoTargetCalibration()) >= n_acc["plain_threshold"] - 1e-12
    assert plain[samples.absent].mean() == pytest.approx(n_acc["n_acc"])
    assert len(report["trade_off"]["threshold"]) == len(report["trade_off"]["n_acc"]) <= 402


def test_a_calibrated_evaluation_gives_the_same_fit(tmp_path: Path) -> None:
    plain = read_samples(evaluation(tmp_path / "plain"))
    again = read_samples(evaluation(tmp_path / "again", applied=NoTargetCalibration(0.5, 0.7)))
    np.testing.assert_allclose(again.logit, plain.logit, atol=1e-6)


def test_weights_carry_it_to_the_segmenter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network, _ = load_network("ssp_sam_tiny", "random")
    path, copy = tmp_path / "w.safetensors", tmp_path / "calibrated.safetensors"
    digest = save_network(path, network, {"domain": "noise"})
    folder = evaluation(tmp_path / "ev", digest)
    assert main(f"--evaluation {folder} --weights {path} --write-to {copy}".split()) == 0
    assert METADATA not in read_metadata(path)
    entry = json.loads(read_metadata(copy)[METADATA])
    assert (entry["method"], entry["fitted_to"], entry["sentences"]) == ("platt", "grefcoco val", 200)
    plain, calibrated = (Segmenter.load("ssp_sam_tiny", one, "cpu", "float32") for one in (path, copy))
    assert plain.no_target_calibration == NoTargetCalibration()
    assert calibrated.no_target_calibration == NoTargetCalibration(entry["scale"], entry["offset"])
    assert (calibrated.domain, calibrated.weights_digest) == ("noise", digest)
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    p, q = (
        one.refer(one.encode(image), ["the red mug"])[0].no_target_probability for one in (plain, calibrated)
    )
    logit = np.log1p(-p) - np.log(p)
    assert q == pytest.approx(no_target_probability(entry["scale"] * logit + entry["offset"]), rel=1e-6)
    capsys.readouterr()
    # Other weights than were evaluated are refused.
    other = evaluation(tmp_path / "other", "another digest")
    assert main(f"--evaluation {other} --weights {path}".split()) == 1
    assert "holds other parameters" in capsys.readouterr().err


def test_what_is_wrong_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--evaluation", str(tmp_path)]) == 1
    assert "results.json is missing" in capsys.readouterr().err
    folder = evaluation(tmp_path / "ev")
    assert main(["--evaluation", str(folder), "--want-n-acc", "1"]) == 0
    results = json.loads((folder / "results.json").read_text())
    del results["description"]["weights_digest"]
    (folder / "results.json").write_text(json.dumps(results))
    assert main(["--evaluation", str(folder)]) == 1
    assert "evaluation of a file of predictions" in capsys.readouterr().err
    for arguments in (["--want-n-acc", "2"], ["--write-to", "x"]):
        with pytest.raises(SystemExit, match="2"):
            main(["--evaluation", str(folder), *arguments])
