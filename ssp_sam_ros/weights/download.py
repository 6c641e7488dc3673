"""Fetching one file over HTTP: it can be interrupted and goes on where it stopped, and it is checked.

While it is under way the file is called NAME.part, and NAME.part.etag says which version on the server it
is a part of. It gets its own name, in one step, once it is complete and its digest is right.
"""

from __future__ import annotations

import errno
import fcntl
import http.client
import os
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ssp_sam_ros.weights.digest import file_digest
from ssp_sam_ros.weights.errors import WeightsError

SPARE_BYTES = 64 * 2**20
"""What must stay free on the disk."""

_BLOCK = 2**20
_TIMEOUT = 30.0  # seconds without a byte
_AGENT = "ssp_sam_ros"


@dataclass(frozen=True)
class Transfer:
    """What is about to be fetched.

    Attributes:
        url: from where.
        destination: to where.
        total: bytes of the whole file, None if neither the caller nor the server says.
        present: bytes that an earlier attempt left, which are not fetched again.
        free: bytes free on the disk.
    """

    url: str
    destination: Path
    total: int | None
    present: int
    free: int


def download(
    url: str,
    destination: Path,
    size: int | None = None,
    sha256: str | None = None,
    announce: Callable[[Transfer], None] = lambda transfer: None,
    progress: Callable[[int, int | None], None] = lambda done, total: None,
) -> str:
    """Fetch `url` into `destination`, whose folder is made.

    Args:
        url: http or https.
        destination: the file; one that is there already is replaced at the end, in one step.
        size: bytes it must have, None if unknown.
        sha256: what it must have, None if unknown.
        announce: told once, before the first byte.
        progress: told after each block: bytes there, and bytes in all if known.

    Returns:
        The file's SHA-256.

    Raises:
        WeightsError: in one line: no connection, refused, too large for the disk, cut short (what has arrived
            stays for the next call), another size or digest (what has arrived is removed).
    """
    if not url.startswith(("https://", "http://")):
        raise WeightsError(f"{url} is no http or https address")
    job = _Job(url, destination, size, sha256)
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        with _exclusive(job.part) as part:
            job.fill(part, announce, progress)
            digest = job.checked(part)
            job.part.replace(destination)
            job.etag.unlink(missing_ok=True)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise WeightsError(
            f"the disk of {destination.parent} is full: make room and run it again, it goes on there"
        ) from error
    return digest


@contextmanager
def _exclusive(path: Path) -> Iterator[BinaryIO]:
    """The partial file, open for appending and for this process alone; an empty one does not stay."""
    with path.open("ab") as part:
        try:
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WeightsError(f"another process is downloading {path}") from error
        try:
            yield part
        finally:
            if path.exists() and path.stat().st_size == 0:
                path.unlink()


