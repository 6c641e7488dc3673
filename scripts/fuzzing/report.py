"""What the fuzzer found, as a table, a log and JSON."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import asdict
from pathlib import Path

from fuzzing.kinds import KINDS
from fuzzing.pool import FAILURES, Done


class Report:
    """Counts, and the log of what failed."""

    def __init__(self, log: Path, seed: int) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.failures: list[Done] = []
        self.log = log
        self._seed = seed
        self._file = log.open("w", encoding="utf-8", errors="backslashreplace")
        self._outcomes: dict[str, Counter[str]] = defaultdict(Counter)
        self._seconds: Counter[str] = Counter()
        self._slowest: dict[str, Done] = {}

    @property
    def count(self) -> int:
        """Inputs so far."""
        return sum(counter.total() for counter in self._outcomes.values())

    def add(self, done: Done) -> None:
        """Count one input; log it if it failed."""
        name = done.case[0]
        self._outcomes[name][done.outcome] += 1
        self._seconds[name] += done.seconds  # type: ignore[assignment]  # a Counter of floats
        if name not in self._slowest or done.seconds > self._slowest[name].seconds:
            self._slowest[name] = done
        if done.outcome in FAILURES:
            self.failures.append(done)
            self.say(f"{done.outcome}: {self.command(done)}\n{done.text}")

    def command(self, done: Done) -> str:
        """How to try one input again."""
        name, index = done.case
        return f"python scripts/fuzz.py --seed {self._seed} --only {name}:{index}"

    def say(self, text: str) -> None:
        """A line to the log and to standard output."""
        print(text.encode("utf-8", "backslashreplace").decode(), flush=True)
        self._file.write(text + "\n")
        self._file.flush()

    def table(self) -> str:
        """Kind, count, outcomes, mean and longest time."""
        rows = [("kind", "count", "ms each", "longest ms", "outcomes")]
        for name in KINDS:
            outcomes = self._outcomes[name]
            if not (count := outcomes.total()):
                continue
            spread = ", ".join(f"{word} {number:,}" for word, number in sorted(outcomes.items()))
            mean, longest = 1e3 * self._seconds[name] / count, 1e3 * self._slowest[name].seconds
            rows.append((name, f"{count:,}", f"{mean:.1f}", f"{longest:.0f}", spread))
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        cells = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
        cells.insert(1, ["-" * width for width in widths])
        return "\n".join(f"| {' | '.join(row)} |" for row in cells)

    def write_json(self, path: Path, seconds: float) -> None:
        """Everything for programs."""
        path.write_text(
            json.dumps(
                {
                    "seed": self._seed,
                    "count": self.count,
                    "seconds": round(seconds, 1),
                    "outcomes": {name: dict(counter) for name, counter in self._outcomes.items()},
                    "slowest": {name: asdict(done) for name, done in self._slowest.items()},
                    "failures": [{**asdict(done), "command": self.command(done)} for done in self.failures],
                },
                indent=1,
            )
            + "\n",
            encoding="utf-8",
        )
