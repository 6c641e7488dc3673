"""training/by_words.py on what training/evaluate.py wrote."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from by_words import main
from evaluate import main as evaluate


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory, miniref: Path) -> Path:
    out = tmp_path_factory.mktemp("evaluation")
    arguments = f"--root {miniref} --dataset grefcoco --split val --weights random --device cpu --out {out}"
    assert evaluate(arguments.split()) == 0
    return out


def test_every_sentence_is_counted_once(evaluation: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sentences = len((evaluation / "samples.jsonl").read_text().splitlines())
    assert main([str(evaluation), r"left=\bleft\b", "any vowel=[aeiou]", "none=qqq"]) == 0
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")][1:]
    counts = {row[1].strip(): int(row[2]) for row in rows}
    assert list(counts)[:2] == ["left", "any vowel"] and "none" not in counts
    assert counts["left"] > 0 and sum(counts.values()) == sentences


def test_letters_of_either_case_and_one_kind_alone(
    evaluation: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [json.loads(line) for line in (evaluation / "samples.jsonl").read_text().splitlines()][:3]
    sentences, kinds = ("The LEFT one", "the left one", "left"), ("odd", "even", "odd")
    changed = [
        {**line, "sentence": sentence, "kind": kind}
        for line, sentence, kind in zip(lines, sentences, kinds, strict=True)
    ]
    (tmp_path / "samples.jsonl").write_text("\n".join(map(json.dumps, changed)))
    assert main([str(tmp_path), "--kind", "odd", "left=^the left"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"\| left +\| 1 ", printed) and re.search(r"\| the rest +\| 1 ", printed)


def test_what_cannot_be_is_said(evaluation: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(evaluation), "--kind", "odd", "a=b"]) == 1
    assert "no sentence is of kind 'odd'" in capsys.readouterr().err
    assert main([str(tmp_path), "a=b"]) == 1
    assert "samples.jsonl is missing" in capsys.readouterr().err
    (tmp_path / "samples.jsonl").touch()
    assert main([str(tmp_path), "a=b"]) == 1
    assert "is empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (["left"], "not NAME=EXPRESSION"),
        (["a=("], "no regular expression"),
        (["n=second", "n=two"], "names of their own"),
        (["the rest=a"], "names of their own"),
    ],
)
def test_wrong_groups(groups: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["somewhere", *groups])
    assert message in capsys.readouterr().err
