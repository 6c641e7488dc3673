"""One process or many (torchrun), carried by accelerate: who am I, gradients together, numbers together."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from accelerate.utils import broadcast_object_list, gather_object
from torch import Tensor, nn

_T = TypeVar("_T")


class Processes:
    """The processes of one training run. A single one takes the same way, without communication.

    Gradients of terms that leave parameters out (the mask decoder's quality head, the box head without box
    losses) are allowed for: which parameters take part differs between stages.
    """

    def __init__(self, device: torch.device) -> None:
        """Join the processes that torchrun started, if it did; "cuda" becomes this process's own device."""
        handlers = [DistributedDataParallelKwargs(find_unused_parameters=True)]
        self._accelerator = Accelerator(cpu=device.type == "cpu", kwargs_handlers=handlers)
        self.rank = int(self._accelerator.process_index)
        self.count = int(self._accelerator.num_processes)
        # A single process keeps the device that was asked for, such as cuda:1.
        together = self.count > 1 and device.type != "cpu"
        self.device = self._accelerator.device if together else device

    @property
    def is_main(self) -> bool:
        """Whether this is the process that writes files and speaks."""
        return self.rank == 0

    def share_gradients(self, module: nn.Module) -> nn.Module:
        """`module` so that backward passes average its gradients over all processes; it must be called whole.

        Call it again when other parameters are to learn.
        """
        if self.count == 1:
            return module
        self._accelerator.free_memory()
        wrapped: nn.Module = self._accelerator.prepare_model(module)
        return wrapped

    def without_sharing(self, module: nn.Module, when: bool) -> AbstractContextManager[Any]:
        """A context in which backward passes keep their gradients to themselves, `when` more are to come."""
        if not when:
            return nullcontext()
        context: AbstractContextManager[Any] = self._accelerator.no_sync(module)
        return context

    def sum(self, values: Sequence[float]) -> list[float]:
        """Element-wise sums over all processes, in float64."""
        if self.count == 1:
            return list(values)
        total: Tensor = self._accelerator.reduce(
            torch.tensor(values, dtype=torch.float64, device=self.device), "sum"
        )
        return [float(value) for value in total.tolist()]

    def gather(self, items: Sequence[_T]) -> list[_T]:
        """The items of all processes, in the order of their ranks, on every process."""
        if self.count == 1:
            return list(items)
        gathered: list[_T] = gather_object(list(items))
        return gathered

    def from_main(self, value: _T) -> _T:
        """The main process's value, on every process."""
        if self.count == 1:
            return value
        box = [value]
        broadcast_object_list(box, 0)
        return box[0]

    def leave(self) -> None:
        """End the communication, once all are here; nothing can be shared afterwards."""
        if self.count > 1:
            self.wait()
            self._accelerator.end_training()

    def wait(self) -> None:
        """Until all processes are here."""
        self._accelerator.wait_for_everyone()


def share(count: int, part: int, parts: int) -> slice:
    """The `part`-th of `parts` contiguous shares of `count` things; shares differ by one at most."""
    return slice(count * part // parts, count * (part + 1) // parts)
