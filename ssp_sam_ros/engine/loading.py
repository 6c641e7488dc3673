"""The network for the node, with what the node needs to know of its memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ssp_sam_ros.interface.parameters import Parameters
from ssp_sam_ros.perception.result import Result
from ssp_sam_ros.session.contracts import Segmenter

# A stream hardly ever shows a picture twice: enough for the last few, also of the largest model (4 MiB each).
_IMAGE_CACHE_BYTES = 32 * 2**20


@dataclass(frozen=True)
class Loaded:
    """A segmenter that is ready, and what goes with it.

    Attributes:
        segmenter: loaded and warmed up.
        summary: one line on model, weights and device, for the log.
        draw_overlay: takes an RGB picture and results and returns the RGB drawing.
        health: more lines for the inference diagnostics.
    """

    segmenter: Segmenter
    summary: str
    draw_overlay: Callable[[NDArray[np.uint8], Sequence[Result]], NDArray[np.uint8]]
    health: Callable[[], Mapping[str, object]]


def load(parameters: Parameters) -> Loaded:
    """Load and warm up what the parameters name.

    Raises:
        ValueError: in one line, for weights, variants, devices or types that cannot be used.
    """
    from ssp_sam_ros.perception.drawing import draw_overlay
    from ssp_sam_ros.perception.memory import memory_in_use
    from ssp_sam_ros.perception.segmenter import Segmenter
    from ssp_sam_ros.perception.threads import in_own_thread, use_threads

    def ready() -> Segmenter:
        segmenter = Segmenter.load(
            parameters.text("model"),
            parameters.text("weights") or None,
            device=parameters.text("device"),
            dtype=parameters.text("dtype"),
            image_cache_bytes=_IMAGE_CACHE_BYTES,
        )
        segmenter.warm_up()
        return segmenter

    use_threads(parameters.count("threads"))
    segmenter = in_own_thread(ready)
    dtype = str(segmenter.dtype).removeprefix("torch.")

    def health() -> dict[str, Any]:
        return {"device": segmenter.device, "arithmetic": dtype, "memory": memory_in_use(segmenter.device)}

    return Loaded(
        segmenter,
        f"{segmenter.model_name}, weights {segmenter.weights_digest[:12]}, on {segmenter.device} in {dtype}",
        draw_overlay,
        health,
    )


def release() -> None:
    """Give memory that no segmenter holds any more back to the device and the system."""
    from ssp_sam_ros.perception.memory import release_memory

    release_memory()
