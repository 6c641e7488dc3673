"""training/check_data.py: what it finds, says and returns."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import check_data
import numpy as np
import pytest
from PIL import Image

from ssp_sam_training.checking import check_set, find_leaks
from ssp_sam_training.checking.sheet import choose_samples, contact_sheet
from ssp_sam_training.data import Picture, load_dataset


def edit(root: Path, name: str, change: Any) -> None:
    path = root / "grefcoco" / name
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def check(root: Path) -> Any:
    return check_set("grefcoco", root, "unc")


def test_a_good_set(grefcoco_root: Path) -> None:
    report = check(grefcoco_root)
    assert report.good and report.present
    train, val = report.splits
    assert (val.counts.references, val.counts.sentences, val.counts.pictures) == (4, 5, 1)
    assert (val.counts.multi_target_sentences, val.counts.no_target_sentences) == (2, 1)
    assert (train.split, val.targets_checked) == ("train", 4)
    absent, whole = report.notes
    assert "no split testA, testB" in absent and "6 sentences instead of 278,232" in whole


def test_missing_and_broken_pictures(grefcoco_root: Path) -> None:
    folder = grefcoco_root / "images" / "train2014"
    (folder / "COCO_train2014_000000000001.jpg").unlink()
    (folder / "COCO_train2014_000000000002.jpg").write_bytes(b"\xff\xd8\xff")
    report = check(grefcoco_root)
    assert not report.good
    assert [(s.split, s.pictures_missing, s.pictures_broken) for s in report.splits] == [
        ("train", 0, 1),
        ("val", 1, 0),
    ]
    assert {p.kind for p in report.picture_problems} == {"missing", "broken"}
    assert any("000000000002.jpg cannot be decoded" in p.text for p in report.picture_problems)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(bbox=[100, 10, 20, 10]), "reference 1, target 11: box .* is outside the 80x60 picture"),
        (dict(bbox=[10, 10, 0, 10]), "has no area"),
        (dict(bbox=[50, 10, 20, 10]), "the mask reaches out of its box"),
        (dict(segmentation=[[90, 10, 99, 10, 99, 20]]), "the mask is empty, perhaps outside the picture"),
        (dict(segmentation=[[1, 2, 3]]), "a polygon has x and y"),
    ],
)
def test_targets_that_cannot_be_right(grefcoco_root: Path, change: dict[str, Any], message: str) -> None:
    edit(grefcoco_root, "instances.json", lambda all_: all_["annotations"][0].update(change))
    report = check(grefcoco_root)
    problems = [line for split in report.splits for line in split.target_problems]
    assert not report.good
    with pytest.raises(AssertionError, match=message):
        raise AssertionError("\n".join(problems))


def test_leaks_by_number_and_by_content(grefcoco_root: Path) -> None:
    folder = grefcoco_root / "images" / "train2014"
    one, two = (folder / f"COCO_train2014_00000000000{k}.jpg" for k in (1, 2))
    two.write_bytes(one.read_bytes())
    (leak,) = check(grefcoco_root).leaks
    assert (leak.how, leak.train) == ("content", f"grefcoco train: {two.name}")
    assert leak.test == f"grefcoco val: {one.name}"
    edit(grefcoco_root, "grefs(unc).json", lambda refs: refs[1].update(split="train"))
    (leak,) = check(grefcoco_root).leaks
    assert leak.how == "number"


def test_a_split_by_objects_shares_pictures_by_design(tmp_path: Path, refer_files: SimpleNamespace) -> None:
    boxes = [refer_files.annotation(k, 1, (1, 2, 30, 40)) for k in (11, 12)]
    content = refer_files.instances(boxes, [1])
    references = [refer_files.reference(k, 1, 10 + k, ["mug"], s) for k, s in ((1, "train"), (2, "val"))]
    refer_files.write(tmp_path, "refcocog", "refs(google).p", references, content)
    refer_files.write(tmp_path, "refcocog", "refs(umd).p", references, content)
    google = check_set("refcocog", tmp_path, "google")
    assert google.good and "1 pictures are in train and elsewhere" in google.notes[-1]
    umd = check_set("refcocog", tmp_path, "umd")
    assert not umd.good and len(umd.leaks) == 1


def test_a_borrowed_picture_is_the_same_one() -> None:
    coco = Picture("coco", 9, Path("a.jpg"))
    borrowed = Picture("visual_genome", 3, Path("3.jpg"), coco_id=9)
    (leak,) = find_leaks({"vg": [borrowed]}, {"val": [coco]})
    assert (leak.train, leak.test) == ("vg: 3.jpg", "val: a.jpg")
    assert not find_leaks({"vg": [Picture("visual_genome", 9, Path("9.jpg"))]}, {"val": [coco]})


def test_the_command_writes_a_report_and_sheets(
    grefcoco_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert check_data.main(["--root", str(grefcoco_root), "--out", str(out), "--cells", "3"]) == 0
    said = capsys.readouterr().out
    assert "| val | 1 | 0 | 0 | 4 | 5 | 2 | 1 |" in said and said.endswith("all good\n")
    assert "Not here: refcoco, refcoco+," in said
    report = json.loads((out / "report.json").read_text())
    assert report["sets"][0]["good"] and report["sets"][0]["splits"][1]["counts"]["sentences"] == 5
    assert Image.open(out / "grefcoco_unc.png").size[0] > 1000


def test_exit_codes(
    grefcoco_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], refer_files: SimpleNamespace
) -> None:
    def run(*arguments: object) -> tuple[int, str]:
        code = check_data.main([str(a) for a in arguments])
        said = capsys.readouterr()
        return code, said.out + said.err

    code, said = run("--root", grefcoco_root, "--dataset", "grefcoco", "refcoco")
    assert code == 1 and "missing file: " in said and "refs(unc).p" in said
    assert run("--root", tmp_path / "nothing")[0] == 1
    code, said = run("--root", grefcoco_root, "--dataset", "grefcoco@umd")
    assert code == 1 and "grefcoco has no splits by 'umd'; it has: unc" in said
    edit(grefcoco_root, "grefs(unc).json", lambda refs: refs[1].pop("ann_id"))
    code, said = run("--root", grefcoco_root, "--dataset", "grefcoco")
    assert code == 1 and "reference 2: KeyError 'ann_id'" in said
    with pytest.raises(SystemExit) as stopped:
        run()
    assert stopped.value.code == 2


def test_sets_that_share_pictures_are_named(
    grefcoco_root: Path, refer_files: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    content = refer_files.instances([refer_files.annotation(11, 1, (10, 10, 20, 10))], [1])
    references = [refer_files.reference(1, 1, 11, ["mug"], "train")]
    refer_files.write(grefcoco_root, "refcoco", "refs(unc).p", references, content)
    assert check_data.main(["--root", str(grefcoco_root), "--quick"]) == 0
    assert "refcoco unc train has 1 of the 1 pictures of grefcoco unc val" in capsys.readouterr().out


def test_a_sheet_shows_kinds_by_turns_and_says_what_cannot_be_read(grefcoco_root: Path) -> None:
    dataset = load_dataset("grefcoco", grefcoco_root, "val", check_counts=False)
    chosen = choose_samples(dataset, 3)
    assert len(chosen) == 3 and chosen == choose_samples(dataset, 3)
    whole = contact_sheet(chosen, "title")
    assert whole.dtype == np.uint8 and whole.shape[2] == 3
    dataset[0].picture.path.unlink()
    assert (contact_sheet(chosen, "title") != whole).any()


def test_real_photographs_are_good(miniref: Path) -> None:
    report = check_set("refcoco", miniref, "unc")
    assert report.good and [s.split for s in report.splits] == ["train", "val", "testA", "testB"]
    assert sum(split.counts.pictures or 0 for split in report.splits) == 47


def test_a_set_without_its_objects_is_told_by_the_file_that_is_missing(
    grefcoco_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (grefcoco_root / "grefcoco" / "instances.json").unlink()
    assert check_data.main(["--root", str(grefcoco_root)]) == 1
    printed = capsys.readouterr().out
    assert "missing file: " in printed and "instances.json" in printed
    assert " grefcoco," not in printed.partition("Not here:")[2]
