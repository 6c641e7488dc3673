"""Vosk's and Whisper's adapters against doubles of their libraries: no model of theirs is at hand."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ssp_sam_ros.speech.engine import RATE, Hypothesis, MissingEngineError
from ssp_sam_ros.speech.engines import open_engine
from ssp_sam_ros.speech.parameters import speech_parameters
from ssp_sam_ros.speech.vocabulary import Vocabulary
from ssp_sam_ros.speech.vosk_engine import VoskEngine

SOUND = np.arange(4, dtype=np.int16)


class Recogniser:
    """As vosk.KaldiRecognizer: says in between that a sentence has ended, where it has results for that."""

    def __init__(self, model: object, rate: int, *limits: str) -> None:
        self.rate, self.limits = rate, limits
        self.between: list[dict[str, Any]] = []
        self.final: dict[str, Any] = {"text": ""}
        self.sound = b""

    def SetWords(self, on: bool) -> None:  # noqa: N802
        assert on

    def AcceptWaveform(self, data: bytes) -> bool:  # noqa: N802
        self.sound += data
        return bool(self.between)

    def Result(self) -> str:  # noqa: N802
        return json.dumps(self.between.pop(0))

    def FinalResult(self) -> str:  # noqa: N802
        return json.dumps(self.final)


@pytest.fixture
def vosk(monkeypatch: pytest.MonkeyPatch) -> None:
    def model(path: str) -> str:
        if path.endswith("empty"):
            raise Exception("Failed to create a model")
        return path

    monkeypatch.setitem(sys.modules, "vosk", SimpleNamespace(Model=model, KaldiRecognizer=Recogniser))


def words(*pairs: tuple[str, float]) -> dict[str, Any]:
    return {"text": " ".join(w for w, _ in pairs), "result": [{"word": w, "conf": c} for w, c in pairs]}


def test_vosk_is_as_sure_as_of_its_worst_word(vosk: None, tmp_path: Path) -> None:
    engine = VoskEngine(tmp_path, Vocabulary.load(), "hey robot")
    recogniser = engine._recogniser
    assert recogniser.rate == RATE
    (limits,) = (json.loads(text) for text in recogniser.limits)
    assert {"mug", "leftmost", "hey", "robot"} <= set(limits[0].split())
    assert limits[1] == "[unk]"
    recogniser.between = [words(("the", 1.0), ("red", 0.7))]
    recogniser.final = words(("mug", 0.9))
    engine.accept(SOUND)
    assert recogniser.sound == SOUND.tobytes()
    assert engine.finish() == Hypothesis("the red mug", 0.7)
    recogniser.final = words(("the", 1.0), ("[unk]", 1.0))
    assert engine.finish() == Hypothesis("the", 0.0)
    recogniser.final = {"text": ""}
    assert engine.finish() == Hypothesis("", 0.0)


def test_vosk_without_limits(vosk: None, tmp_path: Path) -> None:
    parameters = speech_parameters({"engine": "vosk", "model": str(tmp_path), "any_sentence": True})
    engine = open_engine(parameters, Vocabulary.load())
    assert isinstance(engine, VoskEngine)
    assert engine._recogniser.limits == ()


def test_whisper(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    heard = [
        SimpleNamespace(text=" The red mug,", avg_logprob=math.log(0.8), no_speech_prob=0.0),
        SimpleNamespace(text=" please.", avg_logprob=math.log(0.9), no_speech_prob=0.5),
    ]

    class Model:
        def __init__(self, path: str, local_files_only: bool) -> None:
            assert local_files_only

        def transcribe(self, samples: np.ndarray, **options: object) -> tuple[Any, None]:
            assert samples.dtype == np.float32
            assert options["language"] == "en"
            return iter(heard), None

    monkeypatch.setitem(sys.modules, "faster_whisper", SimpleNamespace(WhisperModel=Model))
    engine = open_engine(speech_parameters({"engine": "whisper", "model": str(tmp_path)}), Vocabulary.load())
    engine.accept(SOUND)
    found = engine.finish()
    assert found.text == "the red mug please"
    assert found.confidence == pytest.approx(0.45)
    assert engine.finish() == Hypothesis("", 0.0)
    heard.clear()
    engine.accept(SOUND)
    assert engine.finish() == Hypothesis("", 0.0)


@pytest.mark.parametrize(("engine", "package"), [("vosk", "vosk"), ("whisper", "faster_whisper")])
def test_what_is_missing_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, engine: str, package: str
) -> None:
    with pytest.raises(ValueError, match=f"engine {engine} needs a model"):
        speech_parameters({"engine": engine})
    absent = speech_parameters({"engine": engine, "model": str(tmp_path / "absent")})
    with pytest.raises(ValueError, match="there is no folder"):
        open_engine(absent, Vocabulary.load())
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingEngineError, match="pip install"):
        open_engine(speech_parameters({"engine": engine, "model": str(tmp_path)}), Vocabulary.load())


def test_a_folder_without_a_model(vosk: None, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no Vosk model"):
        VoskEngine(tmp_path / "empty", None)
