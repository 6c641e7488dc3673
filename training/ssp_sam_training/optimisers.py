"""The optimiser of a configuration: AdamW, or Muon on the matrices and AdamW on all else."""

from __future__ import annotations

from typing import Any

import torch

from ssp_sam_ros.network import SSPSAM

from .config import TrainConfig
from .errors import TrainingError
from .heads import DenseHeads
from .parameters import is_matrix, parameter_groups

_MOMENTUM = 0.95  # Muon's, as published


class Optimisers:
    """Several optimisers that step as one; groups and states are those of all, in order."""

    def __init__(self, parts: list[torch.optim.Optimizer]) -> None:
        self.parts = parts

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The groups of all parts; what is changed in one of them is changed."""
        return [group for part in self.parts for group in part.param_groups]

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients."""
        for part in self.parts:
            part.zero_grad(set_to_none=set_to_none)

    def step(self) -> None:
        """Take one step with each."""
        for part in self.parts:
            part.step()

    def state_dict(self) -> dict[str, Any]:
        """The states of the parts by class name."""
        return {type(part).__name__: part.state_dict() for part in self.parts}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to `state`. Raises ValueError if it is of other optimisers."""
        names = [type(part).__name__ for part in self.parts]
        if sorted(names) != sorted(state):
            raise ValueError(f"a state of {', '.join(sorted(state))} is none of {', '.join(sorted(names))}")
        for part in self.parts:
            part.load_state_dict(state[type(part).__name__])


def make_optimiser(
    config: TrainConfig, net: SSPSAM, heads: DenseHeads | None
) -> torch.optim.AdamW | Optimisers:
    """The optimiser of everything of `net` and `heads` that learns in some stage (freeze the rest before).

    Muon (K. Jordan et al., 2024) takes the momentum of a matrix to the nearest orthogonal one; here with the
    scale of arXiv 2502.16982, so that learning rates and weight decay mean what they mean for AdamW. Tables,
    biases, norms, kernels and the dense heads stay with AdamW, as it asks.

    Raises:
        TrainingError: `muon` is wanted and this PyTorch has none.
    """
    o = config.optimiser
    apart = any(stage.mask_decoder_lr != 1.0 for stage in config.stages)
    groups = parameter_groups(net, heads, o.weight_decay, o.decay_all, apart)
    if not o.muon:
        return _adamw(groups, config)
    if not hasattr(torch.optim, "Muon"):
        raise TrainingError(
            f"optimiser.muon wants PyTorch 2.9 or later, this is {torch.__version__}: "
            "install a later one or set optimiser.muon=false"
        )
    matrices = {id(p) for name, p in net.named_parameters() if is_matrix(name, p)}
    by_muon, by_adamw = _split(groups, matrices)
    muon = torch.optim.Muon(
        by_muon, lr=0.0, weight_decay=o.weight_decay, momentum=_MOMENTUM, adjust_lr_fn="match_rms_adamw"
    )
    return Optimisers([muon, _adamw(by_adamw, config)])


def _adamw(groups: list[dict[str, Any]], config: TrainConfig) -> torch.optim.AdamW:
    o = config.optimiser
    return torch.optim.AdamW(groups, lr=0.0, betas=(o.beta1, o.beta2), fused=True)


def _split(
    groups: list[dict[str, Any]], chosen: set[int]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The groups with the chosen parameters alone, and with the others; without empty ones."""
    parts: tuple[list[dict[str, Any]], list[dict[str, Any]]] = ([], [])
    for group in groups:
        for part, wanted in zip(parts, (True, False), strict=True):
            parameters = [p for p in group["params"] if (id(p) in chosen) == wanted]
            if parameters:
                part.append({**group, "params": parameters})
    return parts
