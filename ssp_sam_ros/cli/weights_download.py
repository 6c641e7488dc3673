"""The downloading half of `ssp-sam weights`: says what is coming, shows how far it is, checks it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ssp_sam_ros.weights.download import Transfer
    from ssp_sam_ros.weights.published import PublishedFile

_SPEEDS = ((100, "100 Mbit/s"), (20, "20 Mbit/s"))
_BAR = 30


def download_files(
    names: Sequence[str], folders: Sequence[Path], url: str | None
) -> Iterator[dict[str, Any]]:
    """Fetch files one after the other into the first folder; each is reported when it is there.

    Args:
        names: of published files.
        folders: weights folders.
        url: where to get the one file from, None for its own address.

    Raises:
        ValueError: before anything is fetched, for a name that is not known, has no address, or several names
            and one address; later, for a download that fails.
    """
    from ssp_sam_ros.weights.download import download
    from ssp_sam_ros.weights.inventory import State, file_status

    if not folders:
        raise ValueError("there is no folder to download to: set SSP_SAM_WEIGHTS or give --weights-dir")
    if url and len(names) > 1:
        raise ValueError(f"--url is one address, and {len(names)} files are named")
    wanted = [(file, url or _address(file)) for file in map(_published, names)]
    for file, address in wanted:
        status = file_status(file, folders, verify=True)
        if status.state in (State.VERIFIED, State.UNVERIFIABLE):
            yield _report(file, "already there", status.path, status.sha256)
            continue
        destination = folders[0] / file.name
        bar = ProgressBar(file.name)
        try:
            digest = download(address, destination, file.size, file.sha256, _announce, bar.show)
        finally:
            bar.end()
        if file.sha256 is None:
            _say(f"no digest of {file.name} is published to hold it to; its SHA-256 is {digest}")
        yield _report(file, "downloaded", destination, digest)


class ProgressBar:
    """How far a download is, on standard error: a bar on a terminal, else a line every tenth."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._live = sys.stderr.isatty()
        self._first: tuple[float, int] | None = None  # when the first block was there, and bytes then
        self._next = 0.0

    def show(self, done: int, total: int | None) -> None:
        """Report bytes there, and bytes in all if known."""
        now = time.monotonic()
        if self._first is None:
            self._first = (now, done)
        share = done / total if total else 0.0
        if self._live:
            if now >= self._next or done == total:
                self._next = now + 0.1
                print(f"\r{self._line(done, total, share, now)}\x1b[K", end="", file=sys.stderr, flush=True)
        elif total and share >= self._next:
            self._next = share + 0.1
            _say(self._line(done, total, share, now))

    def end(self) -> None:
        """Leave the line of the bar."""
        if self._live and self._first is not None:
            _say("")

    def _line(self, done: int, total: int | None, share: float, now: float) -> str:
        began, before = self._first or (now, done)
        speed = (done - before) / (now - began) if now > began else 0.0
        line = f"{self._name}: {done / 2**20:,.0f}"
        if total:
            line += f" of {total / 2**20:,.0f} MiB [{'#' * round(share * _BAR):-<{_BAR}}] {share:.0%}"
        else:
            line += " MiB"
        if speed:
            line += f", {speed / 2**20:.1f} MiB/s"
            if total and done < total:
                line += f", {_duration((total - done) / speed)} left"
        return line


def _published(name: str) -> PublishedFile:
    from ssp_sam_ros.weights.published import PUBLISHED, published_file

    file = published_file(name)
    if file is None:
        known = ", ".join(file.name for file in PUBLISHED)
        raise ValueError(f"no file '{name}' is published; known: {known}")
    return file


def _address(file: PublishedFile) -> str:
    if file.url is None:
        raise ValueError(
            f"the address of {file.name} is not known: look for it on {file.page} and give it with --url"
        )
    return file.url


def _announce(transfer: Transfer) -> None:
    from ssp_sam_ros.cli.weights_table import size_text

    _say(f"{transfer.url}\n  to    {transfer.destination}")
    left = None if transfer.total is None else transfer.total - transfer.present
    here = f", of which {transfer.present:,} are here" if transfer.present else ""
    _say(f"  size  {size_text(transfer.total)}{here}; {size_text(transfer.free)} free on the disk")
    if left is not None:
        times = (f"{_duration(left * 8 / (megabits * 1e6))} at {name}" for megabits, name in _SPEEDS)
        _say(f"  time  about {', '.join(times)}")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _report(file: PublishedFile, state: str, path: Path, digest: str | None) -> dict[str, Any]:
    return {"name": file.name, "state": state, "path": str(path), "sha256": digest}


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
