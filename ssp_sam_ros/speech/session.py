"""Speech input without its surroundings: sound and texts in, sentences to send out."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from ssp_sam_ros.interface.parameters import Parameters, Value
from ssp_sam_ros.speech.endpointing import Endpointer, Piece
from ssp_sam_ros.speech.engine import RATE, Engine, Hypothesis
from ssp_sam_ros.speech.gate import Gate
from ssp_sam_ros.speech.vocabulary import Vocabulary, words_of

log = logging.getLogger("ssp_sam")


@dataclass(frozen=True)
class Heard:
    """One utterance and what became of it.

    Attributes:
        text: what was sent, or would have been; "" where nothing was made out.
        spoken: the words as heard, with wake phrase and synonyms.
        confidence: 0 to 1; 1 for texts of other recognisers.
        sent: whether it went out.
        reason: why not.
        start, end: of the speech, seconds of sound since the start; 0 for texts.
        recognition: seconds from the last of the sound to the decision.
    """

    text: str
    spoken: str
    confidence: float
    sent: bool
    reason: str
    start: float
    end: float
    recognition: float


class SpeechSession:
    """Decides which of what is heard goes out. For one thread."""

    def __init__(
        self,
        parameters: Parameters,
        vocabulary: Vocabulary,
        engine: Engine | None,
        send: Callable[[str], None],
        tell: Callable[[Heard], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Set up.

        Args:
            parameters: of `speech.parameters`.
            vocabulary: what may be said.
            engine: None where only texts come in.
            send: takes the sentences for the perception node.
            tell: takes everything heard, sent or not.
            clock: seconds; for texts and latencies.

        Raises:
            ValueError: the parameters do not fit together.
        """
        if parameters.flag("any_sentence") and engine is not None and engine.bounded:
            raise ValueError(
                f"any_sentence: {engine.name} hears the vocabulary's sentences only; use vosk or whisper"
            )
        self._vocabulary, self._engine = vocabulary, engine
        self._send, self._tell, self._clock = send, tell, clock
        self._any_sentence = parameters.flag("any_sentence")
        self._threshold = parameters.number("confidence_threshold")
        activation = parameters.text("activation")
        phrase = words_of(parameters.text("wake_phrase")) if activation == "wake_phrase" else ()
        window = parameters.number("wake_window")
        self._audio_gate, self._text_gate = Gate(phrase, window), Gate(phrase, window)
        self._by_button = activation == "push_to_talk"
        self._pressed = False
        self._longest = parameters.number("longest_sentence")
        self._endpointer: Endpointer | None = None
        if engine is not None and not self._by_button:
            self._endpointer = Endpointer(
                parameters.number("end_silence"), parameters.count("vad_strictness"), self._longest
            )
        self._position = self._pressed_at = 0.0  # seconds of sound
        self._spoilt = False  # the engine has failed in the utterance at hand

    def set_parameter(self, name: str, value: Value) -> None:
        """Take a parameter that may change while running."""
        if name == "confidence_threshold" and isinstance(value, float):
            self._threshold = value

    def sound(self, chunk: np.ndarray) -> None:
        """Take the next of the sound: int16 (N,), mono, 16 kHz."""
        self._position += len(chunk) / RATE
        if self._endpointer is not None:
            for piece in self._endpointer.take(chunk):
                self._hear(piece)
        elif self._pressed:
            too_long = self._position - self._pressed_at > self._longest
            self._hear(Piece(chunk, too_long, self._pressed_at, self._position))
            self._pressed = not too_long

    def talk(self, pressed: bool) -> None:
        """The push-to-talk button; without activation push_to_talk nothing happens."""
        if not self._by_button or pressed == self._pressed:
            return
        self._pressed = pressed
        if pressed:
            self._pressed_at = self._position
            log.info("listening")
        else:
            self._hear(Piece(np.zeros(0, np.int16), True, self._pressed_at, self._position))

    def end(self) -> None:
        """The sound has ended: decide on what is left of it."""
        if self._endpointer is not None:
            for piece in self._endpointer.flush():
                self._hear(piece)
        self.talk(False)

    def text(self, text: str) -> None:
        """Take the text of another recogniser."""
        words, now = words_of(text), self._clock()
        self._decide(words, 1.0, self._text_gate.admit(words, now, now), (0.0, 0.0), now)

    def _hear(self, piece: Piece) -> None:
        if self._engine is None:
            return
        started = self._clock()
        hypothesis = self._recognise(self._engine, piece)
        if hypothesis is None:
            return
        words = tuple(hypothesis.text.split())
        # The gate comes last: a wake phrase that nobody is sure of opens nothing.
        sure = hypothesis.confidence >= self._threshold
        admitted = self._audio_gate.admit(words, piece.start, piece.end) if sure else (words, "")
        self._decide(words, hypothesis.confidence, admitted, (piece.start, piece.end), started)

    def _recognise(self, engine: Engine, piece: Piece) -> Hypothesis | None:
        """With an utterance's last piece what was heard; None where the engine has failed at any of it."""
        hypothesis = None
        if len(piece.samples) and not self._spoilt:
            with self._spoiling(engine, piece):
                engine.accept(piece.samples)
        if not piece.last:
            return None
        with self._spoiling(engine, piece):
            hypothesis = engine.finish()  # of what is spoilt, too, to have it forgotten
        spoilt, self._spoilt = self._spoilt, False
        return None if spoilt else hypothesis

    @contextmanager
    def _spoiling(self, engine: Engine, piece: Piece) -> Iterator[None]:
        """An engine that raises loses the utterance at hand, not those that follow."""
        try:
            yield
        except Exception:  # of whatever kind the engine's library has
            log.exception("not sent: %s failed at what is said from %.1f s on", engine.name, piece.start)
            self._spoilt = True

    def _decide(
        self,
        words: tuple[str, ...],
        confidence: float,
        admitted: tuple[tuple[str, ...], str],
        when: tuple[float, float],
        started: float,
    ) -> None:
        meant, reason = admitted
        if not words:
            reason = "nothing was made out"
        elif confidence < self._threshold:
            reason = f"confidence {confidence:.2f} is below {self._threshold:.2f}"
        elif not reason and not self._any_sentence and not self._vocabulary.accepts(meant):
            reason = "not a sentence of the vocabulary"
        text = self._vocabulary.written(meant)
        heard = Heard(text, " ".join(words), confidence, not reason, reason, *when, self._clock() - started)
        if heard.sent:
            log.info("heard %r (confidence %.2f)", heard.text, confidence)
            self._send(heard.text)
        else:
            log.info("not sent: %r: %s", heard.spoken, reason)
        if self._tell is not None:
            self._tell(heard)
