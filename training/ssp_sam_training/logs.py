"""What a run writes down: CSV files, TensorBoard, and a line on the terminal with the time left."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

_BAR = 20


class RunLog:
    """Files of one run. Only the main process has one."""

    def __init__(self, out: Path, first_step: int, stage: str = "", done: int = 0) -> None:
        """Go on where the checkpoint is; what an interrupted run noted from there on is dropped.

        first_step: TensorBoard's, over all stages. done: steps done of this stage, for the CSV files' rows;
        those of other stages stay.
        """
        self.out = out
        self._board = SummaryWriter(str(out / "tensorboard"), purge_step=first_step)
        for path in sorted(out.glob("*.csv")):
            rows = _rows(path)
            kept = [row for row in rows if row["stage"] != stage or int(row["step"]) <= done]
            if len(kept) < len(rows):
                _write(path, list(rows[0]), kept)

    def row(self, name: str, values: Mapping[str, Any]) -> None:
        """Append to a CSV file; columns that are new are added, and empty in the rows before."""
        path = self.out / name
        if not path.is_file():
            _write(path, list(values), [])
        columns = next(csv.reader(path.read_text(encoding="utf-8").splitlines()))
        if more := [column for column in values if column not in columns]:
            columns += more
            _write(path, columns, _rows(path))
        with path.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, columns, restval="").writerow(values)

    def scalars(self, group: str, values: Mapping[str, float], step: int) -> None:
        """Numbers for TensorBoard; those that are not finite are left out."""
        for name, value in values.items():
            if math.isfinite(value):
                self._board.add_scalar(f"{group}/{name}", value, step)
        self._board.flush()

    def close(self) -> None:
        """Write what is left."""
        self._board.close()


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _write(path: Path, columns: list[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """A whole file; a process that ends meanwhile leaves the old one."""
    partial = path.with_suffix(".part")
    with partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    os.replace(partial, path)


def progress(done: int, total: int) -> str:
    """A bar, such as [####------] for two fifths."""
    filled = _BAR * done // max(1, total)
    return f"[{'#' * filled}{'-' * (_BAR - filled)}]"


def duration(seconds: float) -> str:
    """Time for people: 45 s, 12 min, 3 h 05 min."""
    if not math.isfinite(seconds):
        return "unknown"
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"
