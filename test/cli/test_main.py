from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssp_sam_ros.cli import parity
from ssp_sam_ros.cli.main import COMMANDS, build_parser, main


def test_help_of_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for command in COMMANDS:
        assert command in text
        assert main([command, "--help"]) == 0


@pytest.mark.parametrize("arguments", [[], ["dance"], ["camera"], ["say"], ["say", "x", "--loud"]])
def test_usage_errors(arguments: list[str]) -> None:
    assert main(arguments) == 2


def test_ros_arguments_only_where_they_mean_something(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["parity", "--ros-args", "-p", "a:=1"]) == 2
    assert "takes no --ros-args" in capsys.readouterr().err
    assert main(["camera", "--source", "sim", "--ros-args", "--frobnicate", "1"]) == 2
    assert "unknown argument '--frobnicate'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["-p", "no_target_treshold:=0.4"], "did you mean 'no_target_threshold'"),
        (["-p", "max_rate:=fast"], "'max_rate' must be a double"),
        (["--params-file", "nowhere.yaml"], "nowhere.yaml"),
        (["--log-level", "loud"], "--log-level"),
    ],
)
def test_wrong_parameters_stop_the_node_before_it_loads_anything(
    arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["node", "--ros-args", *arguments]) == 1
    errors = capsys.readouterr().err
    assert errors.startswith("ssp-sam node: error: ")
    assert text in errors
    assert errors.count("\n") == 1


@pytest.fixture
def signals() -> Iterator[None]:
    """The handlers that a command installs are taken back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_weights_that_are_not_there_stop_the_node(signals: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["node", "--weights", "nowhere.safetensors"]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("ssp-sam node: error: ")
    assert "nowhere.safetensors" in last


def test_an_error_is_one_line_or_a_traceback_on_demand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["camera", "--source", str(tmp_path)]) == 1
    assert (
        capsys.readouterr().err
        == f"ssp-sam camera: error: {tmp_path} holds no pictures (.bmp, .jpeg, .jpg, .png, .webp)\n"
    )
    with pytest.raises(ValueError, match="holds no pictures"):
        main(["--traceback", "camera", "--source", str(tmp_path)])


def test_a_runtime_error_is_one_line_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_args: object) -> int:
        raise RuntimeError("no off-screen OpenGL")

    monkeypatch.setattr(parity, "run", fail)
    assert main(["parity"]) == 1
    assert capsys.readouterr().err == "ssp-sam parity: error: no off-screen OpenGL\n"


def test_a_reader_that_leaves_ends_the_command_quietly() -> None:
    code = (
        "import sys\n"
        "from ssp_sam_ros.cli import parity\n"
        "from ssp_sam_ros.cli.main import main\n"
        "parity.run = lambda args: print('a line') or 0\n"
        "sys.exit(main(['parity']))\n"
    )
    there, here = os.pipe()
    os.close(there)
    try:
        run = subprocess.run(
            [sys.executable, "-c", code], stdout=here, stderr=subprocess.PIPE, text=True, timeout=60
        )
    finally:
        os.close(here)
    assert (run.returncode, run.stderr) == (1, "")


def test_more_expressions_than_a_node_takes(signals: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["say", *map(str, range(33)), "--timeout", "0"]) == 1
    assert "more than 32 expressions" in capsys.readouterr().err


def test_every_command_says_what_it_is_for() -> None:
    assert "--ros-args" in build_parser().format_help()
