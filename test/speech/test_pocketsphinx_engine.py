from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("pocketsphinx", reason="needs the extra speech")

from ssp_sam_ros.speech.engine import Hypothesis
from ssp_sam_ros.speech.parameters import CONFIDENCE_THRESHOLD
from ssp_sam_ros.speech.patterns import parse
from ssp_sam_ros.speech.pocketsphinx_engine import PocketSphinxEngine
from ssp_sam_ros.speech.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def engine() -> PocketSphinxEngine:
    return PocketSphinxEngine(Vocabulary.load(), "hey robot")


def hear(engine: PocketSphinxEngine, samples: np.ndarray) -> Hypothesis:
    for start in range(0, len(samples), 1600):
        engine.accept(samples[start : start + 1600])
    return engine.finish()


def test_hears_a_sentence(engine: PocketSphinxEngine, recorded: Callable[[str], np.ndarray]) -> None:
    samples = recorded("red_bowl")[11200:-11200]
    first = hear(engine, samples)
    assert first.text == "the red bowl"
    assert first.confidence >= CONFIDENCE_THRESHOLD
    assert hear(engine, samples) == first  # nothing is left of the one before


def test_noise_makes_it_unsure(engine: PocketSphinxEngine, recorded: Callable[[str], np.ndarray]) -> None:
    heard = hear(engine, recorded("red_bowl_noise")[11200:-11200])
    assert heard.text == "the red bowl"
    assert heard.confidence < CONFIDENCE_THRESHOLD


def test_is_not_sure_of_something_else(
    engine: PocketSphinxEngine, recorded: Callable[[str], np.ndarray]
) -> None:
    assert hear(engine, recorded("what_time")[11200:-11200]).confidence < CONFIDENCE_THRESHOLD


def test_wake_phrase_before_a_sentence(
    engine: PocketSphinxEngine, recorded: Callable[[str], np.ndarray]
) -> None:
    assert hear(engine, recorded("wake_one_breath")[11200:-11200]).text == "hey robot the red bowl"


@pytest.mark.parametrize("samples", [np.zeros(0, np.int16), np.zeros(100, np.int16)])
def test_nothing_to_hear(engine: PocketSphinxEngine, samples: np.ndarray) -> None:
    assert hear(engine, samples) == Hypothesis("", 0.0)


def test_words_without_a_pronunciation_are_named() -> None:
    vocabulary = dataclasses.replace(
        Vocabulary.load(), lists={}, sentences=(parse("the zorblax | a frumious mug"),)
    )
    with pytest.raises(ValueError, match=r"pronunciation of frumious, robotniks, zorblax.*'pronunciations'"):
        PocketSphinxEngine(vocabulary, "hey robotniks")
    known = {"zorblax": ("Z AO R B L AE K S",), "frumious": ("F R UW M IY AH S", "F R AH M Y AH S")}
    PocketSphinxEngine(dataclasses.replace(vocabulary, pronunciations=known))
