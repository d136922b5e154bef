"""HTML from values: everything is escaped here, nothing is pasted."""

from collections.abc import Iterable, Sequence
from html import escape

_CHIPS = {
    "solved": "ok",
    "closed": "ok",
    "confirmed": "ok",
    "handed_off": "warn",
    "uncertain": "crit",
    "refused": "crit",
    "given_up": "crit",
    "waiting_approval": "warn",
}


class Html(str):
    """Text that is HTML already. Everything else is escaped on its way into a page."""

    __slots__ = ()


def safe(value: object) -> Html:
    return value if isinstance(value, Html) else Html(escape("" if value is None else str(value)))


def chip(status: str) -> Html:
    return Html(f'<span class="chip {_CHIPS.get(status, "")}">{safe(status)}</span>')


def link(path: str, text: str) -> Html:
    return Html(f'<a href="{safe(path)}">{safe(text)}</a>')


def pre(text: str) -> Html:
    return Html(f"<pre>{safe(text)}</pre>")


def table(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Html:
    """A titled table, or a line saying that there is nothing."""
    body = "".join("<tr>" + "".join(f"<td>{safe(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    if not body:
        return Html(f"<h2>{safe(title)}</h2><p>None.</p>")
    head = "".join(f'<th scope="col">{safe(each)}</th>' for each in heads)
    return Html(
        f'<h2>{safe(title)}</h2><div class="card"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def figures(items: Iterable[tuple[str, object]]) -> Html:
    cards = "".join(
        f'<div class="card kpi"><span>{safe(label)}</span><b>{safe(value)}</b></div>' for label, value in items
    )
    return Html(f'<div class="kpis">{cards}</div>')


def page(title: str, *parts: Html) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{safe(title)}</title><link rel="stylesheet" href="/assets/proofdesk.css"></head>'
        f"<body><main>{''.join(parts)}</main></body></html>"
    )
