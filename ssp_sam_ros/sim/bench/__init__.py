"""The richer simulated world: a robot's bench with everyday things, and sentences as people say them.

Importing this package does not import MuJoCo; making a `Bench` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .bench import Bench
    from .live import LiveBench
    from .scene import BenchObject, BenchScene

__all__ = ["Bench", "BenchObject", "BenchScene", "LiveBench"]

_HOME = {"Bench": "bench", "BenchObject": "scene", "BenchScene": "scene", "LiveBench": "live"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
