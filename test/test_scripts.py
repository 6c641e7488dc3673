from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
SCRIPTS = [*sorted((REPOSITORY / "scripts").glob("*.sh")), REPOSITORY / ".ci" / "run"]


@pytest.fixture
def bare_copy(tmp_path: Path) -> Path:
    """What setup.sh needs of the repository, without an environment."""
    root = tmp_path / "a folder with spaces"
    shutil.copytree(REPOSITORY / "scripts", root / "scripts")
    for name in ("setup.py", "setup.cfg", "constraints.txt"):
        shutil.copy(REPOSITORY / name, root)
    return root


def _set_up(root: Path, python: str, **variables: str) -> subprocess.CompletedProcess[str]:
    # Without apt-get in reach, so that a missing renderer is named, not installed by a test.
    path = _path_without("apt-get", root.parent / "bin")
    environment = {**os.environ, "PYTHON": python, "PATH": path, **variables}
    script = root / "scripts" / "setup.sh"
    return subprocess.run(["bash", script], cwd="/", env=environment, capture_output=True, text=True)


def _path_without(name: str, folder: Path) -> str:
    """A folder of links to every program on PATH but one."""
    folder.mkdir(exist_ok=True)
    for directory in reversed(os.environ["PATH"].split(os.pathsep)):
        if not Path(directory).is_dir():
            continue
        for program in Path(directory).iterdir():
            link = folder / program.name
            link.unlink(missing_ok=True)
            link.symlink_to(program)
    (folder / name).unlink(missing_ok=True)
    return str(folder)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_script_parses_and_is_executable(script: Path) -> None:
    subprocess.run(["bash", "-n", script], check=True)
    assert os.access(script, os.X_OK)


def test_unusable_interpreter_is_named(bare_copy: Path) -> None:
    done = _set_up(bare_copy, "/bin/false")
    assert done.returncode == 1
    assert "PYTHON=/bin/false is not a Python 3.10" in done.stderr
    assert not (bare_copy / ".venv").exists()


def test_failed_installation_shows_why_and_does_not_count_as_done(bare_copy: Path) -> None:
    done = _set_up(bare_copy, sys.executable, PIP_NO_INDEX="1", PIP_FIND_LINKS="")
    assert done.returncode == 1
    assert "setuptools" in done.stderr
    assert "pip could not install the packages" in done.stderr
    assert not (bare_copy / ".venv" / ".ssp_sam_setup").exists()


@pytest.fixture
def prepared_copy(tmp_path: Path) -> Path:
    """A folder in which test.sh finds its .venv ready, and another environment in bin/."""
    for name in ("scripts", ".venv/bin", "bin", "modules"):
        (tmp_path / name).mkdir(parents=True)
    shutil.copy(REPOSITORY / "scripts" / "test.sh", tmp_path / "scripts")
    (tmp_path / "scripts" / "setup.sh").write_text("exit 0\n")
    (tmp_path / "modules" / "pytest.py").touch()
    for python in (tmp_path / ".venv" / "bin" / "python", tmp_path / "bin" / "python3"):
        # Without site-packages: beyond the standard library it imports what lies in modules/.
        python.write_text(
            f'#!/bin/sh\necho "ran $0"\ncd "{tmp_path}/modules" && exec "{sys.executable}" -S -E "$@"\n'
        )
        python.chmod(0o755)
    return tmp_path


ROS_MODULES = ["rclpy", "launch_testing", "ssp_sam_msgs", "torch", "pytest"]


@pytest.mark.parametrize(
    ("sourced", "modules", "text", "python"),
    [
        (
            False,
            ROS_MODULES,
            "no ROS 2 is sourced: the tests of the rclpy node are skipped",
            ".venv/bin/python",
        ),
        (True, [], "python3 cannot import rclpy: tests of the rclpy node are skipped", ".venv/bin/python"),
        (True, ROS_MODULES[:3], "python3 cannot import torch: tests of the rclpy", ".venv/bin/python"),
        (True, ROS_MODULES, "ROS 2 is sourced: the tests of the rclpy node run, with ", "bin/python3"),
    ],
)
def test_whether_ros_tests_run_is_said(
    prepared_copy: Path, sourced: bool, modules: list[str], text: str, python: str
) -> None:
    for module in modules:
        (prepared_copy / "modules" / f"{module}.py").touch()
    environment = {name: value for name, value in os.environ.items() if name != "AMENT_PREFIX_PATH"}
    environment["PATH"] = f"{prepared_copy / 'bin'}{os.pathsep}{environment['PATH']}"
    if sourced:
        environment["AMENT_PREFIX_PATH"] = "/opt/ros/some"
    done = subprocess.run(
        ["bash", prepared_copy / "scripts" / "test.sh"],
        cwd="/",
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert text in done.stderr
    assert done.stdout.splitlines() == [f"ran {prepared_copy / python}"]
