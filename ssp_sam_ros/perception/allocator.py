"""Keep freed memory in the process: on a CPU, faulting it in again can cost more than the arithmetic."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_MIB = 2**20


def keep_freed_memory(largest_block: int = 32 * _MIB, spare: int = 256 * _MIB) -> bool:
    """Ask glibc, for the whole process, not to give memory back that the next picture wants again.

    By default a block of a megabyte, such as the mask logits of a 640 x 480 picture, is mapped, zeroed page
    by page at first touch, and unmapped again or trimmed off the heap, picture after picture.

    Args:
        largest_block: blocks up to so many bytes come from the heap.
        spare: so many bytes may lie free at the heap's end before it is trimmed.

    Returns:
        False where that cannot be asked: another C library, or MALLOC_MMAP_THRESHOLD_ or
        MALLOC_TRIM_THRESHOLD_ in the environment, which are the user's word.
    """
    if any(f"MALLOC_{name}_THRESHOLD_" in os.environ for name in ("MMAP", "TRIM")):
        return False
    mallopt = _of_c("mallopt")
    if mallopt is None:
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, largest_block)) and bool(mallopt(_M_TRIM_THRESHOLD, spare))


def trim() -> None:
    """Give freed memory back to the system at once, where the C library can."""
    malloc_trim = _of_c("malloc_trim")
    if malloc_trim is not None:
        malloc_trim(0)


def _of_c(name: str) -> Any:
    """A function of the C library, None where there is none of that name (musl, other systems)."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform.startswith("linux") else None
