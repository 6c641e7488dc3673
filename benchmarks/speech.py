#!/usr/bin/env python3
"""Speech input: share heard right, share of wrong sentences sent on, latency.

    python benchmarks/speech.py                      the test set: 60 sentences, 30 others
    python benchmarks/speech.py --part dev --fit     the development set; prints the confidence's coefficients
    python benchmarks/speech.py --wake               the wake phrase: heard, and heard where it was not said

Speech is made by espeak-ng (three voices in turn), clean and with pink noise at 10 dB, and goes through the
whole session: endpointing, recognition, confidence, vocabulary. The two parts share no sentence. The
reference is the same without the confidence threshold.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, astuple, dataclass
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from report import percentiles, table, write
from speech_data import COUNTS, OUTSIDE, RATE, SNR_DB, VOICES, clean_clip, clips, sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from speech_data import Clip

    from ssp_sam_ros.speech.pocketsphinx_engine import PocketSphinxEngine
    from ssp_sam_ros.speech.vocabulary import Vocabulary

WAKE_PHRASE = "hey robot"
_CHUNK = RATE // 50


@dataclass(frozen=True)
class Heard:
    """What became of a clip: all that was made out, what was sent, and how long it took."""

    text: str
    inside: bool
    voice: str
    noisy: bool
    heard: str
    sent: str
    confidence: float
    evidence: tuple[float, ...] | None
    """What the confidence is made from: the fields of `speech.confidence.Evidence`."""
    reason: str
    in_language: bool
    latency: float
    """Seconds from the end of the speech to the text, sound arriving in real time; NaN: nothing noticed."""
    real_time_factor: float
    """Seconds of computing for a second of sound."""


def listen(
    clip: Clip, vocabulary: Vocabulary, engine: PocketSphinxEngine, activation: str = "always"
) -> Heard:
    """Play a clip to a new session."""
    from ssp_sam_ros.speech.parameters import speech_parameters
    from ssp_sam_ros.speech.session import SpeechSession

    sent: list[str] = []
    told: list[Any] = []
    parameters = speech_parameters({"activation": activation})
    session = SpeechSession(parameters, vocabulary, engine, sent.append, told.append)
    decided = float("nan")
    started = time.perf_counter()
    for start in range(0, len(clip.samples), _CHUNK):
        before, count = time.perf_counter(), len(told)
        session.sound(clip.samples[start : start + _CHUNK])
        if len(told) > count:
            decided = (start + _CHUNK) / RATE + time.perf_counter() - before
    session.end()
    seconds = time.perf_counter() - started
    heard = " ".join(part.spoken for part in told).strip()
    found = engine.evidence if len(told) == 1 else None
    return Heard(
        clip.text,
        clip.inside,
        clip.voice,
        clip.noisy,
        heard,
        " / ".join(sent),
        max((part.confidence for part in told), default=0.0),
        astuple(found) if found else None,
        "; ".join(part.reason for part in told if part.reason),
        vocabulary.accepts(heard.split()),
        decided - clip.speech_end,
        seconds / (len(clip.samples) / RATE),
    )


def wake(vocabulary: Vocabulary, count: int) -> dict[str, int]:
    """Test sentences with the wake phrase before them and, as many, without; clean."""
    from ssp_sam_ros.speech.pocketsphinx_engine import PocketSphinxEngine

    engine = PocketSphinxEngine(vocabulary, WAKE_PHRASE)
    inside, outside = sentences("test", count), OUTSIDE["test"][: count // 2]
    voices = cycle(VOICES)

    def play(texts: Sequence[str], before: str) -> list[Heard]:
        made = (clean_clip(text, next(voices), before) for text in texts)
        return [listen(clip, vocabulary, engine, "wake_phrase") for clip in made]

    called, others = play(inside, WAKE_PHRASE), play([*inside, *outside], "")
    return {
        "with_phrase": len(called),
        "phrase_heard": sum(r.heard.startswith(WAKE_PHRASE) for r in called),
        "sent_right": sum(r.sent == r.text for r in called),
        "sent_wrong": sum(bool(r.sent) and r.sent != r.text for r in called),
        "without_phrase": len(others),
        "phrase_heard_wrongly": sum(r.heard.startswith(WAKE_PHRASE) for r in others),
        "false_wakes": sum(
            r.heard.startswith(WAKE_PHRASE) and (r.reason.startswith("wake") or bool(r.sent)) for r in others
        ),
    }


def shares(records: Sequence[Heard], noisy: bool) -> dict[str, float]:
    """The figures of one condition."""
    inside = [r for r in records if r.noisy == noisy and r.inside]
    outside = [r for r in records if r.noisy == noisy and not r.inside]
    return {
        "heard_right": float(np.mean([r.heard == r.text for r in inside])),
        "sent_right": float(np.mean([r.sent == r.text for r in inside])),
        "sent_wrong": float(np.mean([bool(r.sent) and r.sent != r.text for r in inside])),
        "outside_sent": float(np.mean([bool(r.sent) for r in outside])),
        "outside_sent_without_threshold": float(np.mean([r.in_language for r in outside])),
    }


def fit(records: Sequence[Heard]) -> np.ndarray:
    """Bias and weights of the confidence: logistic regression by Newton's method."""
    rows = [record for record in records if record.evidence is not None]
    x = np.array([(1.0, *record.evidence) for record in rows if record.evidence])
    y = np.array([float(record.heard == record.text) for record in rows])
    weights = np.zeros(x.shape[1])
    ridge = 1e-2 * np.eye(len(weights))
    for _ in range(60):
        p = 1.0 / (1.0 + np.exp(-x @ weights))
        weights += np.linalg.solve(
            x.T @ (x * (p * (1.0 - p))[:, None]) + ridge, x.T @ (y - p) - ridge @ weights
        )
    return weights


