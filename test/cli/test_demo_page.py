from __future__ import annotations

import base64
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from ssp_sam_ros.cli.demo_page import HEADINGS, Answer, page, text_table

NAN = float("nan")


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    path = tmp_path / "overlay.png"
    assert cv2.imwrite(str(path), np.full((4, 6, 3), 90, np.uint8))
    return path


def _answers(overlay: Path | None = None) -> list[Answer]:
    return [
        Answer("the red mug", "FOUND", (10, 20, 30, 45), 0.9312, 41.4, 0.876, overlay),
        Answer('a <b>"bowl"</b>', "NO_TARGET", (0, 0, 0, 0), NAN, 40.0, None, None),
    ]


def test_text_table_has_one_aligned_line_per_sentence() -> None:
    heading, rule, first, second = text_table(_answers()).splitlines()
    assert first.split() == ["the", "red", "mug", "FOUND", "10", "20", "30", "45", "0.931", "41", "0.88"]
    assert second.split()[-5:] == ["NO_TARGET", "–", "–", "40", "–"]
    assert first.index("FOUND") == second.index("NO_TARGET") == heading.index("outcome")
    assert set(rule) == {"-", " "}


class _Page(HTMLParser):
    """Collects what the tests look at."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_page_shows_every_answer_and_needs_no_other_file(overlay: Path) -> None:
    parser = _Page()
    parser.feed(page("Title", "lead", _answers(overlay)))
    assert parser.tags.count("th") == len(HEADINGS)
    assert parser.tags.count("tr") == 3
    assert "the red mug" in parser.text
    assert parser.tags.count("img") == 1
    (source,) = parser.links
    assert source.startswith("data:image/jpeg;base64,")
    data = np.frombuffer(base64.b64decode(source.partition(",")[2]), np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert picture is not None
    assert np.abs(picture.astype(int) - cv2.imread(str(overlay)).astype(int)).max() <= 2


def test_missing_overlay_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"nothing\.png is missing"):
        page("Title", "lead", _answers(tmp_path / "nothing.png"))


def test_sentences_are_escaped() -> None:
    document = page("Title", "lead", _answers())
    assert "<b>" not in document
    assert "a &lt;b&gt;&quot;bowl&quot;&lt;/b&gt;" in document


def test_reason_of_a_failure_is_on_the_page() -> None:
    failed = Answer("the zebra", "FAILED", (0, 0, 0, 0), NAN, 0.0, None, None, "unknown word: zebra")
    assert "unknown word: zebra" in page("Title", "lead", [failed])
