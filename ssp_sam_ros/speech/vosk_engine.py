"""Vosk with a model that the user names. Not tried with a real model: none could be had."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ssp_sam_ros.speech.engine import RATE, Hypothesis, MissingEngineError
from ssp_sam_ros.speech.vocabulary import Vocabulary, words_of

_UNKNOWN = "[unk]"  # what Vosk writes for a word outside its list


class VoskEngine:
    """Hears the vocabulary's words in any order, or with `vocabulary` None the model's own language."""

    name = "vosk"
    bounded = False

    def __init__(self, model: Path, vocabulary: Vocabulary | None, wake_phrase: str = "") -> None:
        """Load a model.

        Args:
            model: its unpacked folder.
            vocabulary: limits the words (small, dynamic models only).
            wake_phrase: words that are added to them.

        Raises:
            MissingEngineError: vosk is not installed.
            ValueError: there is no such folder, or it holds no model.
        """
        if not model.is_dir():
            raise ValueError(f"there is no folder {model}; unpack a Vosk model and name its folder")
        try:
            import vosk
        except ImportError as error:
            raise MissingEngineError(f"engine vosk needs the package ({error}); pip install vosk") from error
        try:
            loaded = vosk.Model(str(model))
        except Exception as error:
            if (
                type(error) is not Exception
            ):  # vosk raises this one itself, bare, for a folder without a model
                raise
            raise ValueError(f"{model} holds no Vosk model: {error}") from None
        limits = []
        if vocabulary is not None:
            words = sorted({*vocabulary.words, *words_of(wake_phrase)})
            limits = [json.dumps([" ".join(words), _UNKNOWN])]
        self._recogniser: Any = vosk.KaldiRecognizer(loaded, RATE, *limits)
        self._recogniser.SetWords(True)
        self._finished: list[dict[str, Any]] = []

    def accept(self, chunk: np.ndarray) -> None:
        """Recognise while the sound arrives."""
        if self._recogniser.AcceptWaveform(chunk.astype("<i2").tobytes()):  # Vosk sees an end of its own
            self._finished.append(json.loads(self._recogniser.Result()))

    def finish(self) -> Hypothesis:
        """The words of the utterance; the confidence is that of the least sure one."""
        finished, self._finished = self._finished, []
        parts = [*finished, json.loads(self._recogniser.FinalResult())]
        text = " ".join(part.get("text", "") for part in parts)
        sure = [word["conf"] for part in parts for word in part.get("result", ())]
        if _UNKNOWN in text or not sure:
            return Hypothesis(" ".join(words_of(text.replace(_UNKNOWN, ""))), 0.0)
        return Hypothesis(" ".join(words_of(text)), float(min(sure)))
