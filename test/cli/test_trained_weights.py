"""From a data set to an answer, each step the command the README names: what is trained runs in the node."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("cyclonedds", reason="needs the extra dds")

from ssp_sam_ros.sim.clip import SHIPPED
from ssp_sam_ros.weights import load_network

RECIPE = """
variant: ssp_sam_tiny
seed: 3
data: {root: %s, dataset: grefcoco}
validation_pictures: 1
stages: [{name: joint, steps: 1, pictures: 1, sentences: 2, losses: {bce: 1.0, dice: 1.0, presence: 1.0}}]
"""


@pytest.mark.slow
@pytest.mark.sim
def test_a_trained_checkpoint_runs_in_the_node(
    ssp_sam: Callable[..., Any], repository: Path, tmp_path: Path
) -> None:
    def script(name: str, *arguments: str) -> None:
        command = [sys.executable, str(repository / "training" / name), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        if "OpenGL" in done.stderr and done.returncode:
            pytest.skip(done.stderr.splitlines()[-1])
        assert done.returncode == 0, done.stderr

    data, out = tmp_path / "tabletop", tmp_path / "run"
    script("make_tabletop.py", "--out", str(data), "--train", "1", "--val", "1", "--test", "0")
    (tmp_path / "recipe.yaml").write_text(RECIPE % data)
    script("train.py", "--config", str(tmp_path / "recipe.yaml"), "--out", str(out), "--device", "cpu")
    weights = out / "ssp_sam_tiny.safetensors"

    camera = ssp_sam("camera", "--source", str(SHIPPED), "--rate", "10")
    parameters = ("-p", "device:=cpu", "-p", "model:=ssp_sam_tiny", "-p", f"weights:={weights}")
    node = ssp_sam("node", "--ros-args", *parameters)
    code, output = ssp_sam("say", "the red bowl", "--json", "--timeout", "150").finish()
    (record,) = map(json.loads, output.splitlines())
    assert code == 0 and record["outcome"] in ("FOUND", "NO_TARGET"), node.log
    trained, shipped = (load_network("ssp_sam_tiny", path)[1].digest for path in (weights, None))
    assert record["weights_digest"] == trained != shipped
    assert node.end() == 0 and camera.end() == 0
