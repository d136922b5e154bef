"""Helpdesk exports: a JSON file of articles with HTML bodies, each article a document of its own."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from proofdesk.knowledge.ingest.meta import read_fields
from proofdesk.knowledge.ingest.values import Limits, Meta, Unreadable

_LISTS = ("articles", "documents", "data", "items", "results")
_TITLES = ("title", "name", "question")
_BODIES = ("body", "html", "content", "text", "answer")
_LINKS = ("html_url", "url", "link")
_LANGUAGES = ("locale", "language")
_OWN = ("product", "region", "tier", "owner", "valid_from", "valid_to", "audience")
MAX_ID_CHARS = 100


class Article(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    body: str
    html: bool
    meta: Meta


def read_articles(text: str, limits: Limits, *, lines: bool) -> list[Article]:
    """Published articles; drafts are left out. `lines`: one JSON object a line. Raises Unreadable."""
    found: list[Article] = []
    seen: set[str] = set()
    for where, entry in _entries(text, lines=lines):
        if entry.get("draft") is True or str(entry.get("status", "published")).lower() in ("draft", "archived"):
            continue
        article = _article(entry, where)
        if article.id in seen:
            raise Unreadable("broken", f"{where}: id {article.id!r} is used twice")
        seen.add(article.id)
        found.append(article)
        if len(found) > limits.documents:
            raise Unreadable("too_large", f"holds more than {limits.documents} articles; divide the file")
    return found


def _entries(text: str, *, lines: bool) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if lines:
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                yield f"line {number}", _object(_decoded(line, f"line {number}"), f"line {number}")
        return
    data = _decoded(text, "the file")
    if isinstance(data, dict):
        name = next((name for name in _LISTS if isinstance(data.get(name), list)), None)
        if name is None:
            raise Unreadable("broken", f"no list of articles; expected one under {', '.join(_LISTS)}")
        data = data[name]
    if not isinstance(data, list):
        raise Unreadable("broken", "neither a list of articles nor an object that holds one")
    for place, entry in enumerate(data):
        yield f"articles[{place}]", _object(entry, f"articles[{place}]")


def _decoded(text: str, where: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Unreadable("broken", f"{where}: {error}") from None


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Unreadable("broken", f"{where}: is no article but {type(value).__name__}")
    return value


def _article(entry: Mapping[str, Any], where: str) -> Article:
    title, body_name = _first(entry, _TITLES), next((name for name in _BODIES if entry.get(name)), None)
    if not title or body_name is None or not isinstance(entry[body_name], str):
        raise Unreadable("broken", f"{where}: an article needs a title and a body (one of {', '.join(_BODIES)})")
    return Article(
        id=str(entry.get("id") or title)[:MAX_ID_CHARS],
        title=" ".join(title.split()),
        body=entry[body_name],
        html=body_name != "text",
        meta=_meta(entry, where),
    )


def _meta(entry: Mapping[str, Any], where: str) -> Meta:
    given: dict[str, Any] = {name: entry[name] for name in _OWN if entry.get(name) is not None}
    if language := _first(entry, _LANGUAGES):
        head, _, region = language.partition("-")
        given["language"] = f"{head.lower()}-{region.upper()}" if region else head.lower()
    if link := _first(entry, _LINKS):
        given["link"] = link
    if "audience" not in given and "user_segment_id" in entry:
        # Zendesk's help centre: no segment means that everybody may see it.
        given["audience"] = "public" if entry["user_segment_id"] is None else "internal"
    return read_fields(given, where)


def _first(entry: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((str(entry[name]) for name in names if isinstance(entry.get(name), str) and entry[name]), "")
