from __future__ import annotations

import gc
import weakref

import pytest
import torch

from ssp_sam_ros.perception.shortage import OutOfMemoryError, attempt, is_out_of_memory


def real_shortage() -> BaseException:
    """What torch raises where the host cannot give that much."""
    try:
        torch.empty(2**60, dtype=torch.uint8)
    except RuntimeError as error:
        return error
    raise AssertionError("an exbibyte was given")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
        RuntimeError("CUDA error: out of memory\nCompile with `TORCH_USE_CUDA_DSA`"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("std::bad_alloc"),
    ],
)
def test_the_ways_to_run_out_of_memory(error):
    assert is_out_of_memory(error)


def test_the_hosts_own_words():
    assert is_out_of_memory(real_shortage())


@pytest.mark.gpu
def test_cudas_own_words():
    with pytest.raises(torch.OutOfMemoryError) as caught:
        torch.empty(2**48, dtype=torch.uint8, device="cuda")
    assert is_out_of_memory(caught.value)
    with pytest.raises(OutOfMemoryError, match="CUDA out of memory"):
        attempt(lambda: torch.empty(2**48, dtype=torch.uint8, device="cuda"), torch.cuda.empty_cache)
    assert attempt(lambda: torch.ones(2, device="cuda").sum().item(), torch.cuda.empty_cache) == 2


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), ValueError("out of memory"), KeyError()])
def test_other_errors(error):
    assert not is_out_of_memory(error)


class Work:
    """Fails as often as told to, then gives 7."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return 7


def test_room_is_made_once_and_only_where_needed():
    made: list[int] = []
    assert attempt(Work(), lambda: made.append(1)) == 7
    assert made == []
    assert attempt(Work(MemoryError()), lambda: made.append(1)) == 7
    assert made == [1]


def test_twice_is_enough():
    work = Work(MemoryError(), torch.OutOfMemoryError("no room\nadvice"), MemoryError())
    with pytest.raises(OutOfMemoryError, match=r"\Ano room\Z"):
        attempt(work, lambda: None)
    assert work.calls == 2


def test_other_errors_go_through_at_once():
    work = Work(RuntimeError("shapes differ"))
    with pytest.raises(RuntimeError, match="shapes differ"):
        attempt(work, lambda: None)
    assert work.calls == 1


def test_the_failed_attempt_lets_go_of_its_tensors():
    alive: list[weakref.ref[torch.Tensor]] = []
    held_at_room: list[bool] = []

    def work() -> None:
        tensor = torch.zeros(3)
        alive.append(weakref.ref(tensor))
        raise MemoryError

    def make_room() -> None:
        gc.collect()
        held_at_room.append(alive[0]() is not None)

    with pytest.raises(OutOfMemoryError) as caught:
        attempt(work, make_room)
    assert held_at_room == [False]
    assert caught.value.__context__ is None
