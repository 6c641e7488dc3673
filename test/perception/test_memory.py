from __future__ import annotations

import pytest
import torch

from ssp_sam_ros.perception.memory import memory_in_use, release_memory


def test_a_cpu_is_not_counted() -> None:
    release_memory()
    assert memory_in_use(torch.device("cpu")) == "not counted on a CPU"


@pytest.mark.gpu
def test_released_memory_leaves_the_device() -> None:
    tensor = torch.zeros(64 * 2**20, dtype=torch.uint8, device="cuda")
    assert int(memory_in_use(tensor.device).split()[0]) >= 64
    del tensor
    release_memory()
    assert torch.cuda.memory_reserved() < 64 * 2**20
