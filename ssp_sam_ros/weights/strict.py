"""Nothing missing, nothing extra, nothing misshapen, nothing that is not a number."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ssp_sam_ros.weights.errors import WeightsError


def load_strictly(network: nn.Module, state: Mapping[str, Tensor], source: str) -> None:
    """Fill `network` with copies of `state`, floating-point values as float32.

    Raises:
        WeightsError: naming the first offending tensors and how many there are.
    """
    check_layout(network.state_dict(), state, source)
    check_finite(state, source)
    # Copies, because the values may lie in a file mapped into memory that somebody may overwrite.
    copies = {
        name: tensor.to(torch.float32 if tensor.is_floating_point() else tensor.dtype, copy=True)
        for name, tensor in state.items()
    }
    network.load_state_dict(copies, strict=True, assign=True)


def check_layout(wanted: Mapping[str, Tensor], state: Mapping[str, Tensor], source: str) -> None:
    """Hold names, shapes and kinds of `state` to those of `wanted`, whose values do not matter.

    Raises:
        WeightsError: naming the first tensors that are missing, unknown, misshapen or of another kind.
    """
    _refuse(source, "lacks", [name for name in wanted if name not in state])
    _refuse(source, "has unknown", [name for name in state if name not in wanted])
    _refuse(
        source,
        "has misshapen",
        [
            f"{name} ({_shape(state[name])} instead of {_shape(tensor)})"
            for name, tensor in wanted.items()
            if state[name].shape != tensor.shape
        ],
    )
    _refuse(
        source,
        "has mistyped",
        [
            f"{name} ({state[name].dtype})"
            for name, tensor in wanted.items()
            if state[name].is_floating_point() != tensor.is_floating_point()
        ],
    )


def check_finite(state: Mapping[str, Tensor], source: str) -> None:
    """Look at every floating-point value.

    Raises:
        WeightsError: naming the first tensors with a NaN or an infinity.
    """
    spoilt = [name for name, tensor in state.items() if tensor.is_floating_point() and not _finite(tensor)]
    _refuse(source, "has values that are not finite numbers in", spoilt)


def _finite(tensor: Tensor) -> bool:
    # The sum of a tensor is finite unless a value is not, or it overflows: then, rarely, look at each value.
    return bool(torch.isfinite(tensor.sum(dtype=torch.float64))) or bool(torch.isfinite(tensor).all())


def _shape(tensor: Tensor) -> str:
    return "x".join(str(side) for side in tensor.shape) or "scalar"


def _refuse(source: str, what: str, names: list[str]) -> None:
    if not names:
        return
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    raise WeightsError(
        f"{source} {what} tensor{'s' if len(names) > 1 else ''} {shown}: it does not belong to this variant, "
        "or it is damaged"
    )
