"""Recorded sentences, and an engine whose answers a test writes down."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ssp_sam_ros.speech.engine import Hypothesis


class ScriptedEngine:
    """Answers with the next of its hypotheses; keeps the length of what it was fed."""

    name = "scripted"
    bounded = False

    def __init__(self, *answers: tuple[str, float]) -> None:
        self.answers = list(answers)
        self.lengths: list[int] = []
        self._length = 0

    def accept(self, chunk: np.ndarray) -> None:
        self._length += len(chunk)

    def finish(self) -> Hypothesis:
        self.lengths.append(self._length)
        self._length = 0
        return Hypothesis(*self.answers.pop(0))


@pytest.fixture
def scripted() -> type[ScriptedEngine]:
    """The class of engines on a script."""
    return ScriptedEngine


@pytest.fixture
def recorded(repository: Path) -> Callable[[str], np.ndarray]:
    """The samples of a recorded clip: `recorded("red_bowl")`."""
    pytest.importorskip("soundfile", reason="needs the extra speech")

    from ssp_sam_ros.speech.audio import read

    folder = repository / "test" / "data" / "speech"
    return lambda name: np.concatenate(list(read(folder / f"{name}.flac")))
