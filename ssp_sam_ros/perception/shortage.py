"""What happens when memory runs out: make room, try once more, then say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch

Value = TypeVar("Value")

# Allocators and libraries that fail with a plain RuntimeError say so in these words.
_SIGNS = ("out of memory", "not enough memory", "can't allocate memory", "alloc_failed", "bad_alloc")


class OutOfMemoryError(RuntimeError):
    """Memory did not suffice, although room was made for a second attempt; the text is one line."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on the device (torch, cuBLAS, cuDNN) or on the host."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(sign in text for sign in _SIGNS)


def attempt(work: Callable[[], Value], make_room: Callable[[], None]) -> Value:
    """`work()`; where memory runs out, `make_room()` and `work()` once more.

    Raises:
        OutOfMemoryError: memory ran out both times. It is raised apart from the error that it stands for,
            whose traceback would hold on to the tensors of the attempt.
    """
    shortage = ""
    for first in (True, False):
        if not first:
            make_room()
        try:
            return work()
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            shortage = _first_line(error)
    raise OutOfMemoryError(shortage)


def _first_line(error: BaseException) -> str:
    """What the allocator says, without its advice and its stack."""
    lines = str(error).strip().splitlines()
    text = lines[0] if lines else type(error).__name__
    return text if len(text) <= 200 else text[:197] + "..."
