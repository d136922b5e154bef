"""What is said about documents: front matter at their head, manifest.yaml beside them. YAML without aliases."""

import fnmatch
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import msgspec
import yaml

from proofdesk.knowledge.ingest.values import Meta, Unreadable

MANIFEST = "manifest.yaml"
MAX_FRONT_CHARS = 20_000
MAX_MANIFEST_CHARS = 1_000_000
MAX_VALUES = 50
MAX_VALUE_CHARS = 500
FIELDS = tuple(field.name for field in msgspec.structs.fields(Meta))
_LISTS = frozenset(("product", "region", "tier"))
_DATES = frozenset(("valid_from", "valid_to"))
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What the manifest says of the files its pattern fits."""

    files: str
    meta: Meta


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`keep`: contact details of the company itself that are no personal data. `ignore`: patterns not to read."""

    collection: str = ""
    defaults: Meta = Meta()
    entries: tuple[Entry, ...] = ()
    keep: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def meta(self, name: str) -> Meta:
        """Later entries win over earlier ones and over the defaults."""
        found = self.defaults
        for entry in self.entries:
            if fnmatch.fnmatchcase(name, entry.files):
                given = {n: v for n, v in msgspec.structs.asdict(entry.meta).items() if v is not None}
                found = msgspec.structs.replace(found, **given)
        return found

    def ignores(self, name: str) -> bool:
        return name == MANIFEST or any(fnmatch.fnmatchcase(name, pattern) for pattern in self.ignore)


def read_manifest(text: str) -> Manifest:
    """Raises Unreadable with line and field."""
    if len(text) > MAX_MANIFEST_CHARS:
        raise Unreadable("metadata", f"manifest.yaml: longer than {MAX_MANIFEST_CHARS} characters")
    data = _mapping(text, MANIFEST)
    known = {"collection", "defaults", "documents", "keep", "ignore"}
    for name in data:
        if name not in known:
            raise Unreadable("metadata", f"manifest.yaml: {name}: unknown; it has {', '.join(sorted(known))}")
    documents = data.get("documents") or []
    if not isinstance(documents, list):
        raise Unreadable("metadata", "manifest.yaml: documents: must be a list of {files: PATTERN, audience: …}")
    return Manifest(
        collection=_text(data.get("collection", ""), "manifest.yaml: collection"),
        defaults=read_fields(_inner(data.get("defaults") or {}, "defaults"), "manifest.yaml: defaults"),
        entries=tuple(_entries(documents)),
        keep=_texts(data.get("keep") or [], "manifest.yaml: keep"),
        ignore=_texts(data.get("ignore") or [], "manifest.yaml: ignore"),
    )


def split_front_matter(text: str) -> tuple[Meta, str]:
    """A document's own fields between two lines of `---`, and the text after them. Raises Unreadable."""
    if not text.startswith("---\n"):
        return Meta(), text
    end = text.find("\n---", 3, MAX_FRONT_CHARS)
    if end < 0 or text[end + 4 : end + 5] not in ("", "\n"):
        return Meta(), text
    return read_fields(_mapping(text[4 : end + 1], "front matter"), "front matter"), text[end + 5 :]


def read_fields(data: Mapping[str, Any], where: str) -> Meta:
    """Raises Unreadable naming the field."""
    given: dict[str, Any] = {}
    for name, value in data.items():
        at = f"{where}: {name}"
        if name not in FIELDS:
            raise Unreadable("metadata", f"{at}: unknown field; write one of {', '.join(FIELDS)}")
        if value is None:
            continue
        if name in _LISTS:
            given[name] = _texts(value if isinstance(value, list) else [value], at)
        elif name in _DATES:
            given[name] = _day(value, at)
        else:
            given[name] = _text(value, at)
    _check(given, where)
    return Meta(**given)


def _check(given: Mapping[str, Any], where: str) -> None:
    if given.get("audience", "internal") not in ("public", "internal"):
        raise Unreadable("metadata", f"{where}: audience: write public or internal, not {given['audience']!r:.60}")
    if "language" in given and not _LANGUAGE.fullmatch(given["language"]):
        raise Unreadable("metadata", f"{where}: language: write a code such as en or pt-BR")
    if "link" in given and not re.match(r"https?://\S+$", given["link"]):
        raise Unreadable("metadata", f"{where}: link: write an http or https address")
    since, until = given.get("valid_from"), given.get("valid_to")
    if since and until and until < since:
        raise Unreadable("metadata", f"{where}: valid_to {until} is before valid_from {since}")


def _entries(documents: list[Any]) -> Iterator[Entry]:
    for number, each in enumerate(documents):
        where = f"manifest.yaml: documents[{number}]"
        fields = dict(_inner(each, where))
        files = fields.pop("files", None)
        if not isinstance(files, str) or not files:
            raise Unreadable("metadata", f"{where}: files: name a file or a pattern such as public/*.md")
        yield Entry(files=files, meta=read_fields(fields, where))


def _inner(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise Unreadable("metadata", f"{where}: must be fields with values, such as audience: public")
    return value


def _mapping(text: str, where: str) -> Mapping[str, Any]:
    """YAML that is a mapping. Aliases are refused: a few of them make a document that fills the memory."""
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise Unreadable("metadata", f"{where}: line {_line(event)}: aliases are not allowed")
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        raise Unreadable("metadata", f"{where}: {line}{getattr(error, 'problem', None) or error}") from None
    return _inner({} if data is None else data, where)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _text(value: Any, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float) or len(str(value)) > MAX_VALUE_CHARS:
        raise Unreadable("metadata", f"{where}: must be a text of at most {MAX_VALUE_CHARS} characters")
    return str(value).strip()


def _texts(values: Any, where: str) -> tuple[str, ...]:
    if not isinstance(values, list) or len(values) > MAX_VALUES:
        raise Unreadable("metadata", f"{where}: must be a list of at most {MAX_VALUES} texts")
    return tuple(_text(value, where) for value in values)


def _day(value: Any, where: str) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise Unreadable("metadata", f"{where}: write a day as 2026-11-30, not {str(value)[:40]!r}") from None
