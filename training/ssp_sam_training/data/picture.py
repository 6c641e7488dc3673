"""A picture of a benchmark: its file, what it is known by, its pixels, the digest of its bytes."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .errors import DatasetError

COCO = "coco"
SAIAPR = "saiapr"
VISUAL_GENOME = "visual_genome"
FLICKR30K = "flickr30k"
CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture.

    Attributes:
        source: the collection it belongs to ("coco", "saiapr", "visual_genome", "flickr30k", "custom").
        id: its number (or name) in that collection.
        path: where its file belongs; it need not exist.
        stated_size: (height, width) in pixels, as the set says; None where the set does not say it.
        coco_id: its number in COCO where the collection borrowed it from there, as Visual Genome did.
    """

    source: str
    id: int | str
    path: Path
    stated_size: tuple[int, int] | None = None
    coco_id: int | None = None

    @property
    def identity(self) -> str:
        """The photograph behind the file, the same in every collection that says where it got it from."""
        return f"{self.source}/{self.id}" if self.coco_id is None else f"{COCO}/{self.coco_id}"

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels: as the set says, else out of the file's header.

        Raises:
            FileNotFoundError, DatasetError: as `load`, where the file is needed.
        """
        return self.stated_size or _header_size(self.path)

    def load(self) -> NDArray[np.uint8]:
        """(height, width, 3) uint8 RGB, as stored: masks refer to the file's own rows, so no EXIF rotation.

        Raises:
            FileNotFoundError: the file is not there.
            DatasetError: it cannot be decoded or is of another size than the set says.
        """
        return self.decode(self.read())

    def read(self) -> bytes:
        """The file's bytes. Raises FileNotFoundError if it is not there."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            raise FileNotFoundError(_missing(self.path)) from None

    def decode(self, content: bytes) -> NDArray[np.uint8]:
        """The pixels in the file's bytes; as `load`."""
        pixels = decode_rgb(content, self.path)
        if self.stated_size is not None and self.stated_size != pixels.shape[:2]:
            height, width = self.stated_size
            raise DatasetError(
                f"{self.path} is {pixels.shape[1]}x{pixels.shape[0]} pixels, its set says {width}x{height}: "
                "the picture was resized or belongs to another set"
            )
        return pixels

    @property
    def key(self) -> str:
        """SHA-256 of the file's bytes, under which its embedding is kept; remembered until the file changes.

        Raises:
            FileNotFoundError: the file is not there.
        """
        try:
            status = self.path.stat()
        except FileNotFoundError:
            raise FileNotFoundError(_missing(self.path)) from None
        return _file_key(str(self.path), status.st_size, status.st_mtime_ns)


def content_key(content: bytes) -> str:
    """SHA-256 of a picture file's bytes, 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def decode_rgb(content: bytes, path: Path) -> NDArray[np.uint8]:
    """(height, width, 3) uint8 RGB of a picture file's bytes; raises DatasetError, naming `path`."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return np.array(picture.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        # PIL reports a damaged PNG as a SyntaxError, and an absurd size as the last.
        raise DatasetError(f"{path} cannot be decoded ({error}); fetch it again") from error


@cache
def _file_key(path: str, size: int, changed_ns: int) -> str:
    """`size` and `changed_ns` tell one state of the file from another."""
    return content_key(Path(path).read_bytes())


@lru_cache(maxsize=65_536)
def _header_size(path: Path) -> tuple[int, int]:
    try:
        with Image.open(path) as picture:
            return picture.height, picture.width
    except FileNotFoundError:
        raise FileNotFoundError(_missing(path)) from None
    except (OSError, SyntaxError, ValueError) as error:
        raise DatasetError(f"{path} cannot be decoded ({error}); fetch it again") from error


def _missing(path: Path) -> str:
    return f"{path} is missing: put the set's pictures there, or say where they are"
