#!/usr/bin/env python3
"""Makes the recorded sentences of the speech tests again: `python scripts/make_speech_clips.py`.

Needs espeak-ng (Debian: apt-get install espeak-ng) and the extra `speech`. FLAC, 16 kHz, mono.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import soundfile

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

from speech_data import RATE, say, with_noise  # noqa: E402

CLIPS = {
    # file: sentences (each with a pause after it), noise at 10 dB
    "red_bowl": (["the red bowl"], False),
    "red_bowl_noise": (["the red bowl"], True),
    "what_time": (["what time is it"], False),
    "two": (["the red bowl", "pick up the green bottle"], False),
    "wake": (["hey robot", "the red bowl"], False),
    "wake_one_breath": (["hey robot the red bowl"], False),
}
PAUSE = 0.9  # seconds


def main() -> None:
    """Write the files."""
    rng = np.random.default_rng(3)
    for name, (sentences, noisy) in CLIPS.items():
        quiet = np.zeros(round(PAUSE * RATE))
        speech = [say(text, "en-us") for text in sentences]
        clean = np.concatenate([quiet, *(part for one in speech for part in (one, quiet))])
        samples = with_noise(clean, np.concatenate(speech), rng) if noisy else clean.round().astype(np.int16)
        soundfile.write(ROOT / "test" / "data" / "speech" / f"{name}.flac", samples, RATE)


if __name__ == "__main__":
    main()
