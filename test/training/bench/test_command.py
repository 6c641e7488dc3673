from __future__ import annotations

import filecmp
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from ssp_sam_ros.sim import SimulatorUnavailableError
from ssp_sam_ros.sim.bench import Bench
from ssp_sam_ros.sim.bench.grammar import KINDS
from ssp_sam_ros.sim.bench.say import UNSEEN_TEMPLATES
from ssp_sam_ros.sim.bench.words import COLOURS, HELD_OUT_PAIRS, NOUNS
from ssp_sam_training.bench.blocks import SCENES_PER_POOL, make_block, plan_blocks, read_block
from ssp_sam_training.bench.command import GENERATOR, main
from ssp_sam_training.bench.splits import SPLITS
from ssp_sam_training.data import load_refer

SCENES = {"train": 4, "val": 2, "test": 2, "pairs": 4, "forms": 3}


def options(out: Path, workers: int = 1, **scenes: int) -> list[str]:
    counts = [f"--{split}={count}" for split, count in (SCENES | scenes).items()]
    return ["--out", str(out), *counts, "--sentences", "12", "--seed", "4", "--workers", str(workers)]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small dataset, made by one process; skips where nothing can be rendered."""
    bench = Bench(0, 64, 48)
    try:
        bench.scene()
    except SimulatorUnavailableError as error:
        pytest.skip(str(error))
    bench.close()
    root = tmp_path_factory.mktemp("bench") / "set"
    assert main(options(root)) == 0
    return root


def references(root: Path) -> list[dict[str, Any]]:
    return json.loads((root / "grefcoco" / "grefs(unc).json").read_text())  # type: ignore[no-any-return]


@pytest.mark.sim
def test_the_reader_of_real_sets_reads_every_split(written: Path) -> None:
    kinds = set()
    for split, count in SCENES.items():
        data = load_refer(written, "grefcoco", split=split)
        assert len(data.images) <= count
        assert list(data.categories.values()) == list(NOUNS)
        for reference in data.references:
            assert data.mask(reference).any() == bool(reference.ann_ids)
            kinds.update(sentence.kind for sentence in reference.sentences)
        picture = data.load_image(data.references[0].image_id)
        assert picture.shape == (240, 320, 3)
    assert len(kinds & set(KINDS)) >= 7 and kinds <= set(KINDS)


@pytest.mark.sim
def test_the_reader_gets_what_sentences_mention(written: Path) -> None:
    data = load_refer(written, "grefcoco", split="train")
    anchors = 0
    for reference in data.references:
        for sentence in reference.sentences:
            assert sentence.mentions is not None and len(sentence.mentions) == 3
            named = {a for role in sentence.mentions for a in role}
            assert all(data.annotations[a].image_id == reference.image_id for a in named)
            if sentence.kind in ("relation", "two_step"):
                assert set(reference.ann_ids) <= set(sentence.mentions[0]) and sentence.mentions[1]
                anchors += 1
    assert anchors


@pytest.mark.sim
def test_held_out_pairs_are_in_their_split_alone(written: Path) -> None:
    instances = json.loads((written / "grefcoco" / "instances.json").read_text())
    split_of = {r["image_id"]: r["split"] for r in references(written)}
    shown: dict[str, set[tuple[str, str]]] = {split: set() for split in SPLITS}
    for item in instances["annotations"]:
        if item["image_id"] in split_of:
            pair = (item["attributes"]["colour"], NOUNS[item["category_id"] - 1])
            shown[split_of[item["image_id"]]].add(pair)
    assert shown["pairs"] & HELD_OUT_PAIRS
    assert not any(shown[split] & HELD_OUT_PAIRS for split in SPLITS if split != "pairs")
    said = {f"{colour} {noun}" for colour, noun in HELD_OUT_PAIRS}
    for reference in references(written):
        for sentence in reference["sentences"]:
            plain = " ".join(
                w for w in sentence["sent"].split() if w not in ("wooden", "metal", "toy", "coffee")
            )
            if reference["split"] != "pairs":
                assert not any(f" {pair} " in f" {plain} " for pair in said), plain
            elif "not" not in plain and "n't" not in plain and "except" not in plain and "but" not in plain:
                assert set(plain.split()) & set(COLOURS), plain


@pytest.mark.sim
def test_unseen_forms_are_in_their_split_alone(written: Path) -> None:
    templates: dict[str, set[str]] = {split: set() for split in SPLITS}
    for reference in references(written):
        for sentence in reference["sentences"]:
            templates[reference["split"]].update(sentence.get("templates", ()))
            if reference["split"] == "forms":
                joined = " and " in sentence["sent"]
                assert joined or UNSEEN_TEMPLATES.intersection(sentence.get("templates", ())), sentence
    assert templates["forms"] & UNSEEN_TEMPLATES
    assert not any(templates[split] & UNSEEN_TEMPLATES for split in SPLITS if split != "forms")


@pytest.mark.sim
def test_scenes_of_different_splits_differ(written: Path) -> None:
    pictures = [path.read_bytes() for path in sorted((written / "images" / "train2014").iterdir())]
    assert len(pictures) == len(set(pictures)) == sum(SCENES.values())


@pytest.mark.sim
@pytest.mark.slow
def test_stopped_and_begun_again_in_two_processes_it_is_the_same_dataset(
    written: Path, tmp_path: Path
) -> None:
    partial = tmp_path / "set.partial"
    (partial / "images" / "train2014").mkdir(parents=True)
    (partial / "blocks").mkdir()
    manifest = json.loads((written / "manifest.json").read_text())
    kept = {key: manifest[key] for key in manifest if key not in ("splits", "held_out_pairs")}
    (partial / "options.json").write_text(json.dumps(kept))
    (done, *_) = plan_blocks(4, SCENES, 12, partial)
    make_block(done)
    stamp = done.file.stat().st_mtime_ns
    assert len(read_block(done)) == SCENES["train"]
    assert make_block(done).file.stat().st_mtime_ns == stamp
    (done.images / "bench_train_000000.jpg").touch()
    assert main(options(tmp_path / "set", workers=2)) == 0
    names = sorted(path.relative_to(written) for path in written.rglob("*") if path.is_file())
    assert names == sorted(
        p.relative_to(tmp_path / "set") for p in (tmp_path / "set").rglob("*") if p.is_file()
    )
    for name in names:
        assert filecmp.cmp(written / name, tmp_path / "set" / name, shallow=False), name


@pytest.mark.sim
def test_training_sentences_are_of_the_kinds_asked_for(written: Path, tmp_path: Path) -> None:
    root = tmp_path / "few kinds"
    assert (
        main([*options(root, train=3, val=2, test=0, pairs=0, forms=0), "--kinds", "negation=3, ordinal=1"])
        == 0
    )
    kinds: dict[str, set[str]] = {split: set() for split in SPLITS}
    for reference in references(root):
        kinds[reference["split"]].add(reference["sentences"][0]["kind"])
    assert kinds["train"] == {"negation", "ordinal"}
    assert len(kinds["val"]) > 3
    manifest = json.loads((root / "manifest.json").read_text())
    assert manifest["kinds"] == {"negation": 0.75, "ordinal": 0.25}
    assert "kinds" not in json.loads((written / "manifest.json").read_text())
    # Only what is said differs, not what is seen.
    first = Path("images") / "train2014" / "bench_train_000000.jpg"
    assert (root / first).read_bytes()[:2000] == (written / first).read_bytes()[:2000]


@pytest.mark.sim
def test_absent_training_sentences_are_made_of_the_kinds_asked_for(tmp_path: Path) -> None:
    root = tmp_path / "ordinals"
    counts = options(root, train=4, val=0, test=0, pairs=0, forms=0)
    assert main([*counts, "--kinds", "absent=1", "--absent-kinds", "ordinal=1"]) == 0
    texts = [sentence["sent"] for reference in references(root) for sentence in reference["sentences"]]
    assert len(texts) >= 4
    order = ("second", "third", "fourth", "fifth", "first")
    assert all(any(word in text.split() for word in order) for text in texts), texts
    assert json.loads((root / "manifest.json").read_text())["absent_kinds"] == {"ordinal": 1.0}


def test_absent_sentences_are_not_made_of_absent_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*options(tmp_path / "set"), "--absent-kinds", "absent=1,place=2"])
    assert "absent sentences are made of another kind" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ("negations=1", "no kind 'negations'; known: attribute"),
        ("negation", "'negation' is not KIND=SHARE"),
        ("negation=0", "one of them at least"),
        ("negation=-1,ordinal=2", "shares are 0 or more"),
    ],
)
def test_shares_that_are_none_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kinds: str, said: str
) -> None:
    with pytest.raises(SystemExit):
        main([*options(tmp_path / "set"), "--kinds", kinds])
    assert said in capsys.readouterr().err


def test_an_unfinished_dataset_of_other_options_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    partial = tmp_path / "set.partial"
    partial.mkdir()
    assert main(options(tmp_path / "set")) == 1
    assert "no unfinished dataset" in capsys.readouterr().err
    (partial / "options.json").write_text('{"seed": 5}')
    assert main(options(tmp_path / "set")) == 1
    assert "other options" in capsys.readouterr().err
    shutil.rmtree(partial)
    (tmp_path / "set").mkdir()
    assert main(options(tmp_path / "set")) == 1
    assert "exists already" in capsys.readouterr().err


def test_a_dataset_that_was_stopped_while_tidied_up_is_complete(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "set"
    (out / "blocks").mkdir(parents=True)
    (out / "blocks" / "train_0000000.json").write_text("[]")
    (out / "manifest.json").write_text("{}")
    kept = {"generator": GENERATOR, "seed": 4, "sentences_per_scene": 12, "width": 320, "height": 240}
    (out / "options.json").write_text(json.dumps({**kept, "scenes": SCENES}))
    assert main([*options(out), "--seed", "5"]) == 1
    assert "exists already" in capsys.readouterr().err and (out / "blocks").is_dir()
    shutil.rmtree(out / "blocks")  # it may have come so far
    for _ in range(2):
        assert main(options(out)) == 0
        assert [path.name for path in out.iterdir()] == ["manifest.json"]
        (out / "blocks").mkdir()
        (out / "options.json").write_text(json.dumps({**kept, "scenes": SCENES}))


def test_blocks_cover_every_scene_once(tmp_path: Path) -> None:
    blocks = plan_blocks(0, {"train": SCENES_PER_POOL + 1, "val": 0, "pairs": 7}, 16, tmp_path)
    assert [(b.split, b.start, b.stop) for b in blocks] == [
        ("train", 0, SCENES_PER_POOL), ("train", SCENES_PER_POOL, SCENES_PER_POOL + 1), ("pairs", 0, 7),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wrong", [["--train", "-1"], ["--sentences", "0"], ["--workers", "0"], ["--width", "8"]]
)
def test_wrong_options_are_usage_errors(tmp_path: Path, wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--out", str(tmp_path / "set"), *wrong])
    assert stopped.value.code == 2
