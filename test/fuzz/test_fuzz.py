"""The fuzzer itself: a few hundred inputs of every kind, and whether it notices what goes wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from fuzzing.damage import damaged
from fuzzing.kinds import KINDS, cases, generator
from fuzzing.misbehaviour import WAYS
from fuzzing.pool import FAILURES, Done, run, try_one
from fuzzing.report import Report

pytest.importorskip("rosbags", reason="needs the extra dds")


def fuzz(repository: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(repository / "scripts" / "fuzz.py"), *arguments]
    environment = {**os.environ, **variables}
    return subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment)


@pytest.mark.slow
def test_a_few_hundred_inputs_of_every_kind(repository: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    arguments = ["--count", "400", "--seed", "11", "--limit", "60", "--out", str(tmp_path)]
    done = fuzz(repository, *arguments, TMPDIR=str(scratch))
    assert done.returncode == 0, done.stdout + done.stderr
    assert not list(scratch.iterdir()), "processes that were killed have left files behind"
    found = json.loads((tmp_path / "fuzz.json").read_text())
    assert found["count"] == 400 and found["failures"] == []
    for kind in KINDS.values():
        if kind.share:
            outcomes = found["outcomes"][kind.name]
            assert sum(outcomes.values()) >= 4 * kind.share
            assert len(outcomes) > 1, f"every {kind.name} ends the same way: {outcomes}"
    assert "400 inputs in" in (tmp_path / "fuzz.log").read_text()


def test_what_goes_wrong_is_noticed_and_can_be_run_again() -> None:
    misbehaving = [("misbehaviour", index) for index in range(12)]
    expected = {case: WAYS[int(generator(5, case).integers(0, len(WAYS)))] for case in misbehaving}
    assert set(expected.values()) == set(WAYS)
    found = {done.case: done for done in run(misbehaving, seed=5, workers=2, limit=0.3)}
    assert {case: done.outcome for case, done in found.items()} == expected
    for case, done in found.items():
        assert bool(done.text) == (done.outcome in FAILURES)
        if done.outcome in ("well", "crash", "violation"):
            assert try_one(5, case).outcome == done.outcome


def test_the_exit_code_and_the_log_tell(repository: Path) -> None:
    ways = {WAYS[int(generator(5, ("misbehaviour", i)).integers(0, len(WAYS)))]: i for i in range(40)}
    well = fuzz(repository, "--seed", "5", "--only", f"misbehaviour:{ways['well']}")
    assert well.returncode == 0 and well.stdout.startswith("well after")
    crash = fuzz(repository, "--seed", "5", "--only", f"misbehaviour:{ways['crash']}")
    assert crash.returncode == 1 and "an error that should not escape" in crash.stdout
    assert fuzz(repository, "--only", "nonsense:1").returncode == 2


def test_the_kinds_are_mixed_by_their_shares() -> None:
    mixed = cases(1000)
    assert len(set(mixed)) == len(mixed) == 1000
    counts = Counter(name for name, _ in mixed)
    assert counts == {kind.name: 10 * kind.share for kind in KINDS.values() if kind.share}
    assert len({name for name, _ in mixed[:50]}) == len(counts)
    assert sum(kind.share for kind in KINDS.values()) == 100


def test_an_input_depends_on_its_number_alone() -> None:
    def numbers(*arguments: object) -> list[int]:
        return list(generator(*arguments).integers(0, 2**32, 4))  # type: ignore[arg-type]

    assert numbers(1, ("file", 3)) == numbers(1, ("file", 3))
    assert len({tuple(numbers(s, (k, i))) for s in (1, 2) for k in ("file", "message") for i in (3, 4)}) == 8
    assert damaged(b"x" * 99, generator(1, ("file", 3))) == damaged(b"x" * 99, generator(1, ("file", 3)))


def test_the_report_names_the_command_for_each_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = Report(tmp_path / "folder" / "fuzz.log", seed=9)
    report.add(Done(("file", 4), "picture", 0.25))
    report.add(Done(("file", 5), "crash", 0.5, "an error of \ud800"))
    assert "python scripts/fuzz.py --seed 9 --only file:5" in capsys.readouterr().out
    assert "| file | 2     | 375.0   | 500        | crash 1, picture 1 |" in report.table()
    report.write_json(tmp_path / "fuzz.json", 1.5)
    found = json.loads((tmp_path / "fuzz.json").read_text())
    assert found["failures"][0]["command"].endswith("--seed 9 --only file:5")
