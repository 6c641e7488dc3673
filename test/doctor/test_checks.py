"""Each check on this machine, and on what it would say of others."""

from __future__ import annotations

import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from ssp_sam_ros.doctor import opengl
from ssp_sam_ros.doctor.check import Check, Level, failed
from ssp_sam_ros.doctor.interpreter import check_python
from ssp_sam_ros.doctor.model import check_weights
from ssp_sam_ros.doctor.ros import check_ros
from ssp_sam_ros.doctor.torch_build import check_device, check_torch


def test_a_check_is_one_line() -> None:
    check = Check("dds", Level.WARN, "two\nlines", "do it")
    assert str(check) == "WARN  dds         two lines  -> do it"
    assert not failed([check, Check("x", Level.OK, "fine")])
    assert failed([check, Check("x", Level.FAIL, "broken")])


def test_python(monkeypatch: pytest.MonkeyPatch) -> None:
    (check,) = check_python()
    assert sys.executable in check.text
    Version = namedtuple("Version", "major minor micro")
    for version, level in [((3, 9, 1), Level.FAIL), ((3, 10, 0), Level.OK), ((3, 99, 0), Level.WARN)]:
        monkeypatch.setattr(sys, "version_info", Version(*version))
        (check,) = check_python()
        assert check.level is level
        assert bool(check.advice) == (level is not Level.OK)


def test_torch_and_its_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    build, threads = check_torch()
    assert build.level is Level.OK and torch.__version__ in build.text
    assert threads.details["threads"] == torch.get_num_threads()
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: set(range(64)))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    threads = check_torch()[1]
    assert threads.level is Level.WARN and "unset OMP_NUM_THREADS" in threads.advice


def test_torch_that_does_not_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "open_clip", None)
    (check,) = check_torch()
    assert check.level is Level.FAIL and "open_clip" in check.text and "scripts/setup.sh" in check.advice


def test_device_and_arithmetic() -> None:
    (check,) = check_device("cpu", "float32")
    assert check.level is Level.OK
    assert check.details["device"] == "cpu" and check.details["dtype"] == "float32"
    for device, dtype, text in [("cuda:97", "auto", "cuda:97"), ("toaster", "auto", "toaster")]:
        (check,) = check_device(device, dtype)
        assert check.level is Level.FAIL and text in check.text and check.advice


