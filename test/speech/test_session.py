from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pocketsphinx", reason="needs the extra speech")

from ssp_sam_ros.speech.parameters import speech_parameters
from ssp_sam_ros.speech.pocketsphinx_engine import PocketSphinxEngine
from ssp_sam_ros.speech.session import Heard, SpeechSession
from ssp_sam_ros.speech.vocabulary import Vocabulary

SECOND = np.zeros(16000, np.int16)


class Bench:
    """A session with what it sends and tells."""

    def __init__(self, engine: Any, **overrides: object) -> None:
        self.sent: list[str] = []
        self.told: list[Heard] = []
        self.now = 100.0
        self.session = SpeechSession(
            speech_parameters(overrides),
            Vocabulary.load(),
            engine,
            self.sent.append,
            self.told.append,
            lambda: self.now,
        )

    @property
    def reason(self) -> str:
        return self.told[-1].reason


@pytest.mark.parametrize(
    ("answer", "sent", "reason"),
    [
        (("the red bowl", 0.9), ["the red bowl"], ""),
        (("the red bowl", 0.2), [], "confidence 0.20 is below 0.60"),
        (("the red zebra", 0.9), [], "not a sentence of the vocabulary"),
        (("", 0.0), [], "nothing was made out"),
    ],
)
def test_what_goes_out(
    recorded: Callable[[str], np.ndarray],
    scripted: Any,
    answer: tuple[str, float],
    sent: list[str],
    reason: str,
) -> None:
    bench = Bench(scripted(answer), confidence_threshold=0.6)
    bench.session.sound(recorded("red_bowl"))
    assert bench.sent == sent
    (heard,) = bench.told
    assert (heard.spoken, heard.confidence, heard.reason, heard.sent) == (*answer, reason, bool(sent))
    assert 0.5 < heard.start < heard.end < 3.0


def test_any_sentence(recorded: Callable[[str], np.ndarray], scripted: Any) -> None:
    bench = Bench(scripted(("the red zebra", 0.9)), any_sentence=True)
    bench.session.sound(recorded("red_bowl"))
    assert bench.sent == ["the red zebra"]


def test_a_bounded_engine_cannot_hear_any_sentence() -> None:
    with pytest.raises(ValueError, match="any_sentence: pocketsphinx"):
        Bench(PocketSphinxEngine(Vocabulary.load()), any_sentence=True)


def test_threshold_changes_while_running(recorded: Callable[[str], np.ndarray], scripted: Any) -> None:
    bench = Bench(scripted(("the mug", 0.5), ("the mug", 0.5)), confidence_threshold=0.6)
    bench.session.sound(recorded("red_bowl"))
    bench.session.set_parameter("confidence_threshold", 0.4)
    bench.session.sound(recorded("red_bowl"))
    assert bench.sent == ["the mug"]


def test_wake_phrase_then_sentence(recorded: Callable[[str], np.ndarray], scripted: Any) -> None:
    answers = [
        ("the mug", 0.9),
        ("hey robot", 0.9),
        ("the bowl", 0.9),
        ("the can", 0.9),
        ("hey robot the box", 0.9),
    ]
    bench = Bench(scripted(*answers), activation="wake_phrase")
    for _ in answers:
        bench.session.sound(recorded("red_bowl"))
    assert bench.sent == ["the bowl", "the box"]
    assert [heard.reason for heard in bench.told] == [
        "without the wake phrase 'hey robot'",
        "wake phrase heard, listening",
        "",
        "without the wake phrase 'hey robot'",
        "",
    ]


def test_an_unsure_wake_phrase_opens_nothing(recorded: Callable[[str], np.ndarray], scripted: Any) -> None:
    bench = Bench(scripted(("hey robot", 0.1), ("the bowl", 0.9)), activation="wake_phrase")
    for _ in range(2):
        bench.session.sound(recorded("red_bowl"))
    assert bench.sent == []


def test_push_to_talk(scripted: Any) -> None:
    engine = scripted(("the mug", 0.9), ("the bowl", 0.9))
    bench = Bench(engine, activation="push_to_talk", longest_sentence=3.0)
    bench.session.sound(SECOND)
    bench.session.talk(False)
    assert bench.told == []
    bench.session.talk(True)
    bench.session.talk(True)
    bench.session.sound(SECOND)
    bench.session.sound(SECOND)
    bench.session.talk(False)
    bench.session.sound(SECOND)
    assert engine.lengths == [32000]
    assert (bench.told[0].start, bench.told[0].end) == (1.0, 3.0)
    bench.session.talk(True)
    for _ in range(6):  # held too long
        bench.session.sound(SECOND)
    bench.session.talk(False)
    assert engine.lengths == [32000, 64000]
    assert bench.sent == ["the mug", "the bowl"]


def test_button_without_its_activation_does_nothing(scripted: Any) -> None:
    bench = Bench(scripted())
    bench.session.talk(True)
    bench.session.talk(False)
    assert bench.told == []


def test_texts_of_other_recognisers() -> None:
    bench = Bench(None)
    for text in (" Pick up the RED mug!", "the red zebra", "", "..."):
        bench.session.text(text)
    assert bench.sent == ["pick up the red mug"]
    assert [heard.reason for heard in bench.told] == [
        "", "not a sentence of the vocabulary", "nothing was made out", "nothing was made out"
    ]  # fmt: skip


def test_wake_window_of_texts_runs_on_the_clock() -> None:
    bench = Bench(None, activation="wake_phrase", wake_window=5.0)
    bench.session.text("Hey robot.")
    bench.now += 4.0
    bench.session.text("the mug")
    bench.session.text("Hey robot.")
    bench.now += 6.0
    bench.session.text("the bowl")
    assert bench.sent == ["the mug"]


@pytest.mark.parametrize("stage", ["accept", "finish"])
def test_an_engine_that_fails_loses_one_utterance(
    recorded: Callable[[str], np.ndarray],
    scripted: Any,
    caplog: pytest.LogCaptureFixture,
    stage: str,
) -> None:
    engine = scripted(("the mug", 0.9), ("the bowl", 0.9))
    works = getattr(engine, stage)

    def fail(*arguments: Any) -> None:
        works(*arguments)  # as far as it came
        setattr(engine, stage, works)
        raise LookupError("no such lattice")

    setattr(engine, stage, fail)
    bench = Bench(engine)
    for _ in range(2):
        bench.session.sound(recorded("red_bowl"))
    assert bench.sent == ["the bowl"]
    assert len(engine.lengths) == 2 and engine.lengths[1] > 16000
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert "scripted failed at what is said from 0." in record.getMessage()
    assert "LookupError: no such lattice" in caplog.text


def test_the_end_of_the_sound_ends_a_sentence(recorded: Callable[[str], np.ndarray], scripted: Any) -> None:
    bench = Bench(scripted(("the mug", 0.9)))
    bench.session.sound(recorded("red_bowl")[:24000])
    assert bench.told == []
    bench.session.end()
    assert bench.sent == ["the mug"]
