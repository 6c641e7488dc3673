"""PocketSphinx with the vocabulary's grammar: offline, small, US English; its model comes in the wheel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ssp_sam_ros.speech.confidence import Evidence, Segment, confidence, evidence, log_likelihood
from ssp_sam_ros.speech.engine import RATE, Hypothesis, MissingEngineError
from ssp_sam_ros.speech.vocabulary import Vocabulary, words_of

if TYPE_CHECKING:
    from pocketsphinx import Decoder

_WORDS, _PHONES = "words", "phones"
_SHORTEST = RATE // 10  # samples; less holds no word
_FRAME = RATE // 100
_DITHER = 3.0  # of 32768
_FAINT = 0.2  # of the mean power of the other words: so faint a last word is the silence after the sentence


class PocketSphinxEngine:
    """Hears the sentences of one vocabulary and nothing else."""

    name = "pocketsphinx"
    bounded = True

    def __init__(self, vocabulary: Vocabulary, wake_phrase: str = "") -> None:
        """Load the model (a second) and compile the grammar.

        Args:
            vocabulary: what may be said.
            wake_phrase: may stand before every sentence, and alone.

        Raises:
            MissingEngineError: pocketsphinx is not installed.
            ValueError: words without a pronunciation.
        """
        self._vocabulary = vocabulary
        self._decoder = _decoder()
        self._chunks: list[np.ndarray] = []
        self.evidence: Evidence | None = None
        """Of the last hypothesis, for who fits the confidence."""
        for word, phones in vocabulary.pronunciations.items():
            self._decoder.add_word(word, phones, True)
        unknown = [w for w in (*vocabulary.words, *words_of(wake_phrase)) if not self._decoder.lookup_word(w)]
        if unknown:
            raise ValueError(
                f"pocketsphinx has no pronunciation of {', '.join(sorted(set(unknown)))}: add them under "
                "'pronunciations' in the vocabulary file, in CMUdict's phones (e.g. mug: M AH G)"
            )
        self._decoder.add_jsgf_string(_WORDS, vocabulary.jsgf(wake_phrase))
        self._decoder.add_allphone_file(_PHONES, _model("en-us/en-us-phone.lm.bin"))

    def accept(self, chunk: np.ndarray) -> None:
        """Keep the samples: the means of the whole utterance are part of its features."""
        self._chunks.append(chunk)

    def finish(self) -> Hypothesis:
        """Search the grammar, then the phones that the confidence is measured against."""
        samples = _dithered(np.concatenate([np.zeros(0, np.int16), *self._chunks]))
        self._chunks.clear()
        self.evidence = None
        if len(samples) < _SHORTEST:
            return Hypothesis("", 0.0)
        words = [segment for segment in self._search(_WORDS, samples) if segment.label[0] not in "<(["]
        words = _without_faint_end(words, samples)
        if not words:
            return Hypothesis("", 0.0)
        self.evidence = evidence(words, self._search(_PHONES, samples))
        text = " ".join(
            segment.label.partition("(")[0] for segment in words
        )  # the(2) is another sound of the
        return Hypothesis(text, confidence(self.evidence))

    def _search(self, name: str, samples: np.ndarray) -> list[Segment]:
        decoder = self._decoder
        decoder.activate_search(name)
        decoder.start_stream()  # deprecated, but nothing else forgets the noise of the utterance before
        decoder.start_utt()
        decoder.process_raw(samples.astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()
        if decoder.hyp() is None:
            return []
        return [
            Segment(part.word, part.start_frame, part.end_frame, log_likelihood(part.ascore))
            for part in decoder.seg()
        ]


def _dithered(samples: np.ndarray) -> np.ndarray:
    """With a faint noise, always the same: a digital silence has no logarithm.

    The decoder's own would differ from one utterance to the next.
    """
    noise = np.random.default_rng(0).normal(0.0, _DITHER, len(samples)).round()
    return np.clip(samples + noise, -32768, 32767).astype(np.int16)


def _without_faint_end(words: list[Segment], samples: np.ndarray) -> list[Segment]:
    """Without last words that lie on silence: the search would rather go on than stay behind a sentence."""

    def power(segments: list[Segment]) -> float:
        sound = [samples[part.start * _FRAME : (part.end + 1) * _FRAME] for part in segments]
        return float(np.mean(np.concatenate(sound).astype(np.float64) ** 2))

    while len(words) > 1 and power(words[-1:]) < _FAINT * power(words[:-1]):
        words = words[:-1]
    return words


def _decoder() -> Decoder:
    pocketsphinx = _import()
    config = pocketsphinx.Config(
        hmm=_model("en-us/en-us"),
        dict=_model("en-us/cmudict-en-us.dict"),
        lm=None,
        loglevel="FATAL",
    )
    return pocketsphinx.Decoder(config)


def _model(name: str) -> str:
    return str(_import().get_model_path(name))


def _import() -> Any:
    try:
        import pocketsphinx
    except ImportError as error:
        raise MissingEngineError(
            f"speech needs pocketsphinx ({error}); pip install 'ssp_sam_ros[speech]'"
        ) from error
    return pocketsphinx
