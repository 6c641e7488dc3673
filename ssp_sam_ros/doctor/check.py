"""What a check says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum


class Level(str, Enum):
    """How bad it is; FAIL means that something asked for will not work."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Check:
    """One line of the report.

    Attributes:
        name: what was looked at, one word.
        level: see `Level`.
        text: what was found.
        advice: what to do about it, "" where there is nothing to do.
        details: the same for programs; JSON types only.
    """

    name: str
    level: Level
    text: str
    advice: str = ""
    details: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        line = f"{self.level:<4}  {self.name:<11} {self.text}"
        return " ".join(line.splitlines()) + (f"  -> {self.advice}" if self.advice else "")


def failed(checks: Iterable[Check]) -> bool:
    """Whether any of them is a failure; warnings are none."""
    return any(check.level is Level.FAIL for check in checks)
