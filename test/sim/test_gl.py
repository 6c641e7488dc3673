from __future__ import annotations

import os
import subprocess
import sys

import pytest


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a piece of Python in a fresh process."""
    env = {**os.environ, **environment}
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=120)


def test_a_machine_without_opengl_says_what_to_install() -> None:
    pytest.importorskip("mujoco")
    code = """
from ssp_sam_ros.sim import SimulatorUnavailableError, Tabletop
try:
    Tabletop(0).scene()
except SimulatorUnavailableError as error:
    print(error)
"""
    done = run(code, MUJOCO_GL="nonsense")
    assert done.returncode == 0, done.stderr
    assert "libegl1" in done.stdout and "nonsense" in done.stdout


def test_grammar_and_clip_need_no_mujoco() -> None:
    code = """
import sys
import ssp_sam_ros.sim, ssp_sam_ros.sim.grammar, ssp_sam_ros.sim.clip, ssp_sam_ros.sim.tabletop
assert "mujoco" not in sys.modules and "torch" not in sys.modules
"""
    done = run(code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("given", "display", "expected"), [("", "", "egl"), ("osmesa", "", "osmesa"), ("", ":0", "")]
)
def test_egl_is_the_default_without_a_display(given: str, display: str, expected: str) -> None:
    code = """
import os, sys, types
sys.modules["mujoco"] = module = types.ModuleType("mujoco")
sys.modules["mujoco.renderer"] = types.ModuleType("mujoco.renderer")
if not os.environ["MUJOCO_GL"]:
    del os.environ["MUJOCO_GL"]
from ssp_sam_ros.sim.gl import import_mujoco
import_mujoco()
print(os.environ.get("MUJOCO_GL", ""))
"""
    done = run(code, MUJOCO_GL=given, DISPLAY=display)
    assert done.stdout.strip() == expected, done.stderr
