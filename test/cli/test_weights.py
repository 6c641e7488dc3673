"""`ssp-sam weights`, with a real HTTP server on this machine for what it downloads."""

from __future__ import annotations

import argparse
import functools
import hashlib
import http.server
import json
import threading

import pytest

from ssp_sam_ros.cli import weights, weights_download
from ssp_sam_ros.weights import WeightsError, published
from ssp_sam_ros.weights.published import PublishedFile

CONTENT = bytes(range(256)) * 8192
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def run(*given: str) -> int:
    parser = argparse.ArgumentParser()
    weights.add_arguments(parser)
    return weights.run(parser.parse_args(given))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The only weights folder, not there yet."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("SSP_SAM_WEIGHTS", raising=False)
    return tmp_path / "ssp_sam_ros" / "weights"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing: a test's output is its own."""


@pytest.fixture
def server(tmp_path, monkeypatch):
    """The address of a server with a file that the table says is published there."""
    served = tmp_path / "served"
    served.mkdir()
    (served / "small.pth").write_bytes(CONTENT)
    handler = functools.partial(Quiet, directory=served)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{running.server_port}/small.pth"
        file = PublishedFile("small.pth", "small", url, size=len(CONTENT), sha256=DIGEST)
        unknown = PublishedFile("unknown.pth", "of unknown address", page="https://example.org")
        monkeypatch.setattr(published, "PUBLISHED", (file, unknown))
        yield url
        running.shutdown()
        thread.join()


def test_the_list_says_what_is_missing_and_where_it_goes(folder, capsys):
    assert run("--variant", "ssp_sam_336", "--variant", "ssp_sam_tiny") == 0
    text = capsys.readouterr().out
    assert "ssp_sam_tiny: ready, shipped with the package" in text
    assert "ssp_sam_336: NOT READY" in text
    assert "2,564,550,879 bytes" in text
    assert f"put at   {folder / 'sam_vit_h_4b8939.pth'}" in text
    assert "or run   ssp-sam weights --download sam_vit_h_4b8939.pth" in text
    assert f"{folder} (does not exist)" in text
    assert "sam_vit_b" not in text


def test_json_of_all_variants(tmp_path, folder, capsys):
    first = tmp_path / "mine"
    first.mkdir()
    (first / "ViT-B-16.pt").write_bytes(b"not really")
    assert run("--json", "--weights-dir", str(first)) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["folders"] == [{"path": str(first), "exists": True}, {"path": str(folder), "exists": False}]
    variants = {variant["name"]: variant for variant in listed["variants"]}
    assert variants["ssp_sam_tiny"]["ready"] and not variants["ssp_sam_224"]["ready"]
    files = {file["name"]: file for file in listed["files"]}
    assert files["sam_vit_h_4b8939.pth"]["bytes"] == 2_564_550_879
    assert files["ssp_sam_224.pth"]["sha256"] is None
    here = files["ViT-B-16.pt"]
    assert (here["state"], here["bytes_here"]) == ("present", 10)
    assert here["path"] == str(first / "ViT-B-16.pt")


def test_a_file_with_a_wrong_digest_fails_when_asked(tmp_path, capsys):
    (tmp_path / "ViT-B-16.pt").write_bytes(b"not really")
    arguments = ("--variant", "ssp_sam_224", "--weights-dir", str(tmp_path))
    assert run(*arguments) == 0
    capsys.readouterr()
    assert run(*arguments, "--verify") == 1
    text = capsys.readouterr().out
    assert "ViT-B-16.pt: wrong digest" in text
    assert hashlib.sha256(b"not really").hexdigest() in text


def test_a_download_says_what_is_coming_and_where_it_went(server, folder, capsys):
    assert run("--download", "small.pth") == 0
    printed = capsys.readouterr()
    assert (folder / "small.pth").read_bytes() == CONTENT
    assert printed.out == f"downloaded: {folder / 'small.pth'}\n"
    assert server in printed.err
    assert "size  2,097,152 bytes;" in printed.err
    assert "free on the disk" in printed.err
    assert "time  about 0 s at 100 Mbit/s, 1 s at 20 Mbit/s" in printed.err
    assert "100%" in printed.err
    assert run("--download", "small.pth", "--json") == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["state"], again["sha256"]) == ("already there", DIGEST)


def test_a_file_that_is_not_what_it_should_be_is_fetched_again(server, folder):
    folder.mkdir(parents=True)
    (folder / "small.pth").write_bytes(CONTENT[::-1])
    assert run("--download", "small.pth") == 0
    assert (folder / "small.pth").read_bytes() == CONTENT


def test_a_file_of_unknown_address_from_a_given_one(server, folder, capsys):
    with pytest.raises(ValueError, match=r"address of unknown\.pth is not known.*https://example\.org"):
        run("--download", "unknown.pth")
    assert run("--download", "unknown.pth", "--url", server) == 0
    assert f"its SHA-256 is {DIGEST}" in capsys.readouterr().err
    assert (folder / "unknown.pth").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--download", "big.pth"], r"no file 'big\.pth' is published; known: small\.pth, unknown\.pth"),
        (["--download", "small.pth", "unknown.pth", "--url", "http://x"], "one address, and 2 files"),
        (["--url", "http://x"], "name the file with --download"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_fetched(server, folder, arguments, message):
    with pytest.raises(ValueError, match=message):
        run(*arguments)
    assert not folder.exists()


def test_offline_names_the_file_and_its_place(folder, monkeypatch):
    nobody = PublishedFile("small.pth", "small", "http://127.0.0.1:9/small.pth")  # the discard port
    monkeypatch.setattr(published, "PUBLISHED", (nobody,))
    with pytest.raises(WeightsError, match="no connection to http") as caught:
        run("--download", "small.pth")
    assert str(folder / "small.pth") in str(caught.value)


def test_the_bar_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    bar = weights_download.ProgressBar("w.pth")
    bar.show(2**20, 4 * 2**20)
    bar.show(4 * 2**20, 4 * 2**20)
    bar.end()
    text = capsys.readouterr().err
    assert text.startswith("\rw.pth: 1 of 4 MiB [" + "#" * 8 + "-" * 22 + "] 25%")
    assert text.endswith("\n")
    assert "100%" in text