@dataclass(frozen=True)
class _Job:
    """One download; the arguments are those of `download`."""

    url: str
    destination: Path
    size: int | None
    sha256: str | None

    @property
    def part(self) -> Path:
        """The partial file."""
        return self.destination.with_name(self.destination.name + ".part")

    @property
    def etag(self) -> Path:
        """The file that says which version on the server the partial file is of."""
        return self.destination.with_name(self.destination.name + ".part.etag")

    @property
    def by_hand(self) -> str:
        """What a user without a network can do."""
        return f"get it on another machine and put it at {self.destination}"

    def fill(
        self,
        part: BinaryIO,
        announce: Callable[[Transfer], None],
        progress: Callable[[int, int | None], None],
    ) -> None:
        """Append what is missing to the partial file."""
        present = part.tell()
        headers = {"User-Agent": _AGENT}
        if present and self.sha256 is None:
            # No digest could tell whether two halves belong together: only the server's validator can.
            tag = self.etag.read_text() if self.etag.is_file() else ""
            if tag.startswith('"'):
                headers["If-Range"] = tag
            else:  # none, or a weak one, which does not stand for the same bytes
                present = _emptied(part)
        if self.size is not None and present > self.size:
            present = _emptied(part)
        if self.size is not None and present == self.size:
            return
        if present:
            headers["Range"] = f"bytes={present}-"
        response = self._open(headers, part)
        if response is None:
            return
        with response:
            first, total = _extent(response)
            if first == 0:
                present = _emptied(part)
            elif first != present:
                raise WeightsError(f"{self.url} sends another range than was asked for: take another source")
            total = self._checked_total(total)
            free = shutil.disk_usage(self.destination.parent).free
            needed = (total or 0) - present + SPARE_BYTES
            if needed > free:
                raise WeightsError(
                    f"{self.destination.name} needs {needed:,} bytes more in {self.destination.parent}, "
                    f"where {free:,} are free"
                )
            self.etag.write_text(response.headers.get("ETag", ""))
            announce(Transfer(self.url, self.destination, total, present, free))
            self._copy(response, part, total, progress)

    def checked(self, part: BinaryIO) -> str:
        """The SHA-256 of the complete partial file, which is removed if it is not what it should be."""
        part.flush()
        os.fsync(part.fileno())
        digest, size = file_digest(self.part), self.part.stat().st_size
        wrong = None
        if self.size not in (None, size):
            wrong = f"{size:,} bytes instead of {self.size:,}"
        elif self.sha256 not in (None, digest):
            wrong = f"SHA-256 {digest} instead of {self.sha256}"
        if wrong:
            self.part.unlink()
            self.etag.unlink(missing_ok=True)
            raise WeightsError(
                f"what {self.url} sent has {wrong}: removed; try again, or take it from elsewhere"
            )
        return digest

    def _open(self, headers: dict[str, str], part: BinaryIO) -> Any | None:
        """The server's answer, None if it says that what is here is all there is."""
        try:
            return urllib.request.urlopen(urllib.request.Request(self.url, headers=headers), timeout=_TIMEOUT)
        except urllib.error.HTTPError as error:
            if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                if error.headers.get("Content-Range") == f"bytes */{part.tell()}":
                    return None
                _emptied(part)
                raise WeightsError(
                    f"{self.url} is not what an earlier part came from: the part is removed, run it again"
                ) from error
            raise WeightsError(f"{self.url} answers {error.code} {error.reason}: {self.by_hand}") from error
        except urllib.error.URLError as error:
            raise WeightsError(f"no connection to {self.url} ({error.reason}): {self.by_hand}") from error
        except (OSError, http.client.HTTPException) as error:
            reason = str(error) or type(error).__name__
            raise WeightsError(f"no answer from {self.url} ({reason}): {self.by_hand}") from error

    def _checked_total(self, total: int | None) -> int | None:
        if self.size is not None and total not in (None, self.size):
            raise WeightsError(
                f"{self.url} has {total:,} bytes instead of the published {self.size:,}: not fetched"
            )
        return self.size if total is None else total

    def _copy(
        self,
        response: Any,
        part: BinaryIO,
        total: int | None,
        progress: Callable[[int, int | None], None],
    ) -> None:
        reason = "the connection was closed"
        try:
            while block := response.read(_BLOCK):
                part.write(block)
                progress(part.tell(), total)
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise
            reason = str(error) or type(error).__name__
        else:
            if total is None or part.tell() >= total:
                return
        part.flush()
        of_all = f" of {total:,}" if total else ""
        raise WeightsError(
            f"{self.url} stopped at {part.tell():,}{of_all} bytes ({reason}): run it again, it goes on there"
        )


def _emptied(part: BinaryIO) -> int:
    part.seek(0)
    return part.truncate()


def _extent(response: Any) -> tuple[int, int | None]:
    """The first byte that an answer holds, and the bytes of the whole file if it says."""
    if response.status == http.HTTPStatus.PARTIAL_CONTENT:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        if found:
            return int(found[1]), None if found[2] == "*" else int(found[2])
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdecimal() else None
