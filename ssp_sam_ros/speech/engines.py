"""The engine that the parameters name."""

from __future__ import annotations

from pathlib import Path

from ssp_sam_ros.interface.parameters import Parameters
from ssp_sam_ros.speech.engine import Engine
from ssp_sam_ros.speech.pocketsphinx_engine import PocketSphinxEngine
from ssp_sam_ros.speech.vocabulary import Vocabulary
from ssp_sam_ros.speech.vosk_engine import VoskEngine
from ssp_sam_ros.speech.whisper_engine import WhisperEngine


def open_engine(parameters: Parameters, vocabulary: Vocabulary) -> Engine:
    """Load the engine; takes a second or more.

    Raises:
        MissingEngineError: its library is not installed.
        ValueError: its model is missing or wrong, or the vocabulary has words that it cannot pronounce.
    """
    wake = parameters.text("wake_phrase") if parameters.text("activation") == "wake_phrase" else ""
    model = Path(parameters.text("model"))
    match parameters.text("engine"):
        case "vosk":
            free = parameters.flag("any_sentence")
            return VoskEngine(model, None if free else vocabulary, wake)
        case "whisper":
            return WhisperEngine(model)
        case _:
            return PocketSphinxEngine(vocabulary, wake)
