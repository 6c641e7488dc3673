"""evaluate.py, then make_report.py: one HTML file with the numbers and pictures, and no way out of it."""

from __future__ import annotations

import base64
import html.parser
import io
import json
import re
from pathlib import Path

import pytest
from evaluate import main as evaluate
from make_report import main as report
from PIL import Image


class _Checked(html.parser.HTMLParser):
    """Every element is closed; remembers what is linked and shown."""

    VOID = frozenset(["meta", "br", "img", "line", "rect", "circle", "polyline"])

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:  # of <line/>, too, an end is told
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(path: Path) -> _Checked:
    page = _Checked()
    page.feed(path.read_text("utf-8"))
    assert page.open == []
    return page


@pytest.fixture
def evaluation(grefcoco_root: Path, tmp_path: Path) -> Path:
    """A model's evaluation of a set of the words that the small model knows."""
    refs = grefcoco_root / "grefcoco" / "grefs(unc).json"
    refs.write_text(refs.read_text().replace("all the zebras", "the <b>mug</b>"))
    out = tmp_path / "ev"
    arguments = (
        f"--root {grefcoco_root} --split val --weights random --device cpu --dtype float32 --out {out}"
    )
    assert evaluate([*arguments.split(), "--gallery", "3", "--latency", "1", "--latency-warm-up", "0"]) == 0
    return out


def test_one_file_with_everything(evaluation: Path, grefcoco_root: Path) -> None:
    assert report(["--evaluation", str(evaluation), "--root", str(grefcoco_root)]) == 0
    path = evaluation / "report.html"
    page, source = parsed(path), path.read_text("utf-8")
    assert all(one.startswith("data:image/jpeg;base64,") for one in page.sources)
    assert not re.search(r"url\(|@import|<script", source)
    pictures = [Image.open(io.BytesIO(base64.b64decode(one.partition(",")[2]))).size for one in page.sources]
    gallery = json.loads((evaluation / "gallery.json").read_text())
    shown = sum(len(members) for members in gallery["sections"].values())
    attended = sum(
        [one["ref_id"], one["sent_id"]] in members
        for one in gallery["attention"]
        for members in gallery["sections"].values()
    )
    assert shown and attended and len(pictures) == shown + attended
    for text in (
        "Beside the paper",
        "SSP-SAM-336",
        "69.09",
        "N-acc",
        "Latency",
        "No-target probability",
        "ECE",
    ):
        assert text in page.text
    assert "<b>mug</b>" not in source  # a sentence is text
    results = json.loads((evaluation / "results.json").read_text())
    assert f"{100 * results['groups'][0]['paper']['giou']:.2f}" in page.text


def test_without_pictures(evaluation: Path, tmp_path: Path) -> None:
    out = tmp_path / "other.html"
    assert report(["--evaluation", str(evaluation), "--out", str(out)]) == 0
    assert parsed(out).sources == []


def test_predictions_from_a_file_have_no_attention(
    evaluation: Path, grefcoco_root: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    arguments = f"--root {grefcoco_root} --split val --from-predictions {evaluation / 'samples.jsonl'}"
    assert evaluate([*arguments.split(), "--out", str(again)]) == 0
    first, second = (json.loads((one / "results.json").read_text()) for one in (evaluation, again))
    assert second["groups"][0]["gres"] == first["groups"][0]["gres"]
    assert json.loads((again / "gallery.json").read_text())["attention"] == []
    assert report(["--evaluation", str(again), "--root", str(grefcoco_root)]) == 0
    assert "samples.jsonl" in parsed(again / "report.html").text


def test_what_is_wrong_is_one_line(
    evaluation: Path, grefcoco_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(["--evaluation", str(tmp_path / "none")]) == 1
    assert "results.json is missing" in capsys.readouterr().err
    gallery = evaluation / "gallery.json"
    gallery.write_text(gallery.read_text().replace('"worst": [[', '"worst": [[99, 99], ['))
    assert report(["--evaluation", str(evaluation), "--root", str(grefcoco_root)]) == 1
    assert "sentence 99 of reference 99" in capsys.readouterr().err
    samples = evaluation / "samples.jsonl"
    samples.write_text(samples.read_text().replace('"gres"', '"other"', 1))
    assert report(["--evaluation", str(evaluation)]) == 1
    assert "samples.jsonl, line 1: " in capsys.readouterr().err
    (evaluation / "results.json").write_text("{}")
    assert report(["--evaluation", str(evaluation)]) == 1
    assert "lacks dataset, split" in capsys.readouterr().err
