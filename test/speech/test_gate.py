from __future__ import annotations

from ssp_sam_ros.speech.gate import Gate

WAKE = ("hey", "robot")


def test_without_a_phrase_everything_passes() -> None:
    assert Gate((), 5.0).admit(("the", "mug"), 0.0, 1.0) == (("the", "mug"), "")
    assert Gate((), 5.0).admit((), 0.0, 1.0) == ((), "")


def test_in_one_breath() -> None:
    assert Gate(WAKE, 5.0).admit((*WAKE, "the", "mug"), 0.0, 1.0) == (("the", "mug"), "")


def test_one_sentence_after_the_bare_phrase() -> None:
    gate = Gate(WAKE, 5.0)
    assert gate.admit(("the", "mug"), 0.0, 1.0)[0] == ()
    words, reason = gate.admit(WAKE, 2.0, 3.0)
    assert (words, reason) == ((), "wake phrase heard, listening")
    assert gate.admit(("the", "mug"), 7.9, 9.0) == (("the", "mug"), "")
    assert "without the wake phrase" in gate.admit(("the", "mug"), 7.9, 9.0)[1]


def test_the_window_closes() -> None:
    gate = Gate(WAKE, 5.0)
    gate.admit(WAKE, 2.0, 3.0)
    assert gate.admit(("the", "mug"), 8.1, 9.0)[0] == ()
