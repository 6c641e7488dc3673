"""Two real processes over gloo give the numbers of one, on pictures that they do not divide."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from evaluate import main

from ssp_sam_training.data import load_dataset
from ssp_sam_training.evaluation import PredictionFile, Processes, summarise
from ssp_sam_training.evaluation.records import encode_mask

TRAINING = Path(__file__).resolve().parents[3] / "training"
PICTURES = 5

# What a trainer does in its validation: accumulators fed from a sampler that pads the last process's part.
ACCUMULATORS = """
import sys
import torch.distributed as dist
from ssp_sam_training.evaluation import gathered, gathered_records, processes, read_records
from ssp_sam_training.metrics import BoxAccumulator, GresAccumulator
from pathlib import Path
records = read_records(Path(sys.argv[1]))
with processes() as here:
    gres, boxes = GresAccumulator(), BoxAccumulator()
    padded = records + records[:1]  # 8 of 7: the sampler starts again at the front
    for record in padded[here.rank :: here.world_size]:
        gres.add(record.gres, record.image_id, record.key)
        boxes.add(True, record.key)
    gres, boxes = gathered(gres), gathered(boxes)
    print(here.rank, len(gres), len(boxes), gres.summary().giou.hex(), flush=True)
    try:
        gathered_records(records, [record.image_id for record in records])
    except ValueError as error:
        print(here.rank, error, flush=True)
"""


@pytest.fixture
def root(tmp_path: Path, refer_files: SimpleNamespace) -> Path:
    """Five pictures with one, two or no target; seven sentences."""
    f = refer_files
    objects = [f.annotation(10 + i, i, (5 * i, 4, 20, 10 + i)) for i in range(1, PICTURES + 1)]
    references = [
        f.reference(i, i, [-1] if i == 3 else [10 + i], [f"mug {i}"] + (["the mug"] if i < 3 else []))
        for i in range(1, PICTURES + 1)
    ]
    content = f.instances(objects, list(range(1, PICTURES + 1)))
    return f.write(tmp_path / "root", "grefcoco", "grefs(unc).json", references, content)


@pytest.fixture
def predictions(tmp_path: Path, refer_files: SimpleNamespace) -> Path:
    rng = np.random.default_rng(0)
    lines = []
    for ref_id in range(1, PICTURES + 1):
        for place in range(2 if ref_id < 3 else 1):
            mask = np.zeros((refer_files.height, refer_files.width), bool)
            mask[4:20, 5 * ref_id : 5 * ref_id + 20] = rng.random((16, 20)) < 0.8
            plain = {"sent_id": 10 * ref_id + place, "mask": encode_mask(mask), "no_target_probability": 0.3}
            lines.append(json.dumps(plain))
    path = tmp_path / "masks.jsonl"
    path.write_text("\n".join(lines))
    return path


def started(command: list[str], **environment: str) -> subprocess.Popen[str]:
    paths = os.pathsep.join([str(TRAINING), str(TRAINING.parent), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        command,
        env=os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"} | environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finished(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out


def test_two_processes_give_the_files_of_one(root: Path, predictions: Path, tmp_path: Path) -> None:
    arguments = ["--root", str(root), "--from-predictions", str(predictions), "--out"]
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    two = started(
        [sys.executable, *launcher, str(TRAINING / "evaluate.py"), *arguments, str(tmp_path / "two")]
    )
    assert main([*arguments, str(tmp_path / "one")]) == 0
    assert finished(two).count("Protocol `gres`") == 1  # only the first process reports
    single, shared = (json.loads((tmp_path / name / "results.json").read_text()) for name in ("one", "two"))
    assert (single["description"]["processes"], shared["description"]["processes"]) == (1, 2)
    assert shared["groups"][0]["sentences"] == 7
    assert single["groups"] == shared["groups"]  # to the last bit
    for name in ("samples.jsonl", "table.md", "gallery.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_gathered_accumulators_count_padding_once(root: Path, predictions: Path, tmp_path: Path) -> None:
    dataset = load_dataset("grefcoco", root, "val", check_counts=False)
    records = list(PredictionFile(predictions, dataset).score())
    samples = tmp_path / "samples.jsonl"
    samples.write_text("\n".join(record.to_json() for record in records))
    giou = summarise(records)[0].gres.giou
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    ranks = [
        started(
            [sys.executable, "-c", ACCUMULATORS, str(samples)],
            MASTER_ADDR="127.0.0.1",
            MASTER_PORT=port,
            RANK=str(rank),
            LOCAL_RANK=str(rank),
            WORLD_SIZE="2",
        )
        for rank in range(2)
    ]
    for rank, process in enumerate(ranks):
        counts, doubled = finished(process).splitlines()
        assert counts == f"{rank} 7 7 {giou.hex()}"
        assert doubled.startswith(f"{rank} a sentence was scored by more than one process")


def test_shares_are_the_whole_each_once() -> None:
    shares = [Processes(rank, 3).share(range(10)) for rank in range(3)]
    assert sorted(item for share in shares for item in share) == list(range(10))
    assert Processes().share("abc") == ["a", "b", "c"]
    assert Processes(1, 2, 1).device("cpu") == "cpu"
