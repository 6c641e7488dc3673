"""A microphone through PortAudio."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import numpy as np

from ssp_sam_ros.speech.audio import CHUNK_SECONDS, Converter
from ssp_sam_ros.speech.engine import INSTALL_HINT, MissingEngineError

_MOST_CHUNKS = 300  # waiting; half a minute


class Microphone:
    """Sound of a device in chunks of int16 (N,), mono, 16 kHz; use as a context manager.

    The device runs at its own rate, which every device can, and is resampled here.
    """

    def __init__(self, device: str = "") -> None:
        """Open a device.

        Args:
            device: part of its name, or its number; empty: the system's default.

        Raises:
            MissingEngineError: sounddevice or PortAudio is not installed.
            ValueError: there is no such microphone, or it cannot be opened; the text lists those there are.
        """
        sounddevice = self._sounddevice = _import()
        self.lost = 0
        """Chunks dropped because nobody took them."""
        self._chunks: queue.Queue[np.ndarray] = queue.Queue(_MOST_CHUNKS)
        chosen = int(device) if device.isdigit() else device or None
        try:
            info = sounddevice.query_devices(chosen, "input")
            rate = round(info["default_samplerate"])
            self._stream = sounddevice.InputStream(
                samplerate=rate,
                blocksize=round(CHUNK_SECONDS * rate),
                device=chosen,
                channels=1,
                dtype="int16",
                callback=self._take,
            )
        except (ValueError, sounddevice.PortAudioError) as error:
            raise ValueError(f"no microphone {device!r}: {error} ({_listing(sounddevice)})") from None
        self._converter = Converter(rate, 1)
        self.name = str(info["name"])

    def __enter__(self) -> Microphone:
        """Start listening.

        Raises:
            ValueError: the device does not start; the text lists those there are.
        """
        try:
            self._stream.start()
        except self._sounddevice.PortAudioError as error:
            self._stream.close()
            there = _listing(self._sounddevice)
            raise ValueError(f"microphone {self.name!r} does not start: {error} ({there})") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def chunks(self, wait: float) -> Iterator[np.ndarray]:
        """What has arrived; waits at most `wait` seconds for the first chunk."""
        try:
            yield self._converter.convert(self._chunks.get(timeout=wait))
            while True:
                yield self._converter.convert(self._chunks.get_nowait())
        except queue.Empty:
            return

    def _take(self, data: np.ndarray, frames: int, time: Any, status: Any) -> None:
        try:
            self._chunks.put_nowait(data.copy())
        except queue.Full:
            self.lost += 1


def _listing(sounddevice: Any) -> str:
    names = [d["name"] for d in sounddevice.query_devices() if d["max_input_channels"] > 0]
    return f"there are: {'; '.join(names)}" if names else "this machine has none"


def _import() -> Any:
    try:
        import sounddevice
    except (ImportError, OSError) as error:  # OSError: PortAudio itself is missing
        raise MissingEngineError(
            f"a microphone needs sounddevice and PortAudio ({error}); "
            f"apt-get install libportaudio2, and {INSTALL_HINT}"
        ) from error
    return sounddevice
