"""A folder of this process's own."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path


@cache
def scratch() -> Path:
    """Removed when the process ends."""
    folder = tempfile.TemporaryDirectory(prefix="ssp_sam_fuzz_")
    _kept.append(folder)
    return Path(folder.name)


_kept: list[tempfile.TemporaryDirectory[str]] = []