def main() -> None:
    """Run a set, print the table, write the JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("out/benchmarks/speech.json"))
    parser.add_argument("--part", choices=("dev", "test"), default="test")
    parser.add_argument(
        "--count", type=int, help="sentences of the language, half as many others (default: all)"
    )
    parser.add_argument("--fit", action="store_true", help="fit the confidence (development set only)")
    parser.add_argument("--wake", action="store_true", help="the wake phrase instead, on test sentences")
    args = parser.parse_args()
    if args.fit and args.part != "dev":
        parser.error("the confidence is fitted on --part dev only")

    from ssp_sam_ros.speech.pocketsphinx_engine import PocketSphinxEngine
    from ssp_sam_ros.speech.vocabulary import Vocabulary

    vocabulary = Vocabulary.load()
    if args.wake:
        print(json.dumps(wake(vocabulary, args.count or COUNTS["test"]), indent=2))
        return
    engine = PocketSphinxEngine(vocabulary)
    records = [listen(clip, vocabulary, engine) for clip in clips(args.part, args.count or COUNTS[args.part])]
    conditions = {"clean": shares(records, False), f"{SNR_DB:g} dB": shares(records, True)}
    latency = percentiles([r.latency for r in records if not np.isnan(r.latency)])
    factor = float(np.mean([r.real_time_factor for r in records]))
    names = list(next(iter(conditions.values())))
    rows = [
        [name.replace("_", " "), *(f"{100 * c[name]:.0f} %" for c in conditions.values())] for name in names
    ]
    print(table(["", *conditions], rows))
    print(
        f"end of speech to text: p50 {latency['p50']:.2f} s, p90 {latency['p90']:.2f} s; "
        f"computing {factor:.2f} of real time"
    )
    if args.fit:
        print("BIAS, WEIGHTS =", *(f"{w:.2f}" for w in fit(records)))
    results = {
        "part": args.part,
        "voices": VOICES,
        "conditions": conditions,
        "latency_s": latency,
        "real_time_factor": factor,
        "utterances": [asdict(record) for record in records],
    }
    write(args.out, "speech", results)


if __name__ == "__main__":
    main()
