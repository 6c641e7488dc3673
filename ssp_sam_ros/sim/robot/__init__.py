"""A robot in the simulated worlds: a gantry with a parallel gripper, and an RGB-D camera.

Importing this package does not import MuJoCo; making a `RobotBench` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .grasp import Outcome, Report, TopGrasp, UnreachableError

if TYPE_CHECKING:
    from .bench import RobotBench
    from .stages import Sentence
    from .view import View

__all__ = ["Outcome", "Report", "RobotBench", "Sentence", "TopGrasp", "UnreachableError", "View"]

_HOME = {"RobotBench": "bench", "Sentence": "stages", "View": "view"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
