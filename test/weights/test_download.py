"""Downloads from a real HTTP server on this machine: whole, cut short and resumed, wrong, and refused."""

from __future__ import annotations

import errno
import hashlib
import shutil
import socket
import threading
from collections import namedtuple
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from ssp_sam_ros.weights import WeightsError
from ssp_sam_ros.weights import download as module
from ssp_sam_ros.weights.download import download

CONTENT = np.random.default_rng(0).bytes(3 * 2**20 + 17)
DIGEST = hashlib.sha256(CONTENT).hexdigest()
CUT = 2**20 + 5


class Server(ThreadingHTTPServer):
    """Serves one file; what it is asked for is in `ranges`."""

    content = CONTENT
    etag: str | None = '"v1"'
    cut: int | None = None
    """Close the connection after so many bytes of the answer."""
    knows_ranges = True
    says_length = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/weights.pth"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.ranges.append(wanted)
        if self.path != "/weights.pth":
            self.send_error(404)
            return
        content, first = self.server.content, 0
        if wanted and self.server.knows_ranges and self.headers.get("If-Range") in (None, self.server.etag):
            first = int(wanted.removeprefix("bytes=").rstrip("-"))
            if first >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        body = content[first:]
        if self.server.says_length:
            self.send_header("Content-Length", str(len(body)))
        if self.server.etag:
            self.send_header("ETag", self.server.etag)
        self.end_headers()
        self.wfile.write(body[: self.server.cut])

    def log_message(self, *_: object) -> None:
        """Nothing: a test's output is its own."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def target(tmp_path):
    return tmp_path / "made" / "weights.pth"


def names(target):
    return sorted(path.name for path in target.parent.iterdir())


def cut_short(server, target, **known):
    """An attempt that the server ends after CUT bytes."""
    server.cut = CUT
    with pytest.raises(WeightsError, match=r"stopped at 1,048,581 of 3,145,745 bytes.*run it again"):
        download(server.url, target, **known)
    server.cut = None
    assert not target.exists()
    assert target.with_name("weights.pth.part").read_bytes() == CONTENT[:CUT]


def test_a_whole_file(server, target):
    told, progress = [], []
    digest = download(
        server.url, target, len(CONTENT), DIGEST, told.append, lambda *step: progress.append(step)
    )
    assert digest == DIGEST
    assert target.read_bytes() == CONTENT
    assert names(target) == ["weights.pth"]
    (transfer,) = told
    assert (transfer.total, transfer.present, transfer.destination) == (len(CONTENT), 0, target)
    assert transfer.free > 0
    assert progress[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in progress] == sorted({done for done, _ in progress})


@pytest.mark.parametrize("known", [{"sha256": DIGEST}, {}], ids=["by digest", "by etag"])
def test_it_goes_on_where_it_stopped(server, target, known):
    cut_short(server, target, **known)
    told = []
    assert download(server.url, target, announce=told.append, **known) == DIGEST
    assert told[0].present == CUT
    assert server.ranges == [None, f"bytes={CUT}-"]
    assert target.read_bytes() == CONTENT
    assert names(target) == ["weights.pth"]


def test_the_user_may_interrupt_it(server, target):
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(server.url, target, sha256=DIGEST, progress=interrupt)
    (part,) = target.parent.glob("*.part")
    assert 0 < part.stat().st_size < len(CONTENT)
    told = []
    assert download(server.url, target, sha256=DIGEST, announce=told.append) == DIGEST
    assert told[0].present > 0


def test_an_end_without_a_word_of_the_length(server, target):
    server.says_length = False
    assert download(server.url, target, sha256=DIGEST) == DIGEST


def test_a_server_without_ranges_starts_over(server, target):
    cut_short(server, target, sha256=DIGEST)
    server.knows_ranges = False
    assert download(server.url, target, sha256=DIGEST) == DIGEST
    assert target.read_bytes() == CONTENT


def test_a_file_that_changed_on_the_server_is_not_glued_to_an_old_part(server, target):
    cut_short(server, target)
    server.content, server.etag = CONTENT[::-1], '"v2"'
    download(server.url, target)
    assert target.read_bytes() == CONTENT[::-1]


@pytest.mark.parametrize("etag", [None, 'W/"v1"'])
def test_a_part_that_nothing_can_vouch_for_is_not_used(server, target, etag):
    server.etag = etag
    cut_short(server, target)
    download(server.url, target)
    assert server.ranges == [None, None]
    assert target.read_bytes() == CONTENT


def test_a_complete_part_is_only_checked(server, target):
    target.parent.mkdir()
    target.with_name("weights.pth.part").write_bytes(CONTENT)
    assert download(server.url, target, len(CONTENT), DIGEST) == DIGEST
    assert server.ranges == []
    assert names(target) == ["weights.pth"]


def test_a_complete_part_of_unknown_size(server, target):
    target.parent.mkdir()
    target.with_name("weights.pth.part").write_bytes(CONTENT)
    assert download(server.url, target, sha256=DIGEST) == DIGEST
    assert server.ranges == [f"bytes={len(CONTENT)}-"]


def test_a_part_longer_than_the_file_goes(server, target):
    target.parent.mkdir()
    part = target.with_name("weights.pth.part")
    part.write_bytes(CONTENT + b"more")
    with pytest.raises(WeightsError, match="the part is removed"):
        download(server.url, target, sha256=DIGEST)
    assert names(target) == []
    part.write_bytes(CONTENT + b"more")
    assert download(server.url, target, len(CONTENT), DIGEST) == DIGEST


def test_a_wrong_digest_leaves_nothing_and_the_old_file(server, target):
    target.parent.mkdir()
    target.write_bytes(b"old")
    with pytest.raises(WeightsError, match=f"SHA-256 {DIGEST} instead of 00.*removed"):
        download(server.url, target, sha256="00" * 32)
    assert names(target) == ["weights.pth"]
    assert target.read_bytes() == b"old"


def test_a_spoilt_part_is_found_out_and_goes(server, target):
    target.parent.mkdir()
    target.with_name("weights.pth.part").write_bytes(b"x" * CUT)
    with pytest.raises(WeightsError, match="instead of"):
        download(server.url, target, len(CONTENT), DIGEST)
    assert names(target) == []


def test_another_size_than_published_is_not_fetched(server, target):
    with pytest.raises(WeightsError, match="has 3,145,745 bytes instead of the published 5: not fetched"):
        download(server.url, target, size=5)
    assert names(target) == []


def test_a_disk_without_room_is_told_before_anything_is_fetched(server, target, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 1000, 1000))
    with pytest.raises(
        WeightsError, match=r"weights\.pth needs [\d,]+ bytes more in .*, where 1,000 are free"
    ):
        download(server.url, target, len(CONTENT), DIGEST)
    assert names(target) == []


def test_a_disk_that_fills_up_keeps_what_is_there(server, target):
    def full(done, total):
        if done > CUT:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(WeightsError, match="is full: make room and run it again"):
        download(server.url, target, len(CONTENT), DIGEST, progress=full)
    assert 0 < target.with_name("weights.pth.part").stat().st_size < len(CONTENT)
    assert download(server.url, target, len(CONTENT), DIGEST) == DIGEST


def test_two_at_once_do_not_write_into_one_file(server, target):
    def again(_):
        with pytest.raises(WeightsError, match="another process is downloading"):
            download(server.url, target, len(CONTENT), DIGEST)

    assert download(server.url, target, len(CONTENT), DIGEST, announce=again) == DIGEST


def test_offline_says_which_file_goes_where(target):
    with socket.socket() as deaf:  # has a port and does not listen on it
        deaf.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/weights.pth"
        with pytest.raises(WeightsError, match=r"no connection to http.*get it on another machine") as caught:
            download(url, target, sha256=DIGEST)
    assert str(caught.value).endswith(f"put it at {target}")
    assert "\n" not in str(caught.value)
    assert names(target) == []


def test_a_file_the_server_does_not_have(server, target):
    with pytest.raises(WeightsError, match=r"nothing\.pth answers 404"):
        download(server.url.replace("weights.pth", "nothing.pth"), target)


def test_a_server_that_stops_talking(server, target, monkeypatch):
    monkeypatch.setattr(module, "_TIMEOUT", 0.2)
    gate = threading.Event()
    monkeypatch.setattr(Handler, "do_GET", lambda self: gate.wait(10))
    with pytest.raises(WeightsError, match="timed out"):
        download(server.url, target)
    gate.set()


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://example.org/w.pth", "weights.pth"])
def test_other_kinds_of_address(target, url):
    with pytest.raises(WeightsError, match="no http or https address"):
        download(url, target)
