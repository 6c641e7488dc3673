from __future__ import annotations

import filecmp
import json
from pathlib import Path

import pytest

from ssp_sam_ros.sim import SimulatorUnavailableError, Tabletop
from ssp_sam_ros.sim.words import NOUNS
from ssp_sam_training.data.refer import load_refer
from ssp_sam_training.tabletop.blocks import Block, make_block, plan_blocks
from ssp_sam_training.tabletop.command import main


@pytest.fixture(scope="module")
def simulator() -> None:
    """Skips where nothing can be rendered."""
    tabletop = Tabletop(0)
    try:
        tabletop.scene()
    except SimulatorUnavailableError as error:
        pytest.skip(str(error))
    tabletop.close()


def options(out: Path, workers: int) -> list[str]:
    counts = ["--train", "3", "--val", "2", "--test", "1"]
    return ["--out", str(out), *counts, "--sentences", "12", "--seed", "4", "--workers", str(workers)]


@pytest.mark.sim
def test_the_dataset_does_not_depend_on_the_number_of_workers(simulator: None, tmp_path: Path) -> None:
    assert main(options(tmp_path / "one", 1)) == 0
    assert main(options(tmp_path / "two", 2)) == 0
    names = sorted(
        path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file()
    )
    assert len([name for name in names if name.suffix == ".jpg"]) == 6
    for name in names:
        if name.name != "manifest.json":
            assert filecmp.cmp(tmp_path / "one" / name, tmp_path / "two" / name, shallow=False), name
    manifest = json.loads((tmp_path / "one" / "manifest.json").read_text())
    assert manifest["seed"] == 4
    assert {split: counts["images"] for split, counts in manifest["splits"].items()} == {
        "train": 3,
        "val": 2,
        "test": 1,
    }

    data = load_refer(tmp_path / "one", "grefcoco", split="train")
    assert len(data.images) >= 3
    for reference in data.references:
        assert data.load_image(reference.image_id).shape == (240, 320, 3)
        mask = data.mask(reference)
        assert mask.any() == bool(reference.ann_ids)
        assert mask.sum() == sum(data.annotation_mask(k).sum() for k in reference.ann_ids)
    assert set(data.categories.values()) == set(NOUNS)


@pytest.mark.sim
def test_the_first_scenes_do_not_depend_on_how_many_follow(simulator: None, tmp_path: Path) -> None:
    short, long = (make_block(Block(9, "val", 0, stop, 5, 320, 240, tmp_path)) for stop in (2, 3))
    assert long[:2] == short
    other = make_block(Block(9, "test", 0, 1, 5, 320, 240, tmp_path))
    assert other[0]["expressions"] != short[0]["expressions"]


def test_blocks_cover_every_scene_once(tmp_path: Path) -> None:
    blocks = plan_blocks(0, {"train": 450, "val": 0, "test": 10}, 24, tmp_path)
    assert [(b.split, b.start, b.stop) for b in blocks] == [
        ("train", 0, 200), ("train", 200, 400), ("train", 400, 450), ("test", 0, 10),
    ]  # fmt: skip


@pytest.mark.parametrize("existing", ["set", "set.partial"])
def test_nothing_is_overwritten(tmp_path: Path, existing: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / existing).mkdir()
    assert main(options(tmp_path / "set", 1)) == 1
    assert "exists already" in capsys.readouterr().err
    assert not any((tmp_path / existing).iterdir())


@pytest.mark.parametrize("wrong", [["--train", "-1"], ["--sentences", "0"], ["--workers", "0"]])
def test_wrong_options_are_usage_errors(tmp_path: Path, wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--out", str(tmp_path / "set"), *wrong])
    assert stopped.value.code == 2
