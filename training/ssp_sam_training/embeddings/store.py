"""Reading embeddings: memory-mapped, by the digest of the picture's bytes."""

from __future__ import annotations

import mmap
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .layout import Shard, StoreError, StoreInfo, shards_in

_REBUILD = "run training/precompute.py with --verify on the same pictures: it rebuilds what is damaged"


class DamagedRecordError(StoreError):
    """A record's bytes do not give its checksum; the text names shard, slot and picture."""


class EmbeddingStore:
    """The embeddings of one encoder.

    A store may be pickled, and handed to worker processes: each maps the files for itself.

        store = EmbeddingStore.open("data/embeddings")
        embedding = store.get(picture.key)  # (C, h, w) float16
    """

    def __init__(self, folder: Path, verify: bool = True) -> None:
        """Open one encoder's folder; see `open`."""
        self.folder, self.info, self._verify = folder, StoreInfo.load(folder), verify
        self.problems: list[str] = []
        self._shards: list[Shard] = shards_in(folder)
        self._places: dict[str, tuple[int, int, int]] = {}  # key: shard, slot, checksum
        for number, shard in enumerate(self._shards):
            entries, problems = shard.entries(self.info.record_bytes)
            self.problems += problems
            for entry in entries:
                self._places.setdefault(entry.key, (number, entry.slot, entry.crc))
        self._forget_maps()

    @classmethod
    def open(
        cls, folder: str | Path, encoder_digest: str | None = None, *, verify: bool = True
    ) -> EmbeddingStore:
        """Open a cache.

        Args:
            folder: what ``training/precompute.py --out`` wrote: a folder per encoder.
            encoder_digest: which encoder; None if there is one only.
            verify: check a record's checksum the first time that this process reads it.

        Raises:
            StoreError: there is no such store, or there are several and none is named.
        """
        folder = Path(folder)
        own = [folder] if (folder / "store.json").is_file() else []
        stores = own or sorted(path.parent for path in folder.glob("*/store.json"))
        known = {path: StoreInfo.load(path) for path in stores}
        fitting = [p for p, info in known.items() if encoder_digest in (None, info.encoder_digest)]
        if len(fitting) == 1:
            return cls(fitting[0], verify)
        have = "; it has " + ", ".join(f"{i.variant} {i.encoder_digest[:16]}" for i in known.values())
        if encoder_digest is None and known:
            raise StoreError(f"{folder} has embeddings of several encoders, say which{have}")
        wanted = f" of encoder {encoder_digest[:16]}" if encoder_digest else ""
        raise StoreError(
            f"{folder} has no embeddings{wanted}{have if known else ''}: "
            "make them with training/precompute.py"
        )

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def missing(self, keys: Iterable[str]) -> list[str]:
        """Those of the keys that are not in the store."""
        return [key for key in keys if key not in self._places]

    def get(self, key: str) -> NDArray[np.float16]:
        """(C, h, w) float16, read-only, a view of the mapped file.

        Args:
            key: SHA-256 of the picture file's bytes (`Picture.key`, `content_key`).

        Raises:
            KeyError: the picture is not in the store.
            DamagedRecordError: its record is damaged.
        """
        try:
            number, slot, crc = self._places[key]
        except KeyError:
            raise KeyError(
                f"no embedding of picture {key} in {self.folder}: run training/precompute.py on its set"
            ) from None
        mapped = self._map(number)
        start, length = slot * self.info.record_bytes, self.info.record_bytes
        view = memoryview(mapped)[start : start + length]
        if key not in self._read:
            before = start % mmap.PAGESIZE
            mapped.madvise(mmap.MADV_WILLNEED, start - before, length + before)  # in one go from the disk
            if self._verify and zlib.crc32(view) != crc:
                raise DamagedRecordError(
                    f"{self._shards[number].data}: record {slot} (picture {key}) is damaged: {_REBUILD}"
                )
            self._read.add(key)
        return np.frombuffer(view, np.dtype("<f2")).reshape(self.info.shape)

    def batch(self, keys: Sequence[str]) -> torch.Tensor:
        """(B, C, h, w) float16, a copy; raises as `get`."""
        out = torch.empty((len(keys), *self.info.shape), dtype=torch.float16)
        for row, key in zip(out.numpy(), keys, strict=True):
            row[...] = self.get(key)
        return out

    def _map(self, number: int) -> mmap.mmap:
        if number not in self._maps:
            with self._shards[number].data.open("rb") as file:
                self._maps[number] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return self._maps[number]

    def _forget_maps(self) -> None:
        self._maps: dict[int, mmap.mmap] = {}
        self._read: set[str] = set()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("_maps", "_read")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._forget_maps()
