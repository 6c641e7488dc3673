"""From pictures to frames: cached features, the encoders over what is not known, memory that runs out."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from functools import partial

import numpy as np

from ssp_sam_ros.perception.answering import ms_since
from ssp_sam_ros.perception.caches import ByteBoundedCache, picture_identity
from ssp_sam_ros.perception.frame import Frame
from ssp_sam_ros.perception.image import as_rgb
from ssp_sam_ros.perception.inference import EncodedPicture, Inference
from ssp_sam_ros.perception.shortage import OutOfMemoryError, attempt

_LARGEST_BATCH = 8  # pictures


class Encoding:
    """Runs the image encoders. Not thread-safe."""

    def __init__(
        self, inference: Inference, pictures: ByteBoundedCache[EncodedPicture], make_room: Callable[[], None]
    ) -> None:
        """`make_room` gives memory back, before a second attempt where the first ran out of it."""
        self._inference = inference
        self._pictures = pictures
        self._make_room = make_room

    def frames(
        self, images: Sequence[np.ndarray], keys: Sequence[Hashable | None] | None = None
    ) -> list[Frame]:
        """One frame for each picture; args and raises as `Segmenter.encode_batch`."""
        started = time.perf_counter()
        pictures = [as_rgb(image) for image in images]
        keys = [None] * len(pictures) if keys is None else keys
        if len(keys) != len(pictures):
            raise ValueError(f"{len(keys)} keys for {len(pictures)} pictures: give one for each")
        identities = [picture_identity(*pair) for pair in zip(pictures, keys, strict=True)]
        found = {identity: self._pictures.get(identity) for identity in identities}
        missing = {
            identity: picture
            for identity, picture in zip(identities, pictures, strict=True)
            if found[identity] is None
        }
        fresh = dict(zip(missing, self._encode(list(missing.values())), strict=True))
        for identity, encoded in fresh.items():
            self._pictures.put(identity, encoded)
        elapsed = ms_since(started)
        return [
            Frame(found[identity] or fresh[identity], identity, identity not in fresh, elapsed)
            for identity in identities
        ]

    def _encode(self, images: Sequence[np.ndarray]) -> list[EncodedPicture]:
        """In batches within bounds; where memory does not suffice for one, one picture after the other."""
        encoded: list[EncodedPicture] = []
        size = _LARGEST_BATCH
        while len(encoded) < len(images):
            batch = images[len(encoded) : len(encoded) + size]
            try:
                encoded += attempt(partial(self._encode_together, batch), self._make_room)
            except OutOfMemoryError as error:
                if len(batch) > 1:
                    size = 1
                    continue
                (height, width), device = batch[0].shape[:2], self._inference.device
                raise OutOfMemoryError(
                    f"out of memory on {device} for the picture of {width} x {height}, even without caches "
                    f"({error}): a smaller model or another device would do"
                ) from None
        return encoded

    def _encode_together(self, images: Sequence[np.ndarray]) -> list[EncodedPicture]:
        encoded = self._inference.encode_pictures(images)
        self._inference.synchronise()
        return encoded
