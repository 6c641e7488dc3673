"""The files of an embedding store, and their names.

``<folder>/<first 16 digits of the encoder's digest>/`` holds

- ``store.json``: what made the embeddings and their shape (`StoreInfo`),
- ``r000-00000.f16``, ...: records of one size, float16, little-endian, row-major (C, h, w); ``r000`` is the
  rank that writes the shard, so that ranks never share a file,
- ``r000-00000.idx``: one line per valid record, appended once the record is on the disk: slot, key of the
  picture, CRC-32 of the record, CRC-32 of the line itself.

What no index line names is free space: a half-written record, the place of a damaged one. It is filled again.
"""

from __future__ import annotations

import dataclasses
import json
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ssp_sam_ros.weights.atomic import written_atomically

FORMAT, VERSION = "ssp_sam_ros embeddings", 1
DATA, INDEX = ".f16", ".idx"

_LINE = re.compile(rb"(\d{8}) ([0-9a-f]{64}) ([0-9a-f]{8}) ([0-9a-f]{8})")
_SHARD = re.compile(r"r(\d{3,})-(\d{5,})")


class StoreError(ValueError):
    """An embedding store cannot be used; the text says why and what to do."""


@dataclass(frozen=True)
class StoreInfo:
    """What `store.json` says.

    Attributes:
        variant: name of the network's variant.
        encoder_digest: names SAM's image encoder and its preprocessing (`encoder.encoder_digest`).
        precision: the arithmetic the encoder ran in: "float32", "bfloat16", "float16".
        shape: (C, h, w) of one embedding.
    """

    variant: str
    encoder_digest: str
    precision: str
    shape: tuple[int, int, int]

    @property
    def record_bytes(self) -> int:
        """Bytes of one embedding."""
        channels, height, width = self.shape
        return 2 * channels * height * width

    @property
    def folder_name(self) -> str:
        """Name of the folder below the cache that belongs to the encoder."""
        return self.encoder_digest[:16]

    def save(self, folder: Path) -> None:
        """Write `store.json`, whole or not at all."""
        content = {"format": FORMAT, "version": VERSION, "dtype": "float16", **dataclasses.asdict(self)}
        with written_atomically(folder / "store.json") as path:
            path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    @staticmethod
    def load(folder: Path) -> StoreInfo:
        """Read `store.json`. Raises StoreError if it is not one of this format and version."""
        path = folder / "store.json"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if (content["format"], content["version"]) != (FORMAT, VERSION):
                raise StoreError(
                    f"{path} is of format {content['format']} {content['version']}, not {FORMAT} 1"
                )
            channels, height, width = (int(side) for side in content["shape"])
            return StoreInfo(
                content["variant"], content["encoder_digest"], content["precision"], (channels, height, width)
            )
        except (OSError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(
                f"{path} cannot be read ({type(error).__name__}: {error}): "
                "make the store again with training/precompute.py"
            ) from error


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an index: where a picture's embedding lies in its shard, and its checksum."""

    slot: int
    key: str
    crc: int

    def line(self) -> bytes:
        """The line, its own checksum last."""
        body = f"{self.slot:08d} {self.key} {self.crc:08x}".encode()
        return body + f" {zlib.crc32(body):08x}\n".encode()

    @staticmethod
    def parse(line: bytes) -> Entry | None:
        """The entry of a line without its newline; None if the line is damaged or cut short."""
        match = _LINE.fullmatch(line)
        if match is None or zlib.crc32(line[:-9]) != int(match[4], 16):
            return None
        return Entry(int(match[1]), match[2].decode(), int(match[3], 16))


@dataclass(frozen=True)
class Shard:
    """A pair of files of one rank."""

    folder: Path
    rank: int
    number: int

    @property
    def name(self) -> str:
        """The files' name without its ending."""
        return f"r{self.rank:03d}-{self.number:05d}"

    @property
    def data(self) -> Path:
        """The records' file."""
        return self.folder / (self.name + DATA)

    @property
    def index(self) -> Path:
        """The index's file."""
        return self.folder / (self.name + INDEX)

    def entries(self, record_bytes: int) -> tuple[list[Entry], list[str]]:
        """The valid entries, and what is wrong: damaged lines, records beyond the end of the data file."""
        size = self.data.stat().st_size if self.data.is_file() else 0
        lines = self.index.read_bytes().split(b"\n") if self.index.is_file() else []
        entries: dict[int, Entry] = {}
        damaged = beyond = 0
        for line in filter(None, lines):
            entry = Entry.parse(line)
            if entry is None:
                damaged += 1
            elif (entry.slot + 1) * record_bytes > size:
                beyond += 1
            else:
                entries[entry.slot] = entry
        problems = []
        if damaged:
            problems.append(f"{self.index.name}: {damaged} damaged lines")
        if beyond:
            problems.append(f"{self.data.name}: cut short, {beyond} records are missing")
        return list(entries.values()), problems

    def rewrite_index(self, entries: Iterable[Entry]) -> None:
        """Put an index of these entries in the place of the old one, whole or not at all."""
        with written_atomically(self.index) as path:
            path.write_bytes(b"".join(entry.line() for entry in entries))


def shards_in(folder: Path) -> list[Shard]:
    """All shards of a store, by rank and number."""
    names = {path.stem for path in folder.iterdir() if path.suffix in (DATA, INDEX)}
    matches = (match for name in names if (match := _SHARD.fullmatch(name)))
    found = [Shard(folder, int(match[1]), int(match[2])) for match in matches]
    return sorted(found, key=lambda shard: (shard.rank, shard.number))
