"""faster-whisper with a model that the user names. Not tried with a real model: none could be had."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from ssp_sam_ros.speech.engine import Hypothesis, MissingEngineError
from ssp_sam_ros.speech.vocabulary import words_of


class WhisperEngine:
    """Hears English; the session keeps to the vocabulary."""

    name = "whisper"
    bounded = False

    def __init__(self, model: Path) -> None:
        """Load a model.

        Args:
            model: folder of a model converted for CTranslate2; names are not taken, as they would download.

        Raises:
            MissingEngineError: faster-whisper is not installed.
            ValueError: there is no such folder, or it holds no model.
        """
        if not model.is_dir():
            raise ValueError(f"there is no folder {model}; name the folder of a faster-whisper model")
        try:
            from faster_whisper import WhisperModel
        except ImportError as error:
            raise MissingEngineError(
                f"engine whisper needs the package ({error}); pip install faster-whisper"
            ) from error
        try:
            self._model = WhisperModel(str(model), local_files_only=True)
        except (RuntimeError, ValueError, OSError) as error:
            raise ValueError(f"{model} holds no faster-whisper model: {error}") from None
        self._chunks: list[np.ndarray] = []

    def accept(self, chunk: np.ndarray) -> None:
        """Keep the samples: Whisper hears whole utterances."""
        self._chunks.append(chunk)

    def finish(self) -> Hypothesis:
        """The text; its confidence is the tokens' mean probability times that of there being speech."""
        samples = np.concatenate([np.zeros(0, np.int16), *self._chunks]).astype(np.float32) / 32768.0
        self._chunks.clear()
        if not len(samples):
            return Hypothesis("", 0.0)
        found, _ = self._model.transcribe(samples, language="en", condition_on_previous_text=False)
        segments = list(found)
        text = " ".join(words_of(" ".join(segment.text for segment in segments)))
        if not text:
            return Hypothesis("", 0.0)
        sure = min(math.exp(part.avg_logprob) * (1.0 - part.no_speech_prob) for part in segments)
        return Hypothesis(text, float(sure))
