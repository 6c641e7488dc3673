"""A cache bounded in bytes, and what makes two pictures the same."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np


class Sized(Protocol):
    """Anything that knows how many bytes it holds."""

    @property
    def nbytes(self) -> int:
        """Bytes held."""


Value = TypeVar("Value", bound=Sized)


@dataclass(frozen=True)
class CacheStats:
    """Counters of a cache since it was made, and what it holds now."""

    hits: int
    misses: int
    entries: int
    nbytes: int
    capacity: int


class ByteBoundedCache(Generic[Value]):
    """Least recently used values go first once all together exceed `capacity` bytes. Thread-safe.

    A value larger than the whole capacity is not kept; capacity 0 keeps nothing.
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 0:
            raise ValueError(f"a cache of {capacity} bytes: give 0 (keep nothing) or more")
        self._capacity = capacity
        self._entries: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._nbytes = self._hits = self._misses = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Value | None:
        """The value of `key`, which becomes the most recently used, or None."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                self._misses += 1
                return None
            self._hits += 1
            self._entries.move_to_end(key)
            return entry[0]

    def put(self, key: Hashable, value: Value) -> None:
        """Keep `value` under `key`, in place of what was there."""
        size = value.nbytes
        with self._lock:
            self._remove(key)
            if size > self._capacity:
                return
            self._entries[key] = (value, size)
            self._nbytes += size
            while self._nbytes > self._capacity:
                self._remove(next(iter(self._entries)))

    def drop(self, key: Hashable) -> None:
        """Forget the value of `key`, if it is there."""
        with self._lock:
            self._remove(key)

    def clear(self) -> None:
        """Drop every value; the counters stay."""
        with self._lock:
            self._entries.clear()
            self._nbytes = 0

    def stats(self) -> CacheStats:
        """Counters and sizes at this moment."""
        with self._lock:
            return CacheStats(self._hits, self._misses, len(self._entries), self._nbytes, self._capacity)

    def _remove(self, key: Hashable) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._nbytes -= entry[1]


def picture_identity(image: np.ndarray, key: Hashable | None) -> Hashable:
    """What makes two pictures the same: the caller's key (camera and stamp in the node), else their bytes.

    The size is part of it in both cases, since a result must have the size of its picture.

    Args:
        image: C-contiguous uint8 (H, W, 3).
        key: the caller's, or None.
    """
    if key is not None:
        return ("key", key, image.shape)
    return ("bytes", hashlib.sha256(image.data).digest(), image.shape)
