"""Where an utterance starts and ends in a stream of sound."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from ssp_sam_ros.speech.engine import INSTALL_HINT, RATE, MissingEngineError

_FRAME = RATE // 50  # samples; 20 ms
_SECOND = RATE // _FRAME  # frames
_START = round(0.2 * _SECOND)  # frames that decide on a start
_START_SHARE = 0.7  # of them that must be speech
_LEAD = round(0.4 * _SECOND)  # frames kept before the start was noticed
_TAIL = round(0.2 * _SECOND)  # frames of silence that still belong to an utterance
_FLOOR_MEMORY = 3 * _SECOND  # frames whose quietest stand for the noise; longer than words run together
_SMOOTHING = 0.3
_ABOVE_FLOOR = 2.0  # times the noise's power; at 10 dB speech is 11 times on the mean


@dataclass(frozen=True)
class Piece:
    """Some of an utterance's sound.

    Attributes:
        samples: int16 (N,), mono, 16 kHz.
        last: the utterance ends with it.
        start: seconds from the stream's start to that of the utterance.
        end: seconds to the end of its speech; of interest with the last piece.
    """

    samples: np.ndarray
    last: bool
    start: float
    end: float


class Endpointer:
    """Finds utterances: WebRTC's voice activity detection, and louder than the quietest of the last seconds.

    The detector alone takes a fan for speech.
    """

    def __init__(self, silence: float, strictness: int, longest: float) -> None:
        """Remember the settings.

        Args:
            silence: seconds without speech that end an utterance.
            strictness: of the detector, 0 (takes much for speech) to 3.
            longest: seconds after which an utterance is ended.

        Raises:
            MissingEngineError: pocketsphinx, which carries the detector, is not installed.
        """
        self._detector = _detector(strictness)
        self._patience = max(1, round(silence * _SECOND))
        self._longest = round(longest * _SECOND)
        self._rest = np.zeros(0, np.int16)
        self._number = 0  # of the frame at hand
        self._power = 0.0
        self._powers: deque[float] = deque(maxlen=_FLOOR_MEMORY)
        self._lead: deque[tuple[np.ndarray, bool]] = deque(maxlen=_LEAD)
        self._held: list[np.ndarray] = []  # silence that may be a pause
        self._speaking = False
        self._start = self._last_speech = 0

    def take(self, chunk: np.ndarray) -> list[Piece]:
        """What the next samples (int16 (N,)) bring of utterances."""
        samples = np.concatenate([self._rest, chunk])
        whole = len(samples) // _FRAME * _FRAME
        self._rest = samples[whole:]
        pieces = []
        for frame in samples[:whole].reshape(-1, _FRAME):
            piece = self._next(frame, self._is_speech(frame))
            self._number += 1
            if piece is not None:
                pieces.append(piece)
        return pieces

    def flush(self) -> list[Piece]:
        """The end of the stream: the last piece of an utterance where there is one."""
        pieces = [self._end(self._rest)] if self._speaking else []
        self._rest = np.zeros(0, np.int16)
        return pieces

    def _is_speech(self, frame: np.ndarray) -> bool:
        power = float(np.mean(frame.astype(np.float32) ** 2)) + 1.0
        self._power = power if not self._powers else self._power + _SMOOTHING * (power - self._power)
        self._powers.append(self._power)
        loud = self._power > _ABOVE_FLOOR * min(self._powers)
        return bool(self._detector.is_speech(frame.astype("<i2").tobytes())) and loud

    def _next(self, frame: np.ndarray, speech: bool) -> Piece | None:
        if not self._speaking:
            self._lead.append((frame, speech))
            recent = [flag for _, flag in self._lead][-_START:]
            if sum(recent) < _START_SHARE * _START:
                return None
            self._speaking = True
            self._start, self._last_speech = self._number + 1 - len(self._lead), self._number
            samples = np.concatenate([kept for kept, _ in self._lead])
            self._lead.clear()
            return self._piece(samples)
        self._held.append(frame)
        if speech:
            self._last_speech = self._number
            samples = np.concatenate(self._held)
            self._held.clear()
            long = self._number - self._start >= self._longest
            return self._end(samples) if long else self._piece(samples)
        if self._number - self._last_speech < self._patience:
            return None
        return self._end(np.concatenate(self._held[:_TAIL]))

    def _piece(self, samples: np.ndarray, last: bool = False) -> Piece:
        return Piece(samples, last, self._start / _SECOND, (self._last_speech + 1) / _SECOND)

    def _end(self, samples: np.ndarray) -> Piece:
        self._speaking = False
        self._held.clear()
        return self._piece(samples, last=True)


def _detector(strictness: int) -> Any:
    try:
        from pocketsphinx import Vad
    except ImportError as error:
        raise MissingEngineError(
            f"finding utterances needs pocketsphinx ({error}); {INSTALL_HINT}"
        ) from error
    return Vad(strictness, RATE, _FRAME / RATE)
