"""What all tests share: paths, quiet threads, and skips that say why."""

from __future__ import annotations

import importlib.util
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# Small machines run many processes at once here (nodes, cameras, renderers); two threads each are plenty.
os.environ.setdefault("OMP_NUM_THREADS", "2")
# Threads that wait actively for each other get hardly anywhere once a neighbour wants the same processor;
# sleeping ones are slower, but they go on (docs/benchmarks.md).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Older MuJoCo chooses its OpenGL at the first import, and a test's `importorskip` may be that import.
if not os.environ.get("DISPLAY"):
    os.environ.setdefault("MUJOCO_GL", "egl")

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository's root folder."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder next to the repository with photographs and papers, which a clone alone does not have."""
    folder = REPOSITORY.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs the photographs of ../shared, which are not part of the repository")
    return folder


@pytest.fixture(autouse=True)
def _log_handlers_of_a_test_end_with_it() -> Iterator[None]:
    """A script's `main` sets up logging to the error stream of its test, which is closed for the next one."""
    root = logging.getLogger()
    before = list(root.handlers)
    yield
    root.handlers[:] = [handler for handler in root.handlers if handler in before]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip tests whose marker names something this machine lacks."""
    if item.get_closest_marker("ros") and importlib.util.find_spec("rclpy") is None:
        pytest.skip("needs ROS 2: rclpy is not importable (source a ROS installation)")
    if item.get_closest_marker("gpu") and not _cuda_is_available():
        pytest.skip("needs a CUDA device")


def _cuda_is_available() -> bool:
    import torch

    return torch.cuda.is_available()
