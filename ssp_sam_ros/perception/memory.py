"""What the network's device has allocated, and giving it back."""

from __future__ import annotations

import gc

import torch

from ssp_sam_ros.perception import allocator

_MIB = 2**20


def memory_in_use(device: torch.device) -> str:
    """Memory that tensors on a device take up, e.g. "412 MiB of 81920 MiB"; on a CPU it is not counted."""
    if device.type != "cuda":
        return "not counted on a CPU"
    total = torch.cuda.get_device_properties(device).total_memory
    return f"{torch.cuda.memory_allocated(device) // _MIB} MiB of {total // _MIB} MiB"


def release_memory() -> None:
    """Free what nobody refers to any more, and return the allocators' spare blocks to device and system."""
    gc.collect()
    allocator.trim()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
