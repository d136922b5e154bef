"""Small charts as SVG text: bars and lines, readable in black and white, each with its table beside it in the page."""

from collections.abc import Sequence
from html import escape
from typing import Final

_WIDTH: Final = 720
_ROW: Final = 28
_LABEL: Final = 190
_VALUE: Final = 90


def bars(title: str, rows: Sequence[tuple[str, float, str]]) -> str:
    """Horizontal bars: (label, value, value in words). Negative values grow to the left of a zero line."""
    high, low = max([0.0, *(value for _, value, _ in rows)]), min([0.0, *(value for _, value, _ in rows)])
    span = (high - low) or 1.0
    room = _WIDTH - _LABEL - _VALUE

    def at(value: float) -> float:
        return _LABEL + (value - low) / span * room

    parts = []
    for place, (label, value, words) in enumerate(rows):
        y = place * _ROW
        left, right = sorted((at(0.0), at(value)))
        parts.append(
            f'<text x="{_LABEL - 10}" y="{y + 18}" text-anchor="end" class="label">{escape(_cut(label))}</text>'
            f'<rect x="{left:.1f}" y="{y + 5}" width="{max(right - left, 1):.1f}" height="18" rx="3" '
            f'class="{"bar" if value >= 0 else "bar bad"}"/>'
            f'<text x="{right + 8:.1f}" y="{y + 18}" class="value">{escape(words)}</text>'
        )
    return _svg(title, len(rows) * _ROW, "".join(parts))


def lines(title: str, labels: Sequence[str], series: Sequence[tuple[str, Sequence[float]]], height: int = 200) -> str:
    """Lines over a common axis; the second is dashed so that colour is not needed to tell them apart."""
    top = max((max(values) for _, values in series if values), default=0.0) or 1.0
    low = min(0.0, *(min(values) for _, values in series if values))
    count = max(len(labels), 2)
    left, right, base = 60, _WIDTH - 10, height - 26

    def x(place: int) -> float:
        return left + place / (count - 1) * (right - left)

    def y(value: float) -> float:
        return base - (value - low) / (top - low) * (base - 12)

    parts = []
    for share in (0.0, 0.5, 1.0):
        value = low + share * (top - low)
        parts.append(
            f'<line x1="{left}" x2="{right}" y1="{y(value):.1f}" y2="{y(value):.1f}" class="grid"/>'
            f'<text x="{left - 8}" y="{y(value) + 4:.1f}" text-anchor="end" class="label">{_short(value)}</text>'
        )
    for number, (_, values) in enumerate(series):
        points = " ".join(f"{x(place):.1f},{y(value):.1f}" for place, value in enumerate(values))
        parts.append(f'<polyline points="{points}" class="line s{number + 1}"/>')
    step = max(1, len(labels) // 6)
    for place in range(0, len(labels), step):
        anchor = "start" if place == 0 else "middle"
        parts.append(
            f'<text x="{x(place):.1f}" y="{height - 6}" text-anchor="{anchor}" class="label">'
            f"{escape(labels[place])}</text>"
        )
    return _svg(title, height, "".join(parts))


def _svg(title: str, height: int, inside: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {max(height, 1)}" role="img" aria-label="{escape(title, quote=True)}" '
        f'preserveAspectRatio="xMinYMin meet">{inside}</svg>'
    )


def _cut(label: str) -> str:
    return label if len(label) <= 26 else label[:25] + "…"


def _short(value: float) -> str:
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.1f}{unit}"
    return f"{value:.0f}"
