"""training/precompute.py from its command line to the files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import precompute
import pytest
from PIL import Image

from ssp_sam_training.data import load_dataset
from ssp_sam_training.embeddings import EmbeddingStore


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    for number in range(7):
        pixels = np.random.default_rng(number).integers(0, 256, (30, 40, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def command(
    capsys: pytest.CaptureFixture[str], variant: Path, out: Path, *arguments: object
) -> tuple[int, dict[str, Any], str]:
    """Exit code, the line of JSON, and what was said on the error stream."""
    fixed = [
        "--variant",
        variant,
        "--weights",
        "random",
        "--device",
        "cpu",
        "--dtype",
        "float32",
        "--out",
        out,
    ]
    code = precompute.main([str(argument) for argument in [*fixed, *arguments]])
    said = capsys.readouterr()
    return code, json.loads(said.out) if said.out else {}, said.err


def counts(summary: dict[str, Any]) -> tuple[int, ...]:
    return tuple(summary[name] for name in ("pictures", "there_before", "computed", "failed"))


def test_what_is_there_is_not_made_again(
    capsys: pytest.CaptureFixture[str], small_variant: Path, photographs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "cache"
    (photographs / "6.png").rename(tmp_path / "later.png")
    code, first, _ = command(capsys, small_variant, out, "--folder", photographs, "--batch", 4)
    assert code == 0 and counts(first) == (6, 0, 6, 0) and first["bytes_per_picture"] == 1024
    (tmp_path / "later.png").rename(photographs / "6.png")
    (photographs / "copy.png").write_bytes((photographs / "0.png").read_bytes())
    _, second, _ = command(capsys, small_variant, out, "--folder", photographs)
    assert counts(second) == (8, 7, 1, 0)
    store = EmbeddingStore.open(out)
    assert len(store) == 7


def test_ranks_share_the_work(
    capsys: pytest.CaptureFixture[str], small_variant: Path, photographs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "cache"
    arguments = ("--folder", photographs, "--world", 2, "--rank")
    _, zero, _ = command(capsys, small_variant, out, *arguments, 0)
    _, one, _ = command(capsys, small_variant, out, *arguments, 1)
    assert (counts(zero), counts(one)) == ((4, 0, 4, 0), (3, 0, 3, 0))
    assert len(EmbeddingStore.open(out)) == 7
    # Another number of processes goes on from there.
    _, alone, _ = command(capsys, small_variant, out, "--folder", photographs)
    assert counts(alone) == (7, 7, 0, 0)
    code, _, said = command(capsys, small_variant, out, *arguments, 2)
    assert code == 1 and "rank 2 of 2: ranks count from 0 to 1" in said


def test_torchrun_says_which_process_this_is(
    capsys: pytest.CaptureFixture[str],
    small_variant: Path,
    photographs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (("RANK", "1"), ("WORLD_SIZE", "3"), ("LOCAL_RANK", "1")):
        monkeypatch.setenv(name, value)
    _, summary, _ = command(capsys, small_variant, tmp_path / "cache", "--folder", photographs)
    assert (summary["rank"], summary["world"], counts(summary)) == (1, 3, (2, 0, 2, 0))
    assert [path.name for path in tmp_path.glob("cache/*/*.f16")] == ["r001-00000.f16"]


def test_a_damaged_shard_is_named_and_made_again(
    capsys: pytest.CaptureFixture[str], small_variant: Path, photographs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "cache"
    arguments = ("--folder", photographs, "--batch", 1)  # rounding follows the size of the batch
    command(capsys, small_variant, out, *arguments)
    (data,) = out.glob("*/*.f16")
    whole = data.read_bytes()
    data.write_bytes(whole[:1500] + b"\0\1\2" + whole[1503:])
    code, summary, said = command(capsys, small_variant, out, *arguments, "--verify")
    assert code == 0 and counts(summary) == (7, 6, 1, 0)
    assert "damaged, made again now" in said and "r000-00000.f16: 1 records have another checksum" in said
    assert data.read_bytes() == whole


def test_several_processes_do_not_verify(
    capsys: pytest.CaptureFixture[str], small_variant: Path, photographs: Path, tmp_path: Path
) -> None:
    arguments = ("--folder", photographs, "--verify", "--rank", 0, "--world", 2)
    code, _, said = command(capsys, small_variant, tmp_path / "cache", *arguments)
    assert code == 1 and "--verify is for one process: run it without torchrun" in said


def test_pictures_that_cannot_be_read_are_named_and_the_others_kept(
    capsys: pytest.CaptureFixture[str], small_variant: Path, photographs: Path, tmp_path: Path
) -> None:
    (photographs / "3.png").write_bytes(b"no picture")
    code, summary, said = command(capsys, small_variant, tmp_path / "cache", "--folder", photographs)
    assert code == 1 and counts(summary) == (7, 0, 6, 1)
    assert "3.png cannot be decoded" in said


def test_a_set_of_the_benchmarks(
    capsys: pytest.CaptureFixture[str], small_variant: Path, grefcoco_root: Path, tmp_path: Path
) -> None:
    out = tmp_path / "cache"
    arguments = ("--root", grefcoco_root, "--dataset", "grefcoco@unc")
    code, summary, _ = command(capsys, small_variant, out, *arguments)
    assert code == 0 and counts(summary) == (2, 0, 2, 0)  # picture 3 is in no split
    store = EmbeddingStore.open(out)
    for split in ("train", "val"):
        for sample in load_dataset("grefcoco", grefcoco_root, split, check_counts=False):
            assert store.get(sample.picture.key).shape == (32, 4, 4)
    _, train, _ = command(capsys, small_variant, tmp_path / "other", *arguments, "--split", "train")
    assert counts(train) == (1, 0, 1, 0)


def test_usage_and_unknown_names(
    capsys: pytest.CaptureFixture[str], small_variant: Path, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit) as stopped:
        precompute.main(["--out", str(tmp_path)])
    assert stopped.value.code == 2 and "name the pictures" in capsys.readouterr().err
    code, _, said = command(capsys, small_variant, tmp_path, "--folder", tmp_path / "no")
    assert code == 1 and "no is not a folder of pictures" in said
    code, _, said = command(capsys, small_variant, tmp_path, "--root", tmp_path, "--dataset", "coco")
    assert code == 1 and "unknown dataset 'coco'" in said


def test_real_photographs(
    capsys: pytest.CaptureFixture[str], small_variant: Path, miniref: Path, tmp_path: Path
) -> None:
    out = tmp_path / "cache"
    arguments = ("--root", miniref, "--dataset", "refcoco", "grefcoco")
    _, summary, _ = command(capsys, small_variant, out, *arguments, "--batch", 16)
    assert counts(summary) == (50, 0, 50, 0)
    assert len(EmbeddingStore.open(out)) == 50
