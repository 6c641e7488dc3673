"""PocketSphinx with the vocabulary's grammar: offline, small, US English; its model comes in the wheel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ssp_sam_ros.speech.confidence import Evidence, Segment, clearness, confidence, evidence, log_likelihood
from ssp_sam_ros.speech.engine import INSTALL_HINT, RATE, Hypothesis, MissingEngineError
from ssp_sam_ros.speech.vocabulary import Vocabulary, words_of

if TYPE_CHECKING:
    from pocketsphinx import Decoder

_WORDS, _PHONES = "words", "phones"
_SHORTEST = RATE // 10  # samples; less holds no word
_DITHER = 3.0  # of 32768
# Each ear takes the speaker's vocal tract for another length (warped frequencies, Lee and Rose 1996): what
# several of them hear was said. The first one's words count.
_EARS = (1.1, 1.2, 1.0)
# Wider beams than the default: a grammar's search that has lost the sentence cannot find it again. And no
# second pass over the word lattice: its paths may end where no sentence does.
_SEARCH = {"beam": 1e-60, "wbeam": 1e-40, "pbeam": 1e-60, "bestpath": False}


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
        self._decoders = [_decoder(warp) for warp in _EARS]
        self._chunks: list[np.ndarray] = []
        self.evidence: Evidence | None = None
        """Of the last hypothesis, for who fits the confidence."""
        words = {*vocabulary.words, *words_of(wake_phrase)}
        for decoder in self._decoders:
            for word, ways in vocabulary.pronunciations.items():
                _add_word(decoder, word, ways)
        unknown = sorted(word for word in words if not self._decoders[0].lookup_word(word))
        if unknown:
            raise ValueError(
                f"pocketsphinx has no pronunciation of {', '.join(unknown)}: add them under 'pronunciations' "
                "in the vocabulary file, in CMUdict's phones (e.g. mug: M AH G)"
            )
        grammar = vocabulary.jsgf(wake_phrase)
        for decoder in self._decoders:
            decoder.add_jsgf_string(_WORDS, grammar)
        self._decoders[0].add_allphone_file(_PHONES, _model("en-us/en-us-phone.lm.bin"))

    def accept(self, chunk: np.ndarray) -> None:
        """Keep the samples: the means of the whole utterance are part of its features."""
        self._chunks.append(chunk)

    def finish(self) -> Hypothesis:
        """Search the grammar with every ear, then the phones that the confidence is measured against."""
        samples = _dithered(np.concatenate([np.zeros(0, np.int16), *self._chunks]))
        self._chunks.clear()
        self.evidence = None
        if len(samples) < _SHORTEST:
            return Hypothesis("", 0.0)
        first, *others = (_search(decoder, _WORDS, samples) for decoder in self._decoders)
        if not first:
            return Hypothesis("", 0.0)
        text = _text(first)
        agreement = sum(_text(words) == text for words in others) / len(others)
        phones = _search(self._decoders[0], _PHONES, samples)
        self.evidence = evidence(first, phones, agreement, clearness(samples))
        return Hypothesis(text, confidence(self.evidence))


def _search(decoder: Decoder, name: str, samples: np.ndarray) -> list[Segment]:
    """The words or phones heard, without silence; none where no sentence fits."""
    decoder.activate_search(name)
    decoder.start_stream()  # deprecated, but nothing else forgets the noise of the utterance before
    decoder.start_utt()
    try:
        decoder.process_raw(samples.astype("<i2").tobytes(), full_utt=True)
    finally:
        decoder.end_utt()  # else no other utterance could be started
    if decoder.hyp() is None:
        return []
    found = [
        Segment(part.word, part.start_frame, part.end_frame, log_likelihood(part.ascore))
        for part in decoder.seg()
    ]
    return found if name == _PHONES else [segment for segment in found if segment.label[0] not in "<(["]


def _text(words: list[Segment]) -> str:
    return " ".join(segment.label.partition("(")[0] for segment in words)  # the(2) is another sound of the


def _dithered(samples: np.ndarray) -> np.ndarray:
    """With a faint noise, always the same: a digital silence has no logarithm.

    The decoder's own would differ from one utterance to the next.
    """
    noise = np.random.default_rng(0).normal(0.0, _DITHER, len(samples)).round()
    return np.clip(samples + noise, -32768, 32767).astype(np.int16)


def _decoder(warp: float) -> Decoder:
    pocketsphinx = _import()
    config = pocketsphinx.Config(
        hmm=_model("en-us/en-us"),
        dict=_model("en-us/cmudict-en-us.dict"),
        lm=None,
        loglevel="FATAL",
        warp_type="inverse_linear",
        warp_params=str(warp),
        **_SEARCH,
    )
    return pocketsphinx.Decoder(config)


def _add_word(decoder: Decoder, word: str, ways: Iterable[str]) -> None:
    """Add pronunciations to those that the dictionary has: word, word(2), word(3), ..."""
    number = 1
    for phones in ways:
        while decoder.lookup_word(name := word if number == 1 else f"{word}({number})"):
            number += 1
        decoder.add_word(name, phones, True)


def _model(name: str) -> str:
    return str(_import().get_model_path(name))


def _import() -> Any:
    try:
        import pocketsphinx
    except ImportError as error:
        raise MissingEngineError(f"speech needs pocketsphinx ({error}); {INSTALL_HINT}") from error
    return pocketsphinx
