"""Sound of any rate, width and number of channels as engines take it: int16, mono, 16 kHz."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ssp_sam_ros.speech.engine import INSTALL_HINT, RATE, MissingEngineError

if TYPE_CHECKING:
    import soxr

CHUNK_SECONDS = 0.1
_SLOWEST, _FASTEST = 4000, 384_000  # samples a second


class Converter:
    """Converts a stream chunk by chunk; what the resampler holds back comes with the next one."""

    def __init__(self, rate: int, channels: int) -> None:
        """Remember what comes in.

        Raises:
            ValueError: a rate or a number of channels that no microphone has.
        """
        if not _SLOWEST <= rate <= _FASTEST:
            raise ValueError(f"a sampling rate is between {_SLOWEST} and {_FASTEST} Hz, not {rate}")
        if channels < 1:
            raise ValueError(f"sound has at least one channel, not {channels}")
        self.rate, self.channels = rate, channels
        self._resampler: soxr.ResampleStream | None = None
        if rate != RATE:
            self._resampler = _import("soxr").ResampleStream(rate, RATE, 1, dtype="float32")

    def convert(self, samples: np.ndarray, last: bool = False) -> np.ndarray:
        """The next samples as int16 (M,).

        Args:
            samples: (N,) interleaved or (N, channels); integers at full scale, or floats within -1 to 1.
            last: also give out what was held back.

        Raises:
            ValueError: a number of samples that the channels do not divide.
        """
        if samples.size % self.channels:
            raise ValueError(f"{samples.size} samples do not make whole frames of {self.channels} channels")
        mono = _floats(samples).reshape(-1, self.channels).mean(axis=1, dtype=np.float32)
        if self._resampler is not None:
            mono = self._resampler.resample_chunk(mono, last=last)
        return np.clip(np.rint(mono * 32768.0), -32768, 32767).astype(np.int16)


def _floats(samples: np.ndarray) -> np.ndarray:
    """float32 within -1 to 1; unsigned bytes have their zero at 128."""
    if samples.dtype.kind == "f":
        return np.nan_to_num(samples.astype(np.float32))
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - 128.0) / 128.0
    scale = float(np.iinfo(samples.dtype).max) + 1.0
    return (samples / scale).astype(np.float32)


def read(path: Path) -> Iterator[np.ndarray]:
    """The sound of a file (WAV, FLAC, OGG, ...) in chunks of int16 (N,), mono, 16 kHz.

    Raises:
        ValueError: the file is missing, or is none of a format that libsndfile knows.
    """
    soundfile = _import("soundfile")
    if not path.is_file():
        raise ValueError(f"there is no sound file {path}")
    try:
        with soundfile.SoundFile(str(path)) as sound:
            converter = Converter(sound.samplerate, sound.channels)
            size = max(1, round(CHUNK_SECONDS * sound.samplerate))
            for block in sound.blocks(size, dtype="float32"):
                yield converter.convert(block)
            yield converter.convert(np.zeros(0, np.float32), last=True)
    except soundfile.SoundFileError as error:
        raise ValueError(f"{path} is no sound file that can be read: {error}") from None


def _import(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingEngineError(f"sound needs {name} ({error}); {INSTALL_HINT}") from error
