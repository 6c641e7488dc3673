"""What a session needs of its surroundings: something that segments, and a graph to publish on."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ssp_sam_ros.perception.result import Result
from ssp_sam_ros.session.outputs import Output

RgbPicture = NDArray[np.uint8]


class Segmenter(Protocol):
    """The part of `ssp_sam_ros.Segmenter` in use."""

    no_target_threshold: float
    no_target_min_pixels: float

    @property
    def model_name(self) -> str:
        """Name of the model variant."""

    @property
    def weights_digest(self) -> str:
        """Digest of the parameters."""

    @property
    def prefers_batches(self) -> bool:
        """Whether several pictures at once are quicker than one after the other."""

    def encode(self, image: RgbPicture, key: Hashable | None = None) -> Any:
        """The picture's features."""

    def refer(self, frame: Any, expressions: Sequence[str], ids: Sequence[str] | None = None) -> list[Result]:
        """One result per expression."""

    def encode_batch(self, images: Sequence[RgbPicture], keys: Sequence[Hashable | None]) -> list[Any]:
        """The features of several pictures."""

    def refer_batch(
        self, frames: Sequence[Any], expressions: Sequence[str], ids: Sequence[str] | None = None
    ) -> list[list[Result]]:
        """One result per expression, for each of the frames."""


class Graph(Protocol):
    """The ROS graph; called from the worker's and from the listening thread."""

    def wanted(self, camera: str) -> frozenset[Output]:
        """The outputs of a camera that somebody subscribes to at this moment."""

    def publish(self, camera: str, output: Output, message: Any) -> None:
        """Send a message."""

    def undelivered(self) -> int | None:
        """Messages dropped so far because a subscriber was too slow to take them; None: not known."""
