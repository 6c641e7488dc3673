"""The main job as a user runs it: camera, node and operator, each a process of its own, on real DDS."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("cyclonedds", reason="needs the extra dds")

from ssp_sam_ros.dds.participant import Participant
from ssp_sam_ros.interface.image_codec import decode_compressed, decode_rgb
from ssp_sam_ros.interface.names import NodeNames
from ssp_sam_ros.interface.qos import QoS


@pytest.fixture
def observer(domain: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Participant]:
    """A participant in this process that sees what the commands do."""
    for name, value in domain.items():
        monkeypatch.setenv(name, value)
    with Participant(NodeNames("observer")) as participant:
        yield participant


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with two pictures."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        cv2.imwrite(str(folder / f"{name}.png"), rng.integers(0, 256, (120, 160, 3), np.uint8))
    return folder


def read(path: str | Path, flags: int = cv2.IMREAD_COLOR) -> np.ndarray:
    """A picture file that is there."""
    picture = cv2.imread(str(path), flags)
    assert picture is not None
    return picture


def test_camera_node_and_operator(ssp_sam: Callable[..., Any], pictures: Path, tmp_path: Path) -> None:
    """With untrained weights: what the answers say is not looked at, how they travel is."""
    camera = ssp_sam("camera", "--source", str(pictures), "--rate", "20", "--frame-id", "head_camera")
    node = ssp_sam("node", "--weights", "random", "--device", "cpu")
    saved = tmp_path / "answers"
    sentences = ["the red mug", "the green bowl", "the zebra"]
    code, output = ssp_sam("say", *sentences, "--json", "--save", str(saved), "--timeout", "150").finish()
    records = {record["expression"]: record for record in map(json.loads, output.splitlines())}
    assert set(records) == set(sentences)
    assert code == 0
    assert records["the zebra"]["outcome"] == "FAILED"  # the model does not know zebras
    assert records["the zebra"]["unknown_words"] == ["zebra"]
    assert records["the zebra"]["mask"] is None
    for sentence in sentences[:2]:
        record = records[sentence]
        assert record["outcome"] in ("FOUND", "NO_TARGET")
        assert record["frame_id"] == "head_camera"
        assert record["size"] == [160, 120]
        assert record["model"] == "ssp_sam_tiny"
        mask = read(record["mask"], cv2.IMREAD_UNCHANGED)
        assert mask.shape == (120, 160)
        assert np.count_nonzero(mask) == record["pixels"]
        assert set(np.unique(mask)) <= {0, 255}
        assert read(record["overlay"]).shape == (120, 160, 3)
        if record["outcome"] == "FOUND":
            rows, columns = np.nonzero(mask)
            assert record["box"] == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert 0 < record["ms"]["total"] <= record["ms"]["stamp_to_here"]
    assert len({record["stamp"] for record in records.values()}) == 1

    code, output = ssp_sam("say", "the blue can", "--pictures", "3", "--clear").finish()
    assert code == 0
    lines = output.splitlines()
    assert lines[0].startswith("expression")
    assert "RANDOM weights: the answers mean nothing." in lines[2]
    assert [line.startswith("the blue can") for line in (lines[1], *lines[3:])] == [True] * 3
    node.wait_for_log("nothing to look for any more")
    assert ssp_sam("say", "the zebra", "--timeout", "150").finish()[0] == 1
    assert "RANDOM weights: the answers mean nothing." in node.log

    assert camera.end(signal.SIGINT) == 0
    code, output = ssp_sam("say", "the blue can", "--timeout", "3", "--json").finish()
    assert code == 1
    assert json.loads(output)["outcome"] == "STALE"
    assert node.end(signal.SIGTERM) == 0
    assert "Traceback" not in node.log + camera.log


def test_operator_alone_says_what_is_missing(ssp_sam: Callable[..., Any]) -> None:
    say = ssp_sam("say", "the red mug", "--timeout", "1")
    assert say.finish() == (1, "")
    assert "there is no node /ssp_sam" in say.log
    assert say.log.count("\n") == 1


def test_operator_ends_quietly_on_a_signal(ssp_sam: Callable[..., Any], observer: Participant) -> None:
    heard: list[Any] = []
    subscription = observer.subscription(
        "/referring_expression", "std_msgs/msg/String", QoS("reliable", 1), heard.append
    )
    say = ssp_sam("say", "the red mug", "--timeout", "60")
    spin_until(observer, lambda: subscription.publishers() == 1)
    assert say.end(signal.SIGINT) == 1
    assert say.log == ""
    assert heard == []  # it says nothing before a node has been there to hear it


def test_a_camera_with_an_end(ssp_sam: Callable[..., Any], observer: Participant, pictures: Path) -> None:
    """It waits for a subscriber, sends every picture once, stamped in order, and ends."""
    got: list[Any] = []
    camera = ssp_sam(
        *("camera", "--source", str(pictures), "--once", "--rate", "10", "--topic", "left/image"),
        *("--ros-args", "-r", "__ns:=/robot", "-r", "__node:=eye"),
    )
    observer.subscription("/robot/left/image", "sensor_msgs/msg/Image", QoS("reliable", 10), got.append)
    spin_until(observer, lambda: len(got) == 2)
    assert camera.finish()[0] == 0
    assert "/robot/eye" in camera.log
    assert "sent 2 pictures" in camera.log
    for message, name in zip(got, ("a", "b"), strict=True):
        expected = read(pictures / f"{name}.png")[..., ::-1]
        np.testing.assert_array_equal(decode_rgb(message), expected)
        assert message.header.frame_id == "camera_optical_frame"
    first, second = (m.header.stamp.sec * 10**9 + m.header.stamp.nanosec for m in got)
    assert 0 <= time.time_ns() - second < 60e9
    assert first < second


def test_compressed_pictures(ssp_sam: Callable[..., Any], observer: Participant, pictures: Path) -> None:
    got: list[Any] = []
    topic = "/camera/image_raw/compressed"
    observer.subscription(topic, "sensor_msgs/msg/CompressedImage", QoS("best_effort", 1), got.append)
    camera = ssp_sam("camera", "--source", str(pictures), "--compressed", "--count", "3", "--size", "80x60")
    spin_until(observer, lambda: got)
    assert decode_compressed(got[0]).shape == (60, 80, 3)
    assert camera.finish()[0] == 0
    assert "sent 3 pictures" in camera.log


def spin_until(observer: Participant, condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        observer.spin_once(0.05)


def test_once_needs_an_end(ssp_sam: Callable[..., Any]) -> None:
    camera = ssp_sam("camera", "--source", "sim", "--once")
    assert camera.finish()[0] == 1
    assert "--once needs a source with an end" in camera.log
