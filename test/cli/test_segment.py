"""The command as a user runs it: another process, real files."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

KEYS = {
    "expression", "outcome", "box", "score", "no_target_probability", "pixels", "mask", "overlay", "ms",
}  # fmt: skip


def ssp_sam(*arguments):
    command = [sys.executable, "-m", "ssp_sam_ros.cli.main", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def photograph(tmp_path_factory):
    """A portrait picture whose file lies on its side."""
    path = tmp_path_factory.mktemp("picture") / "on its side.png"
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)
    Image.fromarray(pixels).save(path, exif=exif)
    return path


def test_one_json_object_a_line(photograph, tmp_path):
    out = tmp_path / "new" / "folder"
    run = ssp_sam(
        "segment", "--image", photograph, "--expression", "the red mug", "--expression", "the florble",
        "--output", out, "--weights", "random", "--device", "cpu",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    first, second = (json.loads(line) for line in run.stdout.splitlines())
    for record in (first, second):
        assert record.keys() >= KEYS
    assert first["outcome"] in ("FOUND", "NO_TARGET")
    mask = np.array(Image.open(first["mask"]))
    assert mask.shape == (90, 60) and mask.dtype == np.uint8  # upright
    assert (mask > 0).sum() == first["pixels"]
    if first["outcome"] == "FOUND":
        rows, columns = np.nonzero(mask)
        assert first["box"] == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert np.array(Image.open(first["overlay"])).shape == (90, 60, 3)
    assert {"image_encoding", "prompt", "decode", "total"} <= first["ms"].keys()
    assert second["outcome"] == "FAILED" and second["unknown_words"] == ["florble"]
    assert second["mask"] is None and second["score"] is None
    assert "WARNING: RANDOM weights: the answers mean nothing." in run.stderr


def test_without_any_answer_it_has_failed(photograph, tmp_path):
    run = ssp_sam(
        "segment", "--image", photograph, "--expression", "the florble", "--expression", "",
        "--output", tmp_path, "--weights", "random", "--device", "cpu",
    )  # fmt: skip
    assert run.returncode == 1
    assert [json.loads(line)["outcome"] for line in run.stdout.splitlines()] == ["FAILED"] * 2


def test_no_target_is_said_and_shown(photograph, tmp_path):
    run = ssp_sam(
        "segment", "--image", photograph, "--expression", "the red mug", "--output", tmp_path,
        "--weights", "random", "--no-target-threshold", "0", "--device", "cpu",
    )  # fmt: skip
    record = json.loads(run.stdout)
    assert record["outcome"] == "NO_TARGET" and record["box"] == [0, 0, 0, 0] and record["score"] is None
    assert not np.array(Image.open(record["mask"])).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--image", "nowhere.jpg"], "nowhere.jpg does not exist"),
        (["--variant", "ssp_sam_huge"], "no variant 'ssp_sam_huge'"),
        (["--variant", "ssp_sam_224", "--weights", "nowhere.pth"], "nowhere.pth does not exist"),
        (["--variant", "ssp_sam_224"], "no weights are shipped for ssp_sam_224"),
        (["--weights", "random", "--device", "cuda:97"], "device 'cuda:97'"),
    ],
)
def test_errors_are_one_line_and_exit_code_1(photograph, tmp_path, arguments, message):
    out = tmp_path / "out"
    run = ssp_sam("segment", "--image", photograph, "--expression", "mug", "--output", out, *arguments)
    assert run.returncode == 1
    assert not out.exists()
    assert run.stdout == ""
    assert message in run.stderr and len(run.stderr.strip().splitlines()) == 1, run.stderr


def test_a_missing_argument_is_a_usage_error(photograph):
    assert ssp_sam("segment", "--image", photograph).returncode == 2


def test_strange_expressions_are_answered_line_by_line(tmp_path):
    """Bytes that are no UTF-8, no words, control characters, far too many words; and a long file name."""
    path = tmp_path / f"{'x' * 240}.png"
    Image.fromarray(np.zeros((20, 30), np.uint8)).save(path)
    strange = [b"mug \xff", " ", "the\x1b[31m\nmug", "the red mug " * 3000, "der Becher 🍵"]
    expressions = [part for text in strange for part in ("--expression", text)]
    command = [sys.executable, "-m", "ssp_sam_ros.cli.main", "segment", "--image", str(path)]
    options = ["--output", str(tmp_path / "out"), "--weights", "random", "--device", "cpu"]
    run = subprocess.run([*command, *options, *expressions], capture_output=True, timeout=300)
    assert run.returncode == 0, run.stderr
    records = [json.loads(line) for line in run.stdout.decode("ascii").splitlines()]
    assert [record["expression"] for record in records] == [
        "mug \udcff", " ", "the\x1b[31m\nmug", "the red mug " * 3000, "der Becher 🍵",
    ]  # fmt: skip
    reasons = [record["reason"] for record in records]
    assert reasons[0].startswith("the expression is no Unicode text")
    assert reasons[1] == "the expression has no words"
    assert records[2]["unknown_words"] == ["31m"]
    assert records[3]["outcome"] in ("FOUND", "NO_TARGET") and "is cut to" in records[3]["warnings"][0]
    assert "'der'" in reasons[4]
    assert all(np.array(Image.open(record["overlay"])).shape == (20, 30, 3) for record in records)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty: 0 bytes"),
        (b"no picture", "known format"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", "cannot be read"),
    ],
)
def test_a_broken_picture_is_one_line(tmp_path, content, message):
    path = tmp_path / "broken.png"
    path.write_bytes(content)
    run = ssp_sam("segment", "--image", path, "--expression", "mug", "--output", tmp_path / "out")
    assert run.returncode == 1 and run.stdout == ""
    assert message in run.stderr and run.stderr.count("\n") == 1
