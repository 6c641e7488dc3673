from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("pocketsphinx", reason="needs the extra speech")

from ssp_sam_ros.speech.endpointing import Endpointer, Piece


def utterances(pieces: list[Piece]) -> list[tuple[float, float, int]]:
    found, samples = [], 0
    for piece in pieces:
        samples += len(piece.samples)
        if piece.last:
            found.append((piece.start, piece.end, samples))
            samples = 0
    assert samples == 0  # every utterance has its last piece
    return found


@pytest.mark.parametrize("name", ["red_bowl", "red_bowl_noise"])
@pytest.mark.parametrize("size", [160, 777, 100_000])
def test_one_sentence_whatever_the_chunks(
    recorded: Callable[[str], np.ndarray], name: str, size: int
) -> None:
    samples = recorded(name)
    endpointer = Endpointer(0.5, 0, 12.0)
    pieces = [p for i in range(0, len(samples), size) for p in endpointer.take(samples[i : i + size])]
    ((start, end, length),) = utterances(pieces + endpointer.flush())
    assert 0.5 < start < 0.9 < end < len(samples) / 16000 - 0.5  # a pause of 0.9 s on either side
    assert length == pytest.approx((end - start + 0.2) * 16000, abs=640)


def test_two_sentences(recorded: Callable[[str], np.ndarray]) -> None:
    first, second = utterances(Endpointer(0.5, 0, 12.0).take(recorded("two")))
    assert first[1] < second[0]


def test_the_end_of_the_stream_ends_a_sentence(recorded: Callable[[str], np.ndarray]) -> None:
    endpointer = Endpointer(0.5, 0, 12.0)
    pieces = endpointer.take(recorded("red_bowl")[:24000])
    assert not any(piece.last for piece in pieces)
    assert len(utterances(pieces + endpointer.flush())) == 1
    assert endpointer.flush() == []


def test_a_sentence_without_end_is_cut(recorded: Callable[[str], np.ndarray]) -> None:
    speech = recorded("red_bowl")[14400:30000]
    endpointer = Endpointer(0.5, 0, 1.5)
    pieces = endpointer.take(np.concatenate([np.zeros(8000, np.int16), *[speech] * 5]))
    found = utterances(pieces + endpointer.flush())
    assert len(found) >= 3
    assert all(end - start < 1.7 for start, end, _ in found)


def test_silence_and_steady_noise_are_no_speech() -> None:
    noise = np.random.default_rng(0).normal(0, 500, 80_000).astype(np.int16)
    for samples in (np.zeros(80_000, np.int16), noise):
        endpointer = Endpointer(0.5, 0, 12.0)
        assert endpointer.take(samples) + endpointer.flush() == []
