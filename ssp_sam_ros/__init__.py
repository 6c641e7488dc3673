"""SSP-SAM for ROS 2: a picture and a referring expression become a mask, a box and a no-target flag.

    from ssp_sam_ros import Segmenter
    segmenter = Segmenter.load()
    frame = segmenter.encode(image)                      # uint8 RGB, (height, width, 3)
    for result in segmenter.refer(frame, ["the red mug"]):
        print(result.outcome, result.box, result.score)

The names are imported on first use, so that the commands that need no network never load torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ssp_sam_ros.perception.result import Outcome, Result
    from ssp_sam_ros.perception.segmenter import Segmenter

__all__ = ["Outcome", "Result", "Segmenter"]
__version__ = "0.1.0"

_HOMES = {
    "Outcome": "ssp_sam_ros.perception.result",
    "Result": "ssp_sam_ros.perception.result",
    "Segmenter": "ssp_sam_ros.perception.segmenter",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
