"""Pieces of the page: tables, pictures inside the file, and the style."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from html import escape

from PIL import Image

STYLE = """
body { font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; color: #1f2328; background: #fff;
       margin: 2em auto; max-width: 1180px; padding: 0 1.5em; }
h1 { font-size: 1.6em; margin-bottom: 0.2em; } h2 { margin-top: 2em; border-bottom: 1px solid #d1d9e0; }
p.note { color: #59636e; max-width: 75em; font-size: 13px; }
table { border-collapse: collapse; margin: 0.8em 0; font-variant-numeric: tabular-nums; }
th, td { border: 1px solid #d1d9e0; padding: 4px 10px; text-align: right; }
th:first-child, td:first-child { text-align: left; } th { background: #f6f8fa; font-weight: 600; }
td small { color: #59636e; display: block; white-space: nowrap; }
.facts td { text-align: left; overflow-wrap: anywhere; }
.charts { display: flex; flex-wrap: wrap; gap: 1.5em; } figure { margin: 0; }
figcaption { font-size: 13px; color: #59636e; max-width: 440px; }
svg { background: #fff; font: 11px system-ui, "DejaVu Sans", sans-serif; } svg text { fill: #1f2328; }
svg .grid { stroke: #e4e8ec; stroke-width: 1; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(340px, 1fr)); gap: 14px; }
.cell { border: 1px solid #d1d9e0; border-radius: 6px; padding: 8px; background: #f6f8fa; }
.cell .pictures { display: flex; gap: 4px; align-items: flex-start; }
.cell img { width: 50%; display: block; } .cell img.alone { width: 100%; }
.cell .sentence { margin: 6px 0 2px; } .cell .sentence span { padding: 1px 3px; border-radius: 3px; }
.cell .verdict { font-size: 12.5px; color: #59636e; } .good { color: #1a7f37; } .bad { color: #b42318; }
"""


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An HTML table; cells are HTML, so escape what comes from files."""
    head = "".join(f"<th>{cell}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def percent(value: float | None, interval: Sequence[float | None] | None = None) -> str:
    """A share 0..1 in percent, with its interval; "-" for none."""
    if value is None or math.isnan(value):
        return "-"
    text = f"{100 * value:.2f}"
    if interval is not None and interval[0] is not None and interval[1] is not None:
        text += f" <small>[{100 * interval[0]:.1f}, {100 * interval[1]:.1f}]</small>"
    return text


def picture(image: Image.Image, alt: str, css: str = "", quality: int = 82) -> str:
    """An <img> that holds its picture."""
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=quality)
    encoded = base64.b64encode(buffer.getvalue()).decode("ascii")
    attribute = f' class="{css}"' if css else ""
    return f'<img{attribute} alt="{escape(alt)}" src="data:image/jpeg;base64,{encoded}">'


def figure(content: str, caption: str) -> str:
    """A chart with its caption."""
    return f"<figure>{content}<figcaption>{caption}</figcaption></figure>"


def document(title: str, body: str) -> str:
    """The whole page."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>{body}</body></html>\n"
    )
