"""Texts of every kind as referring expressions."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache

import numpy as np

from fuzzing.networks import WORDS, small_segmenter
from fuzzing.promises import check_result, check_showing, one_line, promise
from ssp_sam_ros.perception.frame import Frame
from ssp_sam_ros.perception.result import Outcome
from ssp_sam_ros.session.requests import RequestIntake

_ODDITIES = (
    *("<start_of_text>", "<end_of_text>", "</w>", "&lt;", "&amp;" * 40, "&#0;", "&#xd800;", "%s%n", "{0}"),
    *("\x00", "\x1b[31m", "\r\n", "\u2028", "\u200b", "\u202e", "\ufeff", "\ud800", "\udcff", "\uffff"),
    *("👩\u200d👧\u200d👦", "🇩🇪", "e\u0301", "İ", "ß", "ﬁ", "½", "２", "ï»¿", "Ã©", "mug!?.", "'s", "don't"),
    *("_", "__", "--", "left-hand", "...", "?!", "#", "\\", "$(reboot)", "../..", "null", "nan"),
)
_SCRIPTS = ((0x400, 0x4FF), (0x5D0, 0x5EA), (0x620, 0x6FF), (0x900, 0x97F), (0xE01, 0xE5B), (0x4E00, 0x9FFF))


def fuzz(rng: np.random.Generator) -> str:
    """Every text is answered or FAILED, alone and beside another one."""
    text = _text(rng)
    image, frames = _frames()
    form = str(rng.choice(list(frames)))
    segmenter = small_segmenter(form)
    segmenter.no_target_threshold, segmenter.no_target_min_pixels = 0.5, 1
    strange, plain = segmenter.refer(frames[form], [text, "the red mug"])
    promise(strange.expression == text, "the expression is not the one that was given")
    promise(plain.outcome is not Outcome.FAILED, f"a good expression FAILED beside it: {plain.reason}")
    for result in (strange, plain):
        check_result(result, image.shape[:2])
    wordless = not any(character.isalnum() for character in text)
    surrogate = any(unicodedata.category(character) == "Cs" for character in text)
    if wordless or surrogate:
        promise(strange.outcome is Outcome.FAILED, "text without words, or that is none, was answered")
    check_showing(image, [strange, plain])
    try:
        RequestIntake(4).take([], [text], 0, 1)
    except ValueError as error:
        one_line(error)
    return strange.outcome.value


@cache
def _frames() -> tuple[np.ndarray, dict[str, Frame]]:
    image = np.random.default_rng(7).integers(0, 256, (24, 33, 3), np.uint8)
    return image, {form: small_segmenter(form).encode(image) for form in ("released", "full vocabulary")}


def _text(rng: np.random.Generator) -> str:
    words: tuple[Callable[[], str], ...] = (
        lambda: str(rng.choice(WORDS)),
        lambda: str(rng.choice(WORDS)).upper(),
        lambda: str(rng.choice(np.array(_ODDITIES, object))),
        lambda: _characters(rng, int(rng.integers(1, 12)), *_SCRIPTS[int(rng.integers(0, len(_SCRIPTS)))]),
        lambda: _characters(rng, int(rng.integers(1, 8)), 0, 0x110000),
        lambda: _characters(rng, int(rng.integers(1, 8)), 0, 0x100),
        lambda: _characters(rng, int(rng.integers(0, 30)), 0x61, 0x7B),
    )
    chance = rng.random()
    if chance < 0.03:
        return str(rng.choice(np.array(_ODDITIES, object))) * int(rng.integers(0, 3000))
    if chance < 0.04:
        return _characters(rng, int(rng.integers(0, 20_000)), 0x61, 0x7B)
    if chance < 0.05:
        return " ".join(rng.choice(WORDS, 10_000))
    picked = words if rng.random() < 0.7 else words[:2]
    count = int(rng.integers(0, 12))
    between = str(rng.choice(np.array([" ", " ", " ", "", "\t", "\n", "\u3000", ", "], object)))
    return between.join(picked[int(rng.integers(0, len(picked)))]() for _ in range(count))


def _characters(rng: np.random.Generator, count: int, low: int, high: int) -> str:
    return "".join(map(chr, rng.integers(low, high, count)))
