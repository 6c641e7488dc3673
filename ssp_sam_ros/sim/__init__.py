"""The simulated tabletop: MuJoCo scenes with exact masks, and sentences about them.

Importing this package does not import MuJoCo; making a `Tabletop` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .gl import SimulatorUnavailableError
    from .live import LiveTabletop
    from .scene import Scene, SceneObject
    from .tabletop import Tabletop

__all__ = ["LiveTabletop", "Scene", "SceneObject", "SimulatorUnavailableError", "Tabletop"]

_HOME = {
    "LiveTabletop": "live",
    "Scene": "scene",
    "SceneObject": "scene",
    "SimulatorUnavailableError": "gl",
    "Tabletop": "tabletop",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
