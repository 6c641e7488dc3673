"""A picture ready to be asked about."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from ssp_sam_ros.perception.inference import EncodedPicture


@dataclass(frozen=True)
class Frame:
    """A picture that expressions can be asked about, from `Segmenter.encode`.

    Attributes:
        picture: its features and where it lay in the network's inputs.
        identity: what its features are cached by.
        embedding_cached: whether the features came from the cache.
        encoding_ms: what `encode` took, milliseconds.
    """

    picture: EncodedPicture
    identity: Hashable
    embedding_cached: bool
    encoding_ms: float

    @property
    def image_size(self) -> tuple[int, int]:
        """(height, width) of the picture."""
        return self.picture.sam.image_size
