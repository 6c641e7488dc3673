"""`ssp-sam doctor` as a user runs it, on a real graph."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ssp_sam_ros.cli.doctor import PARTS
from ssp_sam_ros.cli.main import main

pytest.importorskip("cyclonedds", reason="needs the extra dds")

OVERRIDE = "qos_overrides./camera/image_raw.subscription.durability"


def records(output: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for check in json.loads(output)["checks"]:
        found.setdefault(check["check"], []).append(check)
    return found


@pytest.fixture
def camera(ssp_sam: Callable[..., Any], tmp_path: Path) -> Any:
    """A camera process that sends one picture over and over."""
    (tmp_path / "pictures").mkdir()
    cv2.imwrite(str(tmp_path / "pictures" / "a.png"), np.zeros((12, 16, 3), np.uint8))
    running = ssp_sam("camera", "--source", str(tmp_path / "pictures"), "--rate", "5")
    running.wait_for_log("/camera/image_raw")
    return running


def test_a_camera_whose_qos_does_not_match_is_a_failure(ssp_sam: Callable[..., Any], camera: Any) -> None:
    doctor = ("doctor", "--only", "dds", "--json", "--seconds", "5")
    code, output = ssp_sam(*doctor).finish()
    found = records(output)
    assert code == 0, output
    assert found["dds"][0]["level"] == "OK" and "/camera" in found["dds"][0]["details"]["nodes"]
    (topic,) = found["topic"]
    assert topic["level"] == "OK" and topic["text"].startswith("/camera/image_raw: 1 publisher, matching")

    code, output = ssp_sam(*doctor, "--ros-args", "-p", f"{OVERRIDE}:=transient_local").finish()
    (topic,) = records(output)["topic"]
    assert code == 1 and topic["level"] == "FAIL"
    assert "the publisher is volatile, the subscription wants transient local" in topic["text"]
    assert f"{OVERRIDE}:=volatile" in topic["advice"]

    code, output = ssp_sam(*doctor, "--ros-args", "-r", "image:=/front/image").finish()
    (topic,) = records(output)["topic"]
    assert code == 0 and topic["level"] == "WARN"
    assert "-r image:=/camera/image_raw" in topic["advice"]


def test_lines_for_people(
    domain: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in domain.items():
        monkeypatch.setenv(name, value)
    assert main(["doctor", "--only", "python", "dds", "--seconds", "0.1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [["OK", "python"], ["WARN", "dds"], ["WARN", "topic"]]
    assert all(" -> " in line for line in lines[1:])


def test_a_domain_that_cannot_be_joined_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", "999")
    assert main(["doctor", "--only", "dds", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False
    assert "ROS_DOMAIN_ID must be a number" in report["checks"][0]["text"]


def test_it_takes_the_nodes_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--only", "device", "--ros-args", "-p", "device:=cuda:97"]) == 1
    assert capsys.readouterr().out.startswith("FAIL  device")
    assert main(["doctor", "--only", "python", "--ros-args", "-p", "devise:=cpu"]) == 1
    assert "did you mean 'device'" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--only", "everything"], ["--seconds", "-1"], ["--seconds", "soon"]])
def test_usage(arguments: list[str]) -> None:
    assert main(["doctor", *arguments]) == 2


def test_every_part_can_be_named() -> None:
    assert set(PARTS) == {"python", "torch", "device", "weights", "dds", "ros", "opengl"}
