"""Building a network without drawing values that are overwritten at once, and filling one at random."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ssp_sam_ros.network import SSPSAM, Variant

_IN_PLACE_DRAWS = (torch.Tensor.normal_, torch.Tensor.uniform_, torch.Tensor.erfinv_)
_CONSTANT_FILLS = ("constant_", "ones_", "zeros_")
_KEPT = ("tf_scale", "tf_sigma", "encoder.logit_scale")  # scalars whose initial value means something


class SkipInitialisation(TorchFunctionMode):
    """Within this context random initialisation does nothing, so that building SAM's ViT-H takes no time.

    Everything in torch.nn.init but its constants, and in-place draws, leave the memory as it is;
    `torch.randn` gives memory without values. Whoever uses this must fill every tensor afterwards.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Intercept one torch call."""
        kwargs = kwargs or {}
        initialises = getattr(func, "__module__", None) == "torch.nn.init"
        if func in _IN_PLACE_DRAWS or (initialises and func.__name__ not in _CONSTANT_FILLS):
            return args[0] if args else kwargs["tensor"]
        if func is torch.randn:
            kwargs.pop("generator", None)
            return torch.empty(*args, **kwargs)
        return func(*args, **kwargs)


def build_unfilled(variant: Variant, with_sam_image_encoder: bool = True) -> SSPSAM:
    """The network of `variant` with memory for its parameters, but without values; fill every one of them."""
    with SkipInitialisation():
        return SSPSAM(variant, with_sam_image_encoder)


def fill_randomly(network: nn.Module, seed: int) -> None:
    """Give every tensor of an unfilled network a value: norms the identity, all else uniform random numbers.

    Matrices and convolutions keep the variance of what passes through them (1 / fan-in), biases are small.
    The values depend on seed and tensor name only. They are for trials of everything but the answers: speed,
    memory, wiring. Training starts from the modules' own initialisation instead.
    """
    norms = {
        f"{path}.{name}"
        for path, module in network.named_modules()
        if "Norm" in type(module).__name__
        for name in module.state_dict()
    }
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if name in norms or name in _KEPT:
                continue
            rng = np.random.Generator(np.random.SFC64([zlib.crc32(name.encode()), seed]))
            values = rng.random(tuple(tensor.shape), dtype=np.float32)
            spread = _standard_deviation(name, tensor) * 12**0.5
            tensor.copy_(torch.from_numpy(values)).sub_(0.5).mul_(spread)


def _standard_deviation(name: str, tensor: torch.Tensor) -> float:
    if name.endswith("gaussian_matrix"):
        return 1.0
    if tensor.ndim < 2:
        return 0.05
    return float(np.prod(tensor.shape[1:])) ** -0.5
