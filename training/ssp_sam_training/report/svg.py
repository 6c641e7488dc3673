"""Small charts as SVG text: lines and points on two axes from 0 to 1, or bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 440, 330
_LEFT, _TOP, _RIGHT, _BOTTOM = 52, 14, 14, 46
COLOURS = ("#1f6feb", "#d1480f", "#1a7f37", "#8250df", "#9a6700", "#57606a")


@dataclass(frozen=True)
class Line:
    """A series: points in data coordinates, joined or not.

    Attributes:
        name: for the legend; "" leaves it out.
        points: (x, y) each.
        joined: draw a line, else markers.
        dashed: of a line.
    """

    name: str
    points: Sequence[tuple[float, float]]
    joined: bool = True
    dashed: bool = False


@dataclass(frozen=True)
class Axes:
    """Names and limits of both axes; ticks are evenly spread."""

    x_name: str
    y_name: str
    x: tuple[float, float] = (0.0, 1.0)
    y: tuple[float, float] = (0.0, 1.0)
    ticks: int = 5


def chart(
    axes: Axes,
    lines: Sequence[Line],
    bars: Sequence[tuple[float, float, float]] = (),
    legend_on_top: bool = False,
) -> str:
    """One chart as an <svg> element.

    bars: (left, right, height) in data coordinates, drawn behind the lines. The legend is on the left.
    """
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{escape(axes.y_name)} over {escape(axes.x_name)}">'
    ]
    parts += _grid(axes)
    for left, right, height in bars:
        x0, y0 = _place(axes, left, height)
        x1, y1 = _place(axes, right, axes.y[0])
        parts.append(
            f'<rect x="{x0:.1f}" y="{y0:.1f}" width="{max(x1 - x0 - 1, 0.5):.1f}" '
            f'height="{max(y1 - y0, 0):.1f}" fill="#1f6feb" fill-opacity="0.35"/>'
        )
    for number, line in enumerate(lines):
        parts += _series(axes, line, COLOURS[number % len(COLOURS)])
    parts += _legend(lines, legend_on_top)
    parts.append("</svg>")
    return "".join(parts)


def _place(axes: Axes, x: float, y: float) -> tuple[float, float]:
    across = (x - axes.x[0]) / (axes.x[1] - axes.x[0])
    up = (y - axes.y[0]) / (axes.y[1] - axes.y[0])
    return (
        _LEFT + across * (WIDTH - _LEFT - _RIGHT),
        HEIGHT - _BOTTOM - up * (HEIGHT - _TOP - _BOTTOM),
    )


def _grid(axes: Axes) -> list[str]:
    parts = []
    for tick in range(axes.ticks + 1):
        share = tick / axes.ticks
        x_value = axes.x[0] + share * (axes.x[1] - axes.x[0])
        y_value = axes.y[0] + share * (axes.y[1] - axes.y[0])
        x, bottom = _place(axes, x_value, axes.y[0])
        _, top = _place(axes, x_value, axes.y[1])
        left, y = _place(axes, axes.x[0], y_value)
        right, _ = _place(axes, axes.x[1], y_value)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top:.1f}" y2="{bottom:.1f}" class="grid"/>')
        parts.append(f'<line x1="{left:.1f}" x2="{right:.1f}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 16:.1f}" text-anchor="middle">{x_value:.3g}</text>')
        parts.append(f'<text x="{left - 7:.1f}" y="{y + 4:.1f}" text-anchor="end">{y_value:.3g}</text>')
    middle = (HEIGHT - _BOTTOM + _TOP) / 2
    parts.append(
        f'<text x="{(_LEFT + WIDTH - _RIGHT) / 2:.1f}" y="{HEIGHT - 10}" text-anchor="middle">'
        f"{escape(axes.x_name)}</text>"
    )
    parts.append(
        f'<text x="14" y="{middle:.1f}" text-anchor="middle" transform="rotate(-90 14 {middle:.1f})">'
        f"{escape(axes.y_name)}</text>"
    )
    return parts


def _series(axes: Axes, line: Line, colour: str) -> list[str]:
    places = [_place(axes, x, y) for x, y in line.points]
    if not line.joined:
        return [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>' for x, y in places]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dash = ' stroke-dasharray="5 4"' if line.dashed else ""
    return [f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>']


def _legend(lines: Sequence[Line], on_top: bool) -> list[str]:
    parts: list[str] = []
    row = 0
    for number, line in enumerate(lines):
        if not line.name:
            continue
        y = _TOP + 20 + 16 * row if on_top else HEIGHT - _BOTTOM - 12 - 16 * row
        colour = COLOURS[number % len(COLOURS)]
        parts.append(f'<rect x="{_LEFT + 10}" y="{y - 8}" width="14" height="4" fill="{colour}"/>')
        parts.append(f'<text x="{_LEFT + 30}" y="{y - 2}">{escape(line.name)}</text>')
        row += 1
    return parts
