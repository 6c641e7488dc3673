from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("soxr", reason="needs the extra speech")
pytest.importorskip("soundfile", reason="needs the extra speech")

import soundfile

from ssp_sam_ros.speech.audio import Converter, read


def tone(rate: int, seconds: float = 1.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * 440.0 * np.arange(round(rate * seconds)) / rate)


@pytest.mark.parametrize(
    ("rate", "suffix", "subtype"),
    [(16000, "wav", "PCM_16"), (48000, "flac", "PCM_24"), (44100, "wav", "FLOAT"), (8000, "wav", "PCM_16")],
)
def test_files_of_any_rate_and_width(tmp_path: Path, rate: int, suffix: str, subtype: str) -> None:
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(path, np.stack([tone(rate), tone(rate)], axis=1), rate, subtype=subtype)
    samples = np.concatenate(list(read(path)))
    assert samples.dtype == np.int16
    assert len(samples) == pytest.approx(16000, abs=2)
    inside = slice(500, 15500)
    difference = samples[inside] - 32768 * tone(16000)[inside]
    assert np.sqrt(np.mean(difference**2)) < 40


def test_channels_are_averaged() -> None:
    frames = np.array([[1000, 3000], [-1000, 1000]], np.int16)
    assert Converter(16000, 2).convert(frames).tolist() == [2000, 0]
    assert Converter(16000, 2).convert(frames.reshape(-1)).tolist() == [2000, 0]


def test_numbers_beyond_full_scale_are_clipped() -> None:
    wild = np.array([2.0, -2.0, np.nan], np.float32)
    assert Converter(16000, 1).convert(wild).tolist() == [32767, -32768, 0]


def test_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="sampling rate"):
        Converter(0, 1)
    with pytest.raises(ValueError, match="at least one channel"):
        Converter(16000, 0)
    with pytest.raises(ValueError, match="whole frames of 2"):
        Converter(16000, 2).convert(np.zeros(3, np.int16))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no sound file"):
        list(read(tmp_path / "a.wav"))
    (tmp_path / "b.wav").write_text("nothing of the kind")
    with pytest.raises(ValueError, match=r"b\.wav is no sound file"):
        list(read(tmp_path / "b.wav"))
