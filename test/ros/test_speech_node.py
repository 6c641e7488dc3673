"""The speech node on recorded sentences and texts, spinning in a thread of this process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source its setup file")
pytest.importorskip("pocketsphinx", reason="needs the extra speech")

from ssp_sam_ros.ros.messages import make
from ssp_sam_ros.speech.audio import read

pytestmark = pytest.mark.ros
EXPRESSION = "/referring_expression"


class Running:
    """A speech node in a thread."""

    def __init__(self, arguments: tuple[str, ...]) -> None:
        from rclpy.executors import SingleThreadedExecutor

        from ssp_sam_ros.ros.speech_node import SpeechNode

        self.node = SpeechNode(cli_args=["--ros-args", *arguments], use_global_arguments=False)
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self._thread = threading.Thread(target=self.executor.spin)
        self._thread.start()

    def close(self) -> None:
        self.executor.shutdown()
        self._thread.join(20)
        self.node.close()


@pytest.fixture
def start(ros: None) -> Iterator[Callable[..., Running]]:
    """Starts speech nodes with parameters: `start("source:=none")`."""
    nodes: list[Running] = []

    def start(*parameters: str) -> Running:
        nodes.append(Running(tuple(part for one in parameters for part in ("-p", one))))
        return nodes[-1]

    yield start
    for node in nodes:
        node.close()


@pytest.fixture
def heard(tester: Any) -> list[str]:
    """What the node sends."""
    from ssp_sam_ros.ros.messages import message_class

    sent: list[str] = []
    tester.node.create_subscription(
        message_class("std_msgs/msg/String"), EXPRESSION, lambda m: sent.append(m.data), 10
    )
    return sent


def publisher(tester: Any, type_name: str, topic: str) -> Any:
    from ssp_sam_ros.ros.messages import message_class

    made = tester.node.create_publisher(message_class(type_name), topic, 100)
    tester.wait(made.get_subscription_count, f"somebody on {topic}")
    tester.wait(lambda: tester.node.count_publishers(EXPRESSION), "the node")
    tester.spin(0.3)
    return made


def test_texts(start: Callable[..., Running], tester: Any, heard: list[str]) -> None:
    start("source:=none")
    texts = publisher(tester, "std_msgs/msg/String", "/text")
    for text in ("the red zebra", "Pick up the red mug!"):
        texts.publish(make("std_msgs/msg/String", data=text))
    tester.wait(lambda: heard, "the sentence")
    assert heard == ["pick up the red mug"]


def test_transcriptions_of_whisper_ros(start: Callable[..., Running], tester: Any, heard: list[str]) -> None:
    pytest.importorskip("whisper_msgs", reason="needs whisper_msgs of whisper_ros")
    start("source:=none", "text_type:=whisper_msgs/msg/Transcription")
    texts = publisher(tester, "whisper_msgs/msg/Transcription", "/text")
    texts.publish(make("whisper_msgs/msg/Transcription", text=" The red mug."))
    tester.wait(lambda: heard, "the sentence")
    assert heard == ["the red mug"]


@pytest.mark.parametrize("activation", ["always", "push_to_talk"])
def test_audio_topic(
    start: Callable[..., Running], tester: Any, heard: list[str], repository: Path, activation: str
) -> None:
    pytest.importorskip("audio_common_msgs", reason="needs audio_common_msgs of audio_common")
    start("source:=topic", f"activation:={activation}")
    sound = publisher(tester, "audio_common_msgs/msg/AudioStamped", "/audio")
    button = publisher(tester, "std_msgs/msg/Bool", "/speech/push_to_talk")
    button.publish(make("std_msgs/msg/Bool", data=True))
    tester.spin(0.5)
    for chunk in read(repository / "test" / "data" / "speech" / "red_bowl.flac"):
        message = make("audio_common_msgs/msg/AudioStamped")
        message.audio.info.rate, message.audio.info.channels = 16000, 1
        message.audio.audio_data.int16_data = np.asarray(chunk).tolist()
        sound.publish(message)
        tester.spin(0.02)
    tester.spin(0.5)
    button.publish(make("std_msgs/msg/Bool", data=False))
    tester.wait(lambda: heard, "the sentence")
    assert heard == ["the red bowl"]


def test_parameters(start: Callable[..., Running], tester: Any) -> None:
    from rclpy.parameter import Parameter

    node = start("source:=none").node
    good = node.set_parameters([Parameter("confidence_threshold", value=0.9)])
    bad = node.set_parameters([Parameter("confidence_threshold", value=1.9)])
    fixed = node.set_parameters([Parameter("engine", value="vosk")])
    assert [r[0].successful for r in (good, bad, fixed)] == [True, False, False]
    assert node.describe_parameter("activation").additional_constraints.startswith("one of always")


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "speech"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_no_thread_is_left_of_a_node_that_did_not_come_up(
    start: Callable[..., Running], monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    """Such a thread would keep the process alive after its error, deaf and for good."""

    def fail(*_: Any) -> None:
        raise error("in the middle")

    before = _threads()
    monkeypatch.setattr("ssp_sam_ros.ros.speech_node.SpeechSession", fail)
    with pytest.raises(error, match="in the middle"):
        start("source:=none")
    assert _threads() == before


def test_a_package_of_sound_without_the_type_ends_with_one_line(repository: Path, tmp_path: Path) -> None:
    """audio_common of ros-drivers has no AudioStamped."""
    (tmp_path / "audio_common_msgs" / "msg").mkdir(parents=True)
    (tmp_path / "audio_common_msgs" / "msg" / "__init__.py").touch()
    path = os.pathsep.join([str(tmp_path), str(repository), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "ssp_sam_ros.ros.speech_node", "--ros-args", "-p", "source:=topic"],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(
        "speech_node: error: the ROS package audio_common_msgs that is sourced has no type"
    )
    assert "audio_common_msgs/msg/AudioStamped" in line


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        (("source:=none", "engine:=vosk"), "engine vosk needs a model"),
        (("source:=none", "vocabulary:=/nowhere.yaml"), "vocabulary /nowhere.yaml"),
        (("source:=ear",), "parameter 'source' must be one of"),
    ],
)
def test_what_cannot_work(start: Callable[..., Running], parameters: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        start(*parameters)
