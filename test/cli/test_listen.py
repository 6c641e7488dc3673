"""`ssp-sam listen` as a process of its own, on recorded sentences and real DDS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("cyclonedds", reason="needs the extra dds")
pytest.importorskip("pocketsphinx", reason="needs the extra speech")
pytest.importorskip("soundfile", reason="needs the extra speech")

from ssp_sam_ros.dds.participant import Participant
from ssp_sam_ros.interface.names import NodeNames
from ssp_sam_ros.interface.topics import TOPICS

EXPRESSION = TOPICS["referring_expression"]


@pytest.fixture
def speech(repository: Path) -> Path:
    """The folder of recorded sentences."""
    return repository / "test" / "data" / "speech"


@pytest.fixture
def observer(domain: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Participant]:
    """A participant in this process that sees what the command sends."""
    for name, value in domain.items():
        monkeypatch.setenv(name, value)
    with Participant(NodeNames("observer")) as participant:
        yield participant


def test_dry_run_prints_what_it_would_send(ssp_sam: Callable[..., Any], speech: Path) -> None:
    code, output = ssp_sam("listen", "--dry-run", "--file", str(speech / "red_bowl.flac")).finish()
    (record,) = map(json.loads, output.splitlines())
    assert code == 0
    assert (record["text"], record["accepted"], record["reason"]) == ("the red bowl", True, "")
    assert 0.5 < record["confidence"] <= 1.0
    assert 0.5 < record["start"] < 0.9 < record["end"] < 2.5


def test_out_of_grammar_is_not_sent_and_the_log_says_why(ssp_sam: Callable[..., Any], speech: Path) -> None:
    listen = ssp_sam("listen", "--dry-run", "--file", str(speech / "what_time.flac"))
    code, output = listen.finish()
    assert code == 1
    assert [json.loads(line)["accepted"] for line in output.splitlines()] == [False]
    assert "not sent: " in listen.log


def test_wake_phrase(ssp_sam: Callable[..., Any], speech: Path) -> None:
    listen = ssp_sam(
        *("listen", "--dry-run", "--wake-phrase", "hey robot", "--confidence-threshold", "0.1"),
        *("--file", str(speech / "wake.flac")),
    )
    code, output = listen.finish()
    first, second = map(json.loads, output.splitlines())
    assert code == 0
    assert (first["spoken"], first["reason"]) == ("hey robot", "wake phrase heard, listening")
    assert (second["text"], second["accepted"]) == ("the red bowl", True)


def test_sentences_go_out_on_the_nodes_topic(
    ssp_sam: Callable[..., Any], speech: Path, observer: Participant
) -> None:
    heard: list[str] = []
    observer.subscription(
        "/robot/referring_expression", EXPRESSION.type, EXPRESSION.qos, lambda m: heard.append(m.data)
    )
    observer.announce()
    listen = ssp_sam(
        *("listen", "--file", str(speech / "two.flac"), "--confidence-threshold", "0.2"),
        *("--ros-args", "-r", "__ns:=/robot"),
    )
    while listen.process.poll() is None:
        observer.spin_once(0.05)
    code, output = listen.finish()
    assert code == 0
    assert [json.loads(line)["text"] for line in output.splitlines()] == heard
    assert heard[0] == "the red bowl"
    assert len(heard) == 2


def test_without_a_node_it_says_so(ssp_sam: Callable[..., Any], speech: Path) -> None:
    listen = ssp_sam("listen", "--file", str(speech / "red_bowl.flac"), "--timeout", "0.5")
    assert listen.finish() == (1, "")
    assert "no node listens on /referring_expression within 0.5 s" in listen.log


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--file", "nowhere.wav", "--dry-run"), "there is no sound file nowhere.wav"),
        (("--file", "a.wav", "--push-to-talk"), "--push-to-talk needs --microphone"),
        (("--file", "a.wav", "--engine", "vosk"), "engine vosk needs a model"),
        (("--file", "a.wav", "--vocabulary", "nowhere.yaml"), "vocabulary nowhere.yaml: No such file"),
    ],
)
def test_what_cannot_work(ssp_sam: Callable[..., Any], arguments: tuple[str, ...], complaint: str) -> None:
    listen = ssp_sam("listen", *arguments)
    assert listen.finish() == (1, "")
    assert f"ssp-sam listen: error: {complaint}" in listen.log


def test_a_microphone_that_does_not_start(tmp_path: Path, repository: Path) -> None:
    """With a double of sounddevice: a device that another program holds."""
    (tmp_path / "sounddevice.py").write_text(
        """
class PortAudioError(Exception):
    pass

def query_devices(device=None, kind=None):
    found = {"name": "Headset", "max_input_channels": 1, "default_samplerate": 48000.0}
    return found if kind else [found]

class InputStream:
    def __init__(self, **options):
        pass

    def start(self):
        raise PortAudioError("Device unavailable")

    def close(self):
        pass
"""
    )
    done = subprocess.run(
        [sys.executable, "-m", "ssp_sam_ros.cli.main", "listen", "--microphone", "--dry-run"],
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{repository}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "ssp-sam listen: error: microphone 'Headset' does not start: "
        "Device unavailable (there are: Headset)\n"
    )


@pytest.mark.slow
def test_spoken_sentence_becomes_a_mask(
    ssp_sam: Callable[..., Any], speech: Path, repository: Path, observer: Participant
) -> None:
    """Sound to mask, four processes: camera, node, listener, and this one."""
    pytest.importorskip("torch")
    results: list[Any] = []
    topic = TOPICS["result"]
    observer.subscription("/ssp_sam/result", topic.type, topic.qos, results.append)
    observer.announce()
    clip = repository / "ssp_sam_ros" / "assets" / "clip"
    ssp_sam("camera", "--source", str(clip), "--rate", "5")
    node = ssp_sam("node", "--device", "cpu")
    node.wait_for_log("ready: ")
    listen = ssp_sam("listen", "--file", str(speech / "red_bowl.flac"), "--timeout", "60")
    assert listen.finish()[0] == 0
    for _ in range(1200):
        observer.spin_once(0.1)
        if any(r.expression == "the red bowl" and r.outcome == r.FOUND for r in results):
            break
    found = next(r for r in results if r.outcome == r.FOUND)
    assert found.expression == "the red bowl"
    assert found.mask.data.any()
