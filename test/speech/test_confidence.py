from __future__ import annotations

import pytest

from ssp_sam_ros.speech.confidence import Evidence, Segment, confidence, evidence, log_likelihood


def test_evidence_is_the_distance_to_the_phones_a_frame() -> None:
    words = [Segment("red", 10, 19, -50.0), Segment("mug", 20, 39, -60.0)]
    phones = [Segment("SIL", 0, 9, -1.0), Segment("R", 10, 29, -40.0), Segment("G", 30, 39, -10.0)]
    # red: 10 frames, -50 against 10 * -2; mug: 20 frames, -60 against 10 * -2 + 10 * -1
    assert evidence(words, phones) == Evidence(mean=(30 + 30) / 30, worst=3.0)
    with pytest.raises(ValueError, match="no words"):
        evidence([], phones)


def test_confidence_falls_with_the_distance() -> None:
    values = [confidence(Evidence(mean, worst)) for mean, worst in ((2.0, 3.0), (4.0, 6.0), (6.0, 9.0))]
    assert values == sorted(values, reverse=True)
    assert all(0.0 < value < 1.0 for value in values)


def test_likelihoods_that_underflow() -> None:
    assert log_likelihood(0.0) == pytest.approx(-706.9, abs=0.1)
