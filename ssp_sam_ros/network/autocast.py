"""Automatic mixed precision, asked about and switched off on any device, those without it included."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor


def without_autocast(x: Tensor) -> AbstractContextManager[object]:
    """A context in which operations on the device of `x` keep the types they are given."""
    device = x.device.type
    if not torch.amp.is_autocast_available(device):
        return nullcontext()
    return torch.autocast(device, enabled=False)


def in_autocast_type(x: Tensor) -> Tensor:
    """`x` in the type of products under autocast, if that is on.

    What is looked up in a float32 table would otherwise keep the whole stream in float32.
    """
    device = x.device.type
    if torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
        return x.to(torch.get_autocast_dtype(device))
    return x
