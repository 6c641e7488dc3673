"""The microphone against a double of sounddevice: no sound card is at hand."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("soxr", reason="needs the extra speech")

from ssp_sam_ros.speech import microphone
from ssp_sam_ros.speech.engine import MissingEngineError
from ssp_sam_ros.speech.microphone import Microphone


class PortAudioError(Exception):
    pass


class Stream:
    """As sounddevice.InputStream."""

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.running = False

    def start(self) -> None:
        self.running = True

    def close(self) -> None:
        self.running = False


@pytest.fixture
def sounddevice(monkeypatch: pytest.MonkeyPatch) -> None:
    devices = [{"name": "Headset", "max_input_channels": 1}, {"name": "Speaker", "max_input_channels": 0}]

    def query(device: Any = None, kind: str = "") -> Any:
        if not kind:
            return devices
        if device not in (None, "Headset", 0):
            raise ValueError(f"No input device matching {device!r}")
        return devices[0] | {"default_samplerate": 48000.0}

    double = SimpleNamespace(InputStream=Stream, query_devices=query, PortAudioError=PortAudioError)
    monkeypatch.setitem(sys.modules, "sounddevice", double)


@pytest.mark.parametrize("device", ["", "Headset", "0"])
def test_sound_comes_at_16_khz(sounddevice: None, device: str) -> None:
    with Microphone(device) as source:
        stream: Any = source._stream
        assert stream.running
        assert (stream.options["samplerate"], stream.options["channels"]) == (48000, 1)
        for _ in range(5):
            stream.options["callback"](np.full((4800, 1), 1000, np.int16), 4800, None, None)
        sound = np.concatenate(list(source.chunks(1.0)))
        assert len(sound) == pytest.approx(8000, abs=200)
        assert abs(int(np.median(sound)) - 1000) <= 1
        assert list(source.chunks(0.0)) == []
    assert not stream.running


def test_sound_that_nobody_takes_is_counted(sounddevice: None) -> None:
    source = Microphone()
    for _ in range(microphone._MOST_CHUNKS + 2):
        source._take(np.zeros((4800, 1), np.int16), 4800, None, None)
    assert source.lost == 2


def test_a_device_that_is_not_there(sounddevice: None) -> None:
    with pytest.raises(ValueError, match=r"no microphone 'Cam'.*there are: Headset\)"):
        Microphone("Cam")


def test_a_device_that_does_not_start(sounddevice: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(stream: Stream) -> None:
        stream.running = True
        raise PortAudioError("Device unavailable [PaErrorCode -9985]")

    monkeypatch.setattr(Stream, "start", fail)
    source = Microphone("Headset")
    with pytest.raises(
        ValueError, match=r"'Headset' does not start: Device unav.*there are: Headset\)"
    ) as caught:
        source.__enter__()
    stream: Any = source._stream
    assert not stream.running
    assert "\n" not in str(caught.value)


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingEngineError, match="libportaudio2"):
        Microphone()
