"""One evaluation by several processes: each takes its pictures, and every sentence is scored once.

`torchrun --nproc-per-node N training/evaluate.py ...` sets the environment that `processes` reads. Nothing is
padded: with pictures that the processes do not divide evenly some get one more than others.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, TypeVar

import torch
import torch.distributed as dist

from .records import Number, SampleRecord

_PATIENCE = timedelta(hours=12)  # the slowest process is waited for
_Item = TypeVar("_Item")


class Mergeable(Protocol):
    """What can take in another of its kind: every accumulator of `metrics`."""

    def merge(self, other: Any) -> None:
        """Take all samples of `other`."""


_Mergeable = TypeVar("_Mergeable", bound=Mergeable)


@dataclass(frozen=True)
class Processes:
    """Which process this is.

    Attributes:
        rank: 0 to world_size - 1; 0 reports.
        world_size: how many there are.
        local_rank: number on its machine, which is also that of its GPU.
    """

    rank: int = 0
    world_size: int = 1
    local_rank: int = 0

    @property
    def first(self) -> bool:
        """Whether this is the one that prints and writes."""
        return self.rank == 0

    def share(self, items: Sequence[_Item]) -> list[_Item]:
        """This process's part of `items`; the parts of all are `items`, each once."""
        return list(items[self.rank :: self.world_size])

    def device(self, asked: str) -> str:
        """The device of this process: "auto" and "cuda" become the GPU of its number, where there are any."""
        if self.world_size > 1 and asked in ("auto", "cuda") and torch.cuda.is_available():
            return f"cuda:{self.local_rank % torch.cuda.device_count()}"
        return asked


@contextmanager
def processes() -> Iterator[Processes]:
    """The processes that torchrun started; a single one without it.

    A group that is initialised already (by a trainer) is used and left as it is. Results travel as objects
    over gloo, whatever device computes.
    """
    rank, world_size, local_rank = (
        int(os.environ.get(name, default))
        for name, default in (("RANK", 0), ("WORLD_SIZE", 1), ("LOCAL_RANK", 0))
    )
    if _has_group():
        yield Processes(dist.get_rank(), dist.get_world_size(), local_rank)
        return
    if world_size == 1:
        yield Processes()
        return
    dist.init_process_group("gloo", timeout=_PATIENCE)
    try:
        yield Processes(rank, world_size, local_rank)
    finally:
        dist.destroy_process_group()


def gathered(accumulator: _Mergeable) -> _Mergeable:
    """`accumulator` with the samples of all processes in it, on every process; they must all call this."""
    if _world_size() == 1:
        return accumulator
    parts = _all_objects(accumulator)
    for part in parts[1:]:
        parts[0].merge(part)
    return parts[0]


def gathered_records(records: Iterable[SampleRecord], image_ids: Sequence[Number]) -> list[SampleRecord]:
    """The records of all processes in the order a single one gives them; all must call this.

    Args:
        records: of this process, from `evaluate` over its share.
        image_ids: all pictures, before they were shared.

    Raises:
        ValueError: a sentence was scored by two processes.
    """
    parts = [list(records)] if _world_size() == 1 else _all_objects(list(records))
    place = {image_id: number for number, image_id in enumerate(image_ids)}
    # Stable: the sentences of a picture all come from one process, in order.
    merged = sorted((record for part in parts for record in part), key=lambda r: place[r.image_id])
    if len({(record.ref_id, record.sent_id) for record in merged}) != len(merged) and len(parts) > 1:
        raise ValueError("a sentence was scored by more than one process: share pictures, each once")
    return merged


def _world_size() -> int:
    return dist.get_world_size() if _has_group() else 1


def _has_group() -> bool:
    return dist.is_available() and dist.is_initialized()  # some builds of torch have no processes at all


def _all_objects(own: _Item) -> list[_Item]:
    parts: list[Any] = [None] * _world_size()
    dist.all_gather_object(parts, own)
    return parts
