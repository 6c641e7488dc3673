"""Two sets of the same tensors, compared: the CLIP inside a checkpoint against OpenAI's own file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Comparison:
    """How two sets of tensors differ.

    Attributes:
        compared: how many tensors both have.
        differing: names of those whose values differ.
        largest: the largest absolute difference of two values.
        where: the name of its tensor, "" if nothing differs.
    """

    compared: int
    differing: tuple[str, ...] = ()
    largest: float = 0.0
    where: str = ""

    @property
    def agrees(self) -> bool:
        """Whether every value is the same."""
        return not self.differing

    def __str__(self) -> str:
        if self.agrees:
            return f"all {self.compared} tensors agree"
        return (
            f"{len(self.differing)} of {self.compared} tensors differ, by up to {self.largest:.3g} "
            f"({self.where})"
        )


def compare(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> Comparison:
    """Compare the tensors that both have, as float32; their shapes must agree."""
    both = [name for name in a if name in b]
    differing, largest, where = [], 0.0, ""
    for name in both:
        difference = float((a[name].float() - b[name].float()).abs().max()) if a[name].numel() else 0.0
        if difference != 0:  # also true of NaN
            differing.append(name)
        if difference > largest or difference != difference:
            largest, where = difference, name
    return Comparison(len(both), tuple(differing), largest, where)
