"""Inputs that go wrong on purpose, so that a test can see the fuzzer notice it."""

from __future__ import annotations

import os
import time

import numpy as np

from fuzzing.promises import promise

WAYS = ("well", "crash", "violation", "died", "hang")


def fuzz(rng: np.random.Generator) -> str:
    """One of `WAYS`, drawn as a number from 0."""
    match int(rng.integers(0, len(WAYS))):
        case 1:
            raise RuntimeError("an error that should not escape")
        case 2:
            promise(False, "something holds")
        case 3:
            os.abort()
        case 4:
            time.sleep(3600)
    return "well"
