"""Where and in which arithmetic the network runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from ssp_sam_ros.network.trunk import TrunkEncoder

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
"""By name. float32 is the exact one, the others are autocast: products in them, layer norms in float32."""


def choose_device(device: str | torch.device) -> torch.device:
    """The device of that name; "auto" is CUDA where there is one, else the CPU.

    Raises:
        ValueError: if a named device does not exist or is not on this machine.
    """
    if str(device) == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError as error:
        raise ValueError(f"device '{device}' is unknown: use auto, cpu, cuda or cuda:N") from error
    if chosen.type not in ("cpu", "cuda"):
        raise ValueError(f"device '{device}' is not supported: use auto, cpu, cuda or cuda:N")
    if chosen.type == "cuda" and (chosen.index or 0) >= torch.cuda.device_count():
        raise ValueError(
            f"device '{device}' is not there: torch {torch.__version__} sees "
            f"{torch.cuda.device_count()} CUDA devices; use auto or cpu"
        )
    return chosen


def choose_precision(dtype: str | torch.dtype, device: torch.device) -> torch.dtype:
    """The arithmetic of that name; "auto" is bfloat16 where the device has it in hardware, else float32.

    float16 is for CUDA devices. It runs on a CPU, too, but few processors multiply in it: on others it is
    emulated and slower than float32 (docs/network.md).

    Raises:
        ValueError: if the name is none of auto, float32, bfloat16, float16.
    """
    name = str(dtype).removeprefix("torch.")
    if name == "auto":
        return torch.bfloat16 if _has_bfloat16(device) else torch.float32
    if name not in PRECISIONS:
        raise ValueError(f"dtype '{name}' is not supported: use auto, {', '.join(PRECISIONS)}")
    return PRECISIONS[name]


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    # Without these instructions bfloat16 is emulated, and slower than float32. Not public, but in every torch
    # that this package supports; torch.cpu.get_capabilities() is younger than the oldest of them.
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def prepare(network: nn.Module, precision: torch.dtype) -> None:
    """Bring a network in evaluation mode into the form that answers fastest, in place.

    A trunk's batch norms join its convolutions, and on a CPU those get their weights with channels last,
    which oneDNN takes as they are; that changes the rounding. Then as `store_products`.
    """
    for module in network.modules():
        if isinstance(module, TrunkEncoder):
            module.fold_norms()
            for parameter in module.parameters():
                if parameter.ndim == 4 and parameter.device.type == "cpu":
                    parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    store_products(network, precision)


def store_products(network: nn.Module, precision: torch.dtype) -> None:
    """Store the weights that autocast would round to `precision` on every call in that type, in place.

    Those of linear, convolution and attention layers, but not of the phrase attention, which the network
    keeps out of autocast. The results stay the same, to the bit; the rounding is done once. With float32
    there is nothing to round.
    """
    if precision == torch.float32:
        return
    for name, module in network.named_modules():
        if name.startswith(("text_proj", "phrase_attn")):
            continue
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.MultiheadAttention)):
            for parameter in module.parameters(recurse=False):
                parameter.data = parameter.data.to(precision)


@contextmanager
def arithmetic(device: torch.device, precision: torch.dtype) -> Iterator[None]:
    """Run the network in `precision`: float32 without TF32 in convolutions, all else as autocast."""
    if precision != torch.float32:
        # No weight is used twice in one stage, and a CUDA graph must not read a cast that lives elsewhere.
        with torch.autocast(device.type, precision, cache_enabled=False):
            yield
    elif device.type == "cuda":
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            yield
    else:
        yield
