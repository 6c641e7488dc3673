"""What a run writes down: CSV files, TensorBoard, and a line on the terminal with the time left."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

_BAR = 20


class RunLog:
    """Files of one run. Only the main process has one."""

    def __init__(self, out: Path, first_step: int) -> None:
        """`first_step`: what TensorBoard has from there on was of an interrupted run, and is hidden."""
        self.out = out
        self._board = SummaryWriter(str(out / "tensorboard"), purge_step=first_step)

    def row(self, name: str, values: Mapping[str, Any]) -> None:
        """Append to a CSV file; the first row makes its header."""
        path = self.out / name
        new = not path.is_file()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(values))
            if new:
                writer.writeheader()
            writer.writerow(values)

    def scalars(self, group: str, values: Mapping[str, float], step: int) -> None:
        """Numbers for TensorBoard; those that are not finite are left out."""
        for name, value in values.items():
            if math.isfinite(value):
                self._board.add_scalar(f"{group}/{name}", value, step)
        self._board.flush()

    def close(self) -> None:
        """Write what is left."""
        self._board.close()


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