def test_a_cpu_build_beside_an_nvidia_driver(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("ssp_sam_ros.doctor.torch_build._NVIDIA_DRIVER", tmp_path)
    monkeypatch.setattr("torch.version.cuda", None)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    (check,) = check_device("auto", "auto")
    assert check.level is Level.WARN and "torch is built for the CPU" in check.text


def test_weights_are_loaded_and_named() -> None:
    from ssp_sam_ros.weights import load_network

    loaded, others = check_weights("ssp_sam_tiny", "", [], verify=False)
    assert loaded.level is Level.OK
    assert loaded.details["digest"] == load_network("ssp_sam_tiny")[1].digest
    assert str(loaded.details["digest"])[:12] in loaded.text
    assert others.level is Level.OK


def test_weights_that_are_missing_random_or_damaged(tmp_path: Path) -> None:
    missing = check_weights("ssp_sam_336", "", [tmp_path], verify=False)[0]
    assert missing.level is Level.FAIL and "ssp-sam weights --variant ssp_sam_336" in missing.advice
    assert check_weights("ssp_sam_huge", "", [tmp_path], verify=False)[0].level is Level.FAIL
    assert check_weights("ssp_sam_tiny", "random", [tmp_path], verify=False)[0].level is Level.WARN
    (tmp_path / "bad.safetensors").write_bytes(b"\0" * 9)
    assert check_weights("ssp_sam_tiny", "bad.safetensors", [tmp_path], verify=False)[0].level is Level.FAIL
    (tmp_path / "sam_vit_b_01ec64.pth").write_bytes(b"\0" * 9)
    wrong = check_weights("ssp_sam_tiny", "random", [tmp_path], verify=False)[1]
    assert wrong.level is Level.WARN and "wrong size" in wrong.text and "delete it" in wrong.advice


def test_a_large_file_is_not_read_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ssp_sam_ros.doctor.model._QUICK", 8)
    (tmp_path / "big.safetensors").write_bytes(b"\0" * 9)
    unread = check_weights("ssp_sam_tiny", "big.safetensors", [tmp_path], verify=False)[0]
    assert unread.level is Level.OK and "not read" in unread.text and "--verify" in unread.advice
    assert check_weights("ssp_sam_tiny", "big.safetensors", [tmp_path], verify=True)[0].level is Level.FAIL


def test_a_delta_counts_with_the_parts_that_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from ssp_sam_ros.network import load_variant
    from ssp_sam_ros.weights import load_network, parameter_digest
    from ssp_sam_ros.weights.delta import LeftOut, write_delta
    from ssp_sam_ros.weights.names import Layout
    from ssp_sam_ros.weights.parts import CLIP

    state = load_network("ssp_sam_tiny", "random")[0].state_dict()
    part = CLIP.of(state)
    left_out = {CLIP.key: LeftOut(parameter_digest(part), ("clip_part.pth",))}
    delta, frozen = tmp_path / "delta.safetensors", tmp_path / "clip_part.pth"
    digest = write_delta(delta, load_variant("ssp_sam_tiny"), state, {}, Layout.BEFORE, left_out, {})
    torch.save({"model": part}, frozen)
    size = delta.stat().st_size
    monkeypatch.setattr("ssp_sam_ros.doctor.model._QUICK", size + 1)
    unread = check_weights("ssp_sam_tiny", delta.name, [tmp_path], verify=False)[0]
    assert "not read" in unread.text and unread.details["bytes"] == size + frozen.stat().st_size
    assert check_weights("ssp_sam_tiny", delta.name, [tmp_path], verify=True)[0].details["digest"] == digest
    frozen.unlink()
    assert check_weights("ssp_sam_tiny", delta.name, [tmp_path], verify=False)[0].level is Level.FAIL


def test_ros(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    importable: set[str] = set()
    monkeypatch.setattr("ssp_sam_ros.doctor.ros.find_spec", lambda name: name in importable or None)
    (none,) = check_ros({}, tmp_path)
    assert none.level is Level.OK and "not found" in none.text
    (tmp_path / "jazzy").mkdir()
    (tmp_path / "jazzy" / "setup.bash").touch()
    (unsourced,) = check_ros({}, tmp_path)
    assert unsourced.level is Level.WARN and str(tmp_path / "jazzy" / "setup.bash") in unsourced.advice
    sourced = {"ROS_DISTRO": "jazzy", "RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp"}
    (foreign,) = check_ros(sourced, tmp_path)
    assert foreign.level is Level.WARN and "rclpy does not import" in foreign.text
    importable.add("rclpy")
    (unbuilt,) = check_ros(sourced, tmp_path)
    assert unbuilt.level is Level.WARN and "colcon build" in unbuilt.advice
    importable.add("ssp_sam_msgs")
    (well,) = check_ros(sourced, tmp_path)
    assert well.level is Level.OK and "jazzy" in well.text
    _, middleware = check_ros({**sourced, "RMW_IMPLEMENTATION": "rmw_fastrtps_cpp"}, tmp_path)
    assert middleware.level is Level.WARN and "rmw_fastrtps_cpp" in middleware.text


@pytest.mark.sim
def test_opengl_on_this_machine() -> None:
    pytest.importorskip("mujoco")
    (check,) = opengl.check_opengl()
    assert check.level in (Level.OK, Level.WARN)
    assert bool(check.advice) == (check.level is Level.WARN)


def test_opengl_that_is_missing_hangs_or_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def said(code: str, patience: float = 60.0) -> Check:
        monkeypatch.setattr(opengl, "_RENDER", code)
        monkeypatch.setattr(opengl, "_PATIENCE", patience)
        return opengl.check_opengl()[0]

    missing = said("import sys; sys.exit('no libEGL')")
    assert missing.level is Level.WARN and "no libEGL" in missing.text and "libegl1" in missing.advice
    crashed = said("import os; os.abort()")
    assert crashed.level is Level.WARN and "exit code -6" in crashed.text
    assert "nothing within" in said("import time; time.sleep(60)", 0.2).text
    assert "blank" in said("print('egl'); print('blank')").text
    assert said("print('egl'); print('drawn')").level is Level.OK


def test_importing_the_checks_loads_nothing_heavy() -> None:
    code = (
        "import sys, ssp_sam_ros.cli.doctor, ssp_sam_ros.doctor.graph, ssp_sam_ros.doctor.model\n"
        "import ssp_sam_ros.doctor.torch_build, ssp_sam_ros.doctor.opengl, ssp_sam_ros.doctor.ros\n"
        "sys.exit(bool({'torch', 'cyclonedds', 'rosbags', 'mujoco', 'rclpy'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
