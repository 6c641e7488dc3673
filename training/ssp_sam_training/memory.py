"""Keep freed memory in the process: on a CPU, faulting it in again costs more than the arithmetic."""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LIMIT = 2**31 - 1


def keep_freed_memory() -> bool:
    """Ask glibc neither to map large blocks one by one nor to trim its heap; False where that cannot be
    asked.

    Activations of a training step are tens of megabytes each. By default every one of them is mapped, zeroed
    page by page at first touch, and unmapped again.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # musl
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, 2**30)) and bool(mallopt(_M_TRIM_THRESHOLD, _LIMIT))
