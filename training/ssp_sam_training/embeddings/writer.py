"""Writing embeddings: each rank its own shards, free places first; a process may be killed at any moment."""

from __future__ import annotations

import dataclasses
import fcntl
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from .layout import Entry, Shard, StoreError, StoreInfo, shards_in

DEFAULT_SHARD_BYTES = 8 * 2**30


def open_folder(cache: Path, info: StoreInfo) -> Path:
    """The encoder's folder in a cache, made if it is not there.

    Raises:
        StoreError: it holds embeddings of another precision or shape.
    """
    folder = cache / info.folder_name
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "store.json").is_file():
        info.save(folder)
        return folder
    there = StoreInfo.load(folder)
    if dataclasses.replace(there, variant=info.variant) != info:
        have, make = (f"{i.encoder_digest[:16]} in {i.precision}, {i.shape}" for i in (there, info))
        raise StoreError(
            f"{folder} has embeddings of {have}; these would be {make}: take the same --dtype, or another "
            "folder"
        )
    return folder


class ShardWriter:
    """Appends embeddings to the shards of one rank; a context manager that holds the rank's lock.

    A record is written and flushed to the disk before its line joins the index, so that a process killed in
    between leaves free space behind and nothing else.
    """

    def __init__(
        self, folder: Path, info: StoreInfo, rank: int = 0, shard_bytes: int = DEFAULT_SHARD_BYTES
    ) -> None:
        """folder: of the encoder (`open_folder`); shard_bytes: a shard is full once another would pass it."""
        self.folder, self.info, self.rank = folder, info, rank
        self._slots = max(1, shard_bytes // info.record_bytes)  # of a shard
        self._lock = lock_rank(folder, rank)
        mine = [shard for shard in shards_in(folder) if shard.rank == rank]
        for shard in mine:
            self._mend_tail(shard)
        self._places = self._free_places(mine)

    def write(self, keys: Sequence[str], embeddings: NDArray[np.float16]) -> None:
        """Keep embeddings (B, C, h, w) of the pictures with these keys.

        Raises:
            StoreError: their shape is another, or values are not finite.
            OSError: the disk is full or the like; what was written before stays valid.
        """
        if embeddings.shape != (len(keys), *self.info.shape):
            raise StoreError(f"embeddings of {embeddings.shape}, not {(len(keys), *self.info.shape)}")
        written: dict[Shard, list[Entry]] = {}
        for key, embedding in zip(keys, embeddings, strict=True):
            if not np.isfinite(embedding).all():
                raise StoreError(
                    f"the embedding of picture {key} is not finite in float16: try --dtype float32, and look "
                    "at the weights"
                )
            record = np.ascontiguousarray(embedding, np.dtype("<f2")).tobytes()
            shard, slot = next(self._places)
            with open(shard.data, "r+b" if shard.data.exists() else "w+b") as file:
                file.seek(slot * self.info.record_bytes)
                file.write(record)
            written.setdefault(shard, []).append(Entry(slot, key, zlib.crc32(record)))
        for shard, entries in written.items():
            flush_file(shard.data)
            with shard.index.open("ab") as file:
                file.write(b"".join(entry.line() for entry in entries))
            flush_file(shard.index)

    def close(self) -> None:
        """Give the lock back."""
        os.close(self._lock)

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _free_places(self, mine: Sequence[Shard]) -> Iterator[tuple[Shard, int]]:
        """Holes and ends of the rank's shards first, then new shards, without end."""
        for shard in mine:
            used = {entry.slot for entry in shard.entries(self.info.record_bytes)[0]}
            yield from ((shard, slot) for slot in range(self._slots) if slot not in used)
        for number in count(mine[-1].number + 1 if mine else 0):
            yield from ((Shard(self.folder, self.rank, number), slot) for slot in range(self._slots))

    @staticmethod
    def _mend_tail(shard: Shard) -> None:
        """Cut off half a line at the end of an index, so that the next line begins on its own."""
        content = shard.index.read_bytes() if shard.index.is_file() else b""
        kept = content.rfind(b"\n") + 1
        if len(content) > kept:
            with shard.index.open("r+b") as file:
                if Entry.parse(content[kept:]):  # whole but for its newline
                    file.seek(len(content))
                    file.write(b"\n")
                else:
                    file.truncate(kept)


def lock_rank(folder: Path, rank: int) -> int:
    """Take a rank's lock: its file descriptor, to be closed. Raises StoreError if another process has it."""
    path = folder / f"r{rank:03d}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise StoreError(
            f"another process writes as rank {rank} of {folder}: wait for it, or give each process its --rank"
        ) from None
    return descriptor


def flush_file(path: Path) -> None:
    """Wait until the file's content is on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def repair(folder: Path, info: StoreInfo) -> list[str]:
    """Check every record's checksum and take the damaged ones out of the index; their places become free.

    Returns:
        One line on every shard with damage, which names it; nothing if all is well.

    Raises:
        StoreError: another process is writing there.
    """
    report: list[str] = []
    for shard in shards_in(folder):
        lock = lock_rank(folder, shard.rank)
        try:
            report += _repair_shard(shard, info.record_bytes)
        finally:
            os.close(lock)
    return report


def _repair_shard(shard: Shard, record_bytes: int) -> Iterable[str]:
    entries, problems = shard.entries(record_bytes)
    good = []
    if entries:
        with shard.data.open("rb") as file:
            for entry in sorted(entries, key=lambda entry: entry.slot):
                file.seek(entry.slot * record_bytes)
                if zlib.crc32(file.read(record_bytes)) == entry.crc:
                    good.append(entry)
    if len(good) < len(entries):
        problems = [*problems, f"{shard.data.name}: {len(entries) - len(good)} records have another checksum"]
    if problems:
        shard.rewrite_index(good)
    return problems
