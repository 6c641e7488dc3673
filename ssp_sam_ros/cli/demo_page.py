"""What the demonstration shows: a table for the terminal and a page that needs nothing but itself."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_JPEG_QUALITY = 90

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --card: #8881; --soft: #888; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2.5rem auto; max-width: 72rem; padding: 0 1.25rem; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; }
p { margin: .25rem 0 1.25rem; color: var(--soft); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .45rem .75rem; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); font-size: .85rem; }
td.number, th.number { text-align: right; }
.outcome { border-radius: 1rem; padding: .1rem .6rem; font-size: .8rem; font-weight: 600; color: #fff; }
.FOUND { background: #1a7f4b; } .NO_TARGET { background: #57606a; } .FAILED, .STALE { background: #c0392b; }
.cards { display: grid; gap: 1rem; margin: 2rem 0; }
.cards { grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); }
figure { margin: 0; border: 1px solid var(--line); border-radius: .6rem; overflow: hidden; }
figure { background: var(--card); }
figure img { display: block; width: 100%; }
figcaption { padding: .6rem .8rem; display: flex; justify-content: space-between; gap: 1rem; }
"""


@dataclass(frozen=True)
class Answer:
    """What came back for one sentence.

    Attributes:
        sentence: as it was said.
        outcome: FOUND, NO_TARGET, FAILED or STALE.
        box: (x1, y1, x2, y2) in pixels, half-open; zeros where there is none.
        score: 0 to 1, NaN unless FOUND.
        milliseconds: from the picture's arrival at the node to the answer.
        iou: overlap of the mask with the simulator's truth, 0 to 1; None where the truth is not known. For a
            sentence without a target it is 1 for an empty mask, else 0.
        overlay: picture with the answer drawn on it.
        reason: why it FAILED or is STALE.
    """

    sentence: str
    outcome: str
    box: tuple[int, int, int, int]
    score: float
    milliseconds: float
    iou: float | None
    overlay: Path | None
    reason: str = ""

    def cells(self) -> tuple[str, ...]:
        """The columns of `HEADINGS` as text."""
        box = " ".join(str(v) for v in self.box) if self.outcome == "FOUND" else "–"
        score = "–" if math.isnan(self.score) else f"{self.score:.3f}"
        iou = "–" if self.iou is None else f"{self.iou:.2f}"
        return (self.sentence, self.outcome, box, score, f"{self.milliseconds:.0f}", iou)


HEADINGS = ("sentence", "outcome", "box (x1 y1 x2 y2)", "score", "ms", "IoU with truth")
_NUMBERS = ("score", "ms", "IoU with truth")


def text_table(answers: Sequence[Answer]) -> str:
    """The answers as an aligned table."""
    rows = [HEADINGS, *(answer.cells() for answer in answers)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(HEADINGS))]
    lines = []
    for row in rows:
        cells = (
            cell.rjust(width) if name in _NUMBERS else cell.ljust(width)
            for name, cell, width in zip(HEADINGS, row, widths, strict=True)
        )
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def page(title: str, lead: str, answers: Sequence[Answer]) -> str:
    """A complete HTML document: the table, and every overlay embedded.

    Raises:
        OSError: an overlay cannot be read.
    """
    head = "".join(f"<th{_class(name)}>{html.escape(name)}</th>" for name in HEADINGS)
    body = "\n".join(_row(answer) for answer in answers)
    cards = "\n".join(_card(answer, answer.overlay) for answer in answers if answer.overlay is not None)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{html.escape(title)}</h1>
<p>{html.escape(lead)}</p>
<table>
<thead><tr>{head}</tr></thead>
<tbody>
{body}
</tbody>
</table>
<div class="cards">
{cards}
</div>
</body>
</html>
"""


def _row(answer: Answer) -> str:
    cells = dict(zip(HEADINGS, (html.escape(cell) for cell in answer.cells()), strict=True))
    cells["outcome"] = _chip(answer)
    return "<tr>" + "".join(f"<td{_class(name)}>{cell}</td>" for name, cell in cells.items()) + "</tr>"


def _card(answer: Answer, overlay: Path) -> str:
    sentence = html.escape(answer.sentence)
    return (
        f'<figure><img alt="{sentence}" src="data:image/jpeg;base64,{_jpeg(overlay)}">'
        f"<figcaption><span>{sentence}</span>{_chip(answer)}</figcaption></figure>"
    )


def _jpeg(path: Path) -> str:
    """A picture as base64 of a JPEG: a page of lossless drawings would be several megabytes."""
    import cv2

    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise OSError(f"{path} is missing or not a picture")
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return base64.b64encode(data.tobytes()).decode("ascii")


def _chip(answer: Answer) -> str:
    title = f' title="{html.escape(answer.reason)}"' if answer.reason else ""
    outcome = html.escape(answer.outcome)
    return f'<span class="outcome {outcome}"{title}>{outcome}</span>'


def _class(heading: str) -> str:
    return ' class="number"' if heading in _NUMBERS else ""
