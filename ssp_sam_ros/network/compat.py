"""Make `torchvision` importable beside a torch build that lacks its compiled operators.

open_clip and segment_anything import torchvision for picture transforms only. With a CPU or Jetson build of
torch, the registry's torchvision wheel may not be able to load its compiled library; its Python side then
fails at import because the operators `nms` and `qnms` were never declared. Declaring their schemas is enough
for everything this package uses; calling one of the operators still fails, as it should.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch

_SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}

# The library object owns the declarations: they vanish with it.
_library: torch.library.Library | None = None


def _compiled_operators_load() -> bool:
    """Whether torchvision's compiled library can be loaded into this torch."""
    spec = importlib.util.find_spec("torchvision")
    if spec is None or not spec.submodule_search_locations:
        return True  # not installed: let the import say so in its own words
    for folder in spec.submodule_search_locations:
        for path in sorted(Path(folder).glob("_C*.so")) + sorted(Path(folder).glob("_C*.pyd")):
            try:
                torch.ops.load_library(str(path))
            except (OSError, RuntimeError):
                return False
            return True
    return False


def declare_torchvision_operators() -> bool:
    """Declare torchvision's operator schemas if its compiled library cannot be loaded.

    Returns whether anything had to be declared. Call it before the first import of torchvision; calling it
    again does nothing.
    """
    global _library
    if _library is not None:
        return True
    if _compiled_operators_load():
        return False
    _library = torch.library.Library("torchvision", "DEF")
    for schema in _SCHEMAS.values():
        _library.define(schema)
    return True


declare_torchvision_operators()
