"""Prints ReferringResult messages as a table or as JSON lines, and writes their masks and drawings."""

from __future__ import annotations

import json
import math
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ssp_sam_ros.dds.operator import Operator

_COLUMNS = "{:<40} {:<10} {:<22} {:>6} {:>9} {:>8}"
_OUTCOMES = {1: "FOUND", 2: "NO_TARGET", 3: "FAILED", 4: "STALE"}


class AnswerPrinter:
    """Prints to standard output; `any_answered` says whether anything did not FAIL or stay STALE."""

    def __init__(self, as_json: bool, folder: Path | None) -> None:
        """`folder` receives the PNG files; None: none are written."""
        self.any_answered = False
        self.silence = ""
        self._as_json = as_json
        self._folder = folder
        self._count = 0
        self._said: set[str] = set()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def answer(self, message: Any, operator: Operator) -> None:
        """Print one result."""
        record = answer_record(message)
        self.any_answered |= record["outcome"] in ("FOUND", "NO_TARGET")
        if self._folder is not None:
            record |= self._save(self._folder, message, operator)
        if self._as_json:
            print(json.dumps(record), flush=True)
        else:
            self._print_row(record)
        self._count += 1

    def finish(self) -> None:
        """Flush what was printed."""
        sys.stdout.flush()

    def _print_row(self, record: dict[str, Any]) -> None:
        from ssp_sam_ros.perception.result import ABOUT_MODEL

        if self._count == 0:
            print(_COLUMNS.format("expression", "outcome", "box x1 y1 x2 y2", "score", "no target", "ms"))
        box = " ".join(str(value) for value in record["box"]) if record["outcome"] == "FOUND" else "-"
        print(
            _COLUMNS.format(
                record["expression"][:40],
                record["outcome"],
                box,
                _number(record["score"], "{:.2f}"),
                _number(record["no_target_probability"], "{:.2f}"),
                _number(record["ms"]["total"], "{:.0f}"),
            ),
            flush=True,
        )
        for remark in [record["reason"], *record["warnings"]]:
            if remark and remark not in self._said:
                print(f"    {remark}", flush=True)
            if remark.startswith(ABOUT_MODEL):
                self._said.add(remark)

    def _save(self, folder: Path, message: Any, operator: Operator) -> dict[str, str | None]:
        """Write mask and drawing where there are any; returns their paths, OSError where it cannot."""
        from ssp_sam_ros.interface.image_codec import decode_array, decode_rgb
        from ssp_sam_ros.perception.image_file import write_image

        name = f"{self._count:03d}_{re.sub('[^a-z0-9]+', '_', message.expression.lower()).strip('_')[:60]}"
        paths: dict[str, str | None] = {"mask": None, "overlay": None}
        if message.mask.height:
            path = folder / f"{name}_mask.png"
            write_image(path, decode_array(message.mask))
            paths["mask"] = str(path)
            overlay = operator.overlay(message)
            if overlay is not None:
                path = folder / f"{name}.png"
                write_image(path, decode_rgb(overlay))
                paths["overlay"] = str(path)
        return paths


def answer_record(message: Any) -> dict[str, Any]:
    """A ReferringResult as plain data; stamps in seconds, times in milliseconds, what is undefined None."""
    import numpy as np

    stamp = message.header.stamp.sec + message.header.stamp.nanosec * 1e-9
    times = message.stage_times
    return {
        "expression": message.expression,
        "id": message.expression_id,
        "outcome": _OUTCOMES[message.outcome],
        "reason": message.reason,
        "box": [round(value) for value in _corners(message.box)],
        "network_box": [round(value, 2) for value in _corners(message.network_box)],
        "score": _defined(message.score),
        "no_target_probability": _defined(message.no_target_probability),
        "pixels": int(np.count_nonzero(message.mask.data)),
        "size": [message.mask.width, message.mask.height],
        "stamp": stamp,
        "frame_id": message.header.frame_id,
        "unknown_words": list(message.unknown_words),
        "warnings": list(message.warnings),
        "model": message.model,
        "weights_digest": message.weights_digest,
        "embedding_cached": bool(message.embedding_cached),
        "ms": {
            "queue": round(times.queue * 1e3, 3),
            "image_encoding": round(times.image_encoding * 1e3, 3),
            "prompt": round(times.prompt * 1e3, 3),
            "decode": round(times.decode * 1e3, 3),
            "total": round(times.total * 1e3, 3),
            "stamp_to_here": round((time.time() - stamp) * 1e3, 3) if stamp else None,
        },
    }


def _corners(box: Any) -> tuple[float, float, float, float]:
    x, y = box.center.position.x, box.center.position.y
    return x - box.size_x / 2, y - box.size_y / 2, x + box.size_x / 2, y + box.size_y / 2


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), 6)


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)
