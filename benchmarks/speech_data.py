"""Development and test sentences for benchmarks/speech.py, and their sound by espeak-ng."""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

VOICES = ("en-us", "en-us+f3", "en-gb")
RATE = 16000
SNR_DB = 10.0
WORDS_A_MINUTE = 130  # clearly, as one speaks to a machine
COUNTS = {"dev": 120, "test": 60}
"""Sentences of the language in the parts; there are half as many others."""
_SILENCE = 0.8  # seconds before and after

# None of these is in the vocabulary's language: one word of it replaced, other orders to a robot, small talk.
# The two sets share no word that is foreign to the vocabulary, but for "the", "is" and the like.
OUTSIDE = {
    "dev": (
        "the pink mug", "pick up the red spoon", "the brown bowl on the left", "give me the green apple",
        "the knife next to the plate", "find the yellow hammer", "the grey bottle", "show me the blue car",
        "the small white dog", "the lamp behind the box", "go to the kitchen", "turn around slowly",
        "open the drawer", "stop moving right now", "put it on the shelf", "follow that person",
        "charge your battery", "what time is it", "how are you today", "i will be back in ten minutes",
        "the weather is nice this morning", "please call my sister", "did you see the game last night",
        "we should order lunch soon", "my name is oliver", "thank you very much", "let us meet at noon",
        "music would be wonderful", "one two three four", "yes of course",
        "the silver mug", "pick up the red fork", "the golden plate on the right", "hand me the green pear",
        "the scissors next to the bowl", "grab the yellow wrench", "the violet box",
        "point to the blue chair",
        "the large black cat", "the candle behind the bottle", "drive to the garage", "wave your arm",
        "close the window", "start vacuuming the floor", "move forward two meters", "wait outside the office",
        "switch off the light", "where did everybody go", "who won the election",
        "she said they would come tomorrow", "rain is expected this weekend", "my brother lives in paris",
        "have you read any interesting books", "dinner will be ready at seven", "good evening ladies",
        "never mind forget about that", "that was a really long meeting", "five six eight nine",
        "no absolutely not", "coffee with milk and sugar",
    ),
    "test": (
        "the turquoise bowl", "pick up the yellow towel", "the wooden box on the left", "find the white egg",
        "the glass behind the red mug", "show me the purple hat", "the transparent bottle",
        "bring me the kettle",
        "the tiny blue train", "the lemon next to the can", "drop everything", "return at once",
        "clean up this mess", "raise the gripper a bit", "mute the radio", "take a picture of the door",
        "look at that bird", "is anybody listening", "monday is a holiday", "can you help him carry this",
        "we are running late again", "the train leaves in an hour", "i forgot my umbrella",
        "ask her about it",
        "happy birthday grandma", "what a beautiful garden", "all right see you later", "nothing to report",
        "left foot first then the other", "more tea for everyone",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Clip:
    """One utterance: what was said (in the vocabulary or not), how, and its sound.

    Attributes:
        samples: int16 (N,), mono, 16 kHz, with silence (or noise) around.
        speech_end: seconds from the start to the end of the speech.
    """

    text: str
    inside: bool
    voice: str
    noisy: bool
    samples: np.ndarray
    speech_end: float


def sentences(part: str, count: int) -> list[str]:
    """Sentences of the small model's language about random scenes; "dev" and "test" share none."""
    from ssp_sam_ros.sim.grammar import COLOURS, NOUNS, SIZES, expressions
    from ssp_sam_ros.sim.scene import SceneObject

    known = set() if part == "dev" else set(sentences("dev", COUNTS["dev"]))
    rng = np.random.default_rng({"dev": 2026, "test": 4052}[part])
    found: list[str] = []
    while len(found) < count:
        places = rng.uniform((10, 40), (310, 230), (6, 2))
        objects = [
            SceneObject(
                *(str(rng.choice(words)) for words in (NOUNS, COLOURS, SIZES)),
                position=((x - 160) / 400, (y - 120) / 250, 0.0),
                radius=0.05,
                pixels=300,
                bbox=(int(x) - 9, int(y) - 9, int(x) + 9, int(y) + 9),
                centroid=(float(x), float(y)),
                foot=(float(x), float(y) + 9.0),
            )
            for x, y in places
        ]
        for expression in expressions(objects, (320, 240), rng, 2):
            if expression.text not in found and expression.text not in known:
                found.append(expression.text)
    return found[:count]


def clips(part: str, count: int) -> Iterator[Clip]:
    """`count` sentences inside and half as many outside, the voices in turn, each clean and noisy."""
    inside = sentences(part, count)
    outside = OUTSIDE[part][: max(1, count // 2)]
    rng = np.random.default_rng({"dev": 7, "test": 8}[part])
    for known, texts in ((True, inside), (False, outside)):
        for index, text in enumerate(texts):
            voice = VOICES[index % len(VOICES)]
            speech = say(text, voice)
            quiet = np.zeros(round(_SILENCE * RATE))
            clean = np.concatenate([quiet, speech, quiet])
            end = _SILENCE + _end_of(speech)
            yield Clip(text, known, voice, False, clean.round().astype(np.int16), end)
            yield Clip(text, known, voice, True, with_noise(clean, speech, rng), end)


def clean_clip(text: str, voice: str, before: str = "") -> Clip:
    """A sentence of the language without noise, `before` said in the same breath."""
    speech = say(f"{before} {text}".strip(), voice)
    quiet = np.zeros(round(_SILENCE * RATE))
    samples = np.concatenate([quiet, speech, quiet]).round().astype(np.int16)
    return Clip(text, True, voice, False, samples, _SILENCE + _end_of(speech))


def say(text: str, voice: str) -> np.ndarray:
    """The sound of a sentence: float (N,), mono, 16 kHz, a quarter of full scale.

    Raises:
        FileNotFoundError: espeak-ng is not installed.
    """
    import soundfile
    import soxr

    if shutil.which("espeak-ng") is None:
        raise FileNotFoundError("espeak-ng makes the test speech: apt-get install espeak-ng")
    command = ["espeak-ng", "-v", voice, "-s", str(WORDS_A_MINUTE), "--stdout", text]
    wave = subprocess.run(command, check=True, capture_output=True).stdout
    samples, rate = soundfile.read(io.BytesIO(wave))
    samples = soxr.resample(samples, rate, RATE)
    return samples / np.abs(samples).max() * 8192


def with_noise(clean: np.ndarray, speech: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pink noise over the whole clip, 10 dB below the speech's mean power; int16."""
    spectrum = np.fft.rfft(rng.standard_normal(len(clean)))
    frequencies = np.fft.rfftfreq(len(clean), 1 / RATE)
    spectrum /= np.sqrt(np.maximum(frequencies, 20.0))
    noise = np.fft.irfft(spectrum, len(clean))
    active = speech[np.abs(speech) > 0.01 * np.abs(speech).max()]
    noise *= np.sqrt(np.mean(active**2) / np.mean(noise**2) / 10 ** (SNR_DB / 10))
    return np.clip(clean + noise, -32768, 32767).round().astype(np.int16)


def _end_of(speech: np.ndarray) -> float:
    loud = np.flatnonzero(np.abs(speech) > 0.01 * np.abs(speech).max())
    return float(loud[-1] / RATE)
