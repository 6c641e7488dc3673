from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ssp_sam_ros.speech.confidence import (
    Evidence,
    Segment,
    clearness,
    confidence,
    evidence,
    log_likelihood,
)


def test_evidence_of_words_and_phones() -> None:
    words = [Segment("red", 10, 19, -50.0), Segment("mug(2)", 20, 39, -60.0)]
    phones = [Segment("SIL", 0, 9, -1.0), Segment("R", 10, 29, -40.0), Segment("G", 30, 39, -10.0)]
    # free phones: 20 frames at -2, then 10 at -1
    assert evidence(words, phones, 0.5, 3.0) == Evidence(
        gap=(110 - 50) / 30,
        agreement=0.5,
        clearness=3.0,
        distance=110 / 30,
        worst=5.0,
        shortest=10 / 3,
    )
    with pytest.raises(ValueError, match="no words"):
        evidence([], phones, 1.0, 3.0)


SURE = Evidence(gap=3.0, agreement=1.0, clearness=3.0, distance=3.0, worst=4.0, shortest=3.0)


@pytest.mark.parametrize(
    "doubt", [{"gap": 6.0}, {"agreement": 0.0}, {"clearness": 1.0}, {"shortest": 1.0}], ids=str
)
def test_doubts_lower_the_confidence(doubt: dict[str, float]) -> None:
    assert 0.0 < confidence(replace(SURE, **doubt)) < confidence(SURE) < 1.0


def test_clearness_is_in_tens_of_decibels() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0.0, 100.0, 16000)
    speech = np.where(np.arange(16000) < 8000, rng.normal(0.0, 1000.0, 16000), 0.0)
    assert clearness((noise + speech).astype(np.int16)) == pytest.approx(2.0, abs=0.2)
    assert clearness(noise.astype(np.int16)) < 0.3
    assert clearness(speech.astype(np.int16)) == 3.0  # nothing that matters


def test_likelihoods_come_without_ten_bits_and_may_underflow() -> None:
    assert log_likelihood(0.5) == pytest.approx(1024 * np.log(0.5))
    assert log_likelihood(0.0) == pytest.approx(-1024 * 706.9, rel=1e-3)
