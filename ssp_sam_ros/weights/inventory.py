"""What each variant needs, what of it is there, and what is missing."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from ssp_sam_ros.network import Variant
from ssp_sam_ros.weights.delta import check_contents, left_out_parts
from ssp_sam_ros.weights.digest import file_digest
from ssp_sam_ros.weights.errors import WeightsError
from ssp_sam_ros.weights.files import read_metadata, read_tensors
from ssp_sam_ros.weights.folders import find_file
from ssp_sam_ros.weights.loading import NETWORK_ENDINGS, shipped_weights
from ssp_sam_ros.weights.parts import FROZEN, part_file_names
from ssp_sam_ros.weights.published import (
    PublishedFile,
    published_checkpoint,
    published_file,
    published_parts,
)

_OWN = "the whole network, trained by you"
_DELTA = "what was trained, from `ssp-sam convert`"


class State(str, Enum):
    """What is known about a file in a weights folder."""

    MISSING = "missing"
    PARTIAL = "partly downloaded"
    PRESENT = "present"
    VERIFIED = "verified"
    UNVERIFIABLE = "present, no digest published"
    WRONG_SIZE = "wrong size"
    WRONG_DIGEST = "wrong digest"
    DAMAGED = "damaged"

    @property
    def usable(self) -> bool:
        """Whether the file may be used as far as is known."""
        return self in (State.PRESENT, State.VERIFIED, State.UNVERIFIABLE)

    @property
    def wrong(self) -> bool:
        """Whether the file is there and must not be used."""
        return self in (State.WRONG_SIZE, State.WRONG_DIGEST, State.DAMAGED)


@dataclass(frozen=True)
class FileStatus:
    """One file: what it should be, and what is there.

    Attributes:
        file: what it should be.
        state: what is known.
        path: where it is, or where it belongs if it is missing.
        size: bytes there, None if missing.
        sha256: its digest if that was asked for.
    """

    file: PublishedFile
    state: State
    path: Path
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Need:
    """One thing that a variant needs: any one of some files."""

    title: str
    files: tuple[FileStatus, ...]

    @property
    def met(self) -> bool:
        """Whether one of them is there."""
        return any(status.state.usable for status in self.files)


@dataclass(frozen=True)
class Way:
    """One way to a variant's weights: everything that it takes."""

    title: str
    needs: tuple[Need, ...]

    @property
    def ready(self) -> bool:
        """Whether everything is there."""
        return all(need.met for need in self.needs)


@dataclass(frozen=True)
class VariantStatus:
    """A variant, and the ways to its weights; any one of them will do.

    Attributes:
        name: the variant's.
        shipped: the file that comes with the package, if one does.
        ways: the others, best first.
    """

    name: str
    shipped: Path | None
    ways: tuple[Way, ...]

    @property
    def ready(self) -> bool:
        """Whether the variant loads without being told a file."""
        return self.shipped is not None or any(way.ready for way in self.ways)


def variant_status(variant: Variant, folders: Sequence[Path], verify: bool = False) -> VariantStatus:
    """What the variant needs and what of it is in the folders.

    Args:
        variant: which one.
        folders: weights folders; a missing file belongs into the first.
        verify: read every file that is there and check its digest.
    """

    def need(title: str, files: Iterable[PublishedFile]) -> Need:
        return Need(title, tuple(file_status(file, folders, verify) for file in files))

    own, others = (PublishedFile(variant.name + ending, _OWN) for ending in NETWORK_ENDINGS)
    checkpoint = published_checkpoint(variant.name) or others
    beside = []
    if name := variant.text.tokenizer_file:
        beside.append(need("tokenizer", [published_file(name) or PublishedFile(name, "the tokenizer")]))
    ways: tuple[Way, ...]
    if published_parts(variant):
        delta = need("delta", [replace(own, holds=_DELTA)])
        frozen = [need(*wanted) for wanted in _frozen_parts(variant, delta.files[0])]
        ways = (
            Way("a checkpoint alone", (need("checkpoint", [checkpoint]), *beside)),
            Way("a delta and what it leaves out", (delta, *frozen, *beside)),
        )
    else:
        ways = (Way("one file", (need("weights", [own, others]), *beside)),)
    shipped = shipped_weights(variant.name)
    return VariantStatus(variant.name, shipped if shipped.is_file() else None, ways)


def _frozen_parts(variant: Variant, delta: FileStatus) -> list[tuple[str, tuple[PublishedFile, ...]]]:
    """Title and files of each part that the delta leaves out, or would leave out if it were there."""
    published = published_parts(variant)
    if not delta.state.usable:
        return [(part.title, published[part.key]) for part in FROZEN if part.key in published]
    left_out = left_out_parts(read_metadata(delta.path), str(delta.path))
    needed = []
    for part in FROZEN:
        if part.key in left_out:
            names = part_file_names(variant, part, left_out[part.key].files)
            files = (published_file(name) or PublishedFile(name, part.title) for name in names)
            needed.append((part.title, tuple(files)))
    return needed


def file_status(file: PublishedFile, folders: Sequence[Path], verify: bool = False) -> FileStatus:
    """Look for a file in the folders, and check its digest if told to."""
    path = find_file(file.name, folders)
    if path is None:
        partial = find_file(f"{file.name}.part", folders)
        if partial is None:
            return FileStatus(file, State.MISSING, Path(*folders[:1], file.name))
        return FileStatus(file, State.PARTIAL, partial.with_name(file.name), partial.stat().st_size)
    size = path.stat().st_size
    if file.size not in (None, size):
        return FileStatus(file, State.WRONG_SIZE, path, size)
    if not _is_whole(path, thoroughly=verify):
        return FileStatus(file, State.DAMAGED, path, size)
    if not verify:
        return FileStatus(file, State.PRESENT, path, size)
    digest = file_digest(path)
    state = State.UNVERIFIABLE
    if file.sha256 is not None:
        state = State.VERIFIED if digest == file.sha256 else State.WRONG_DIGEST
    return FileStatus(file, state, path, size, digest)


def _is_whole(path: Path, thoroughly: bool) -> bool:
    """Whether a file's table of contents can be read; thoroughly: whether its own check sums hold."""
    with path.open("rb") as file:
        zipped = file.read(4) == b"PK\x03\x04"
    try:
        if zipped:
            with zipfile.ZipFile(path) as archive:
                return not thoroughly or archive.testzip() is None
        if path.suffix == ".safetensors":
            metadata = read_metadata(path)
            left_out_parts(metadata, str(path))
            if thoroughly and "contents" in metadata:
                check_contents(read_tensors(path)[0], metadata, str(path))
    except (zipfile.BadZipFile, NotImplementedError, WeightsError):
        return False
    return True
