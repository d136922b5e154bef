"""One input to its documents, by its kind. Runs in the limited process; pure apart from the libraries' own state."""

import re
from collections.abc import Callable, Iterator

import msgspec

from proofdesk.knowledge.ingest.archive import Budget, is_archive, members
from proofdesk.knowledge.ingest.articles import read_articles
from proofdesk.knowledge.ingest.clean import clean
from proofdesk.knowledge.ingest.decode import declared_in_html, decode
from proofdesk.knowledge.ingest.docx import read_docx
from proofdesk.knowledge.ingest.html import read_html
from proofdesk.knowledge.ingest.markdown import read_markdown
from proofdesk.knowledge.ingest.meta import MANIFEST, Manifest, read_manifest, split_front_matter
from proofdesk.knowledge.ingest.pdf import read_pdf
from proofdesk.knowledge.ingest.plain import read_plain
from proofdesk.knowledge.ingest.sections import divide
from proofdesk.knowledge.ingest.tables import read_faq
from proofdesk.knowledge.ingest.values import Block, Broken, Job, Limits, Meta, Outcome, Parsed, Unreadable, combined

Read = tuple[str, list[Block], set[str], Meta]
"""title, blocks, notes, what the document says of itself"""
ARTICLES = (".json", ".jsonl")
MAX_TITLE_CHARS = 300


def read(job: Job) -> Iterator[Outcome]:
    """Every document of an input, or why it cannot be read."""
    yield from _read(job, Budget(job.limits), 0)


def _read(job: Job, budget: Budget, depth: int) -> Iterator[Outcome]:
    try:
        limit = job.limits.file_bytes if not is_archive(job.name) else job.limits.archive_bytes
        if len(job.data) > limit:
            raise Unreadable("too_large", f"is {len(job.data)} bytes, at most {limit} are read; divide it")
        if not job.data.strip():
            raise Unreadable("empty", "holds nothing")
        if is_archive(job.name):
            yield from _archive(job, budget, depth)
        elif job.name.lower().endswith(ARTICLES):
            yield from _articles(job)
        else:
            yield _document(job)
    except Unreadable as error:
        yield Broken(name=job.name, code=error.code, message=error.message)


def _archive(job: Job, budget: Budget, depth: int) -> Iterator[Outcome]:
    """Unpacked as a whole before anything of it is read, so that a bad archive leaves nothing behind."""
    if depth >= job.limits.archive_depth:
        raise Unreadable("too_deep", f"archives within archives are read {job.limits.archive_depth} deep")
    inside = dict(members(job.data, job.name, budget))
    manifest = Manifest(defaults=job.meta)
    if MANIFEST in inside:
        own = read_manifest(decode(inside[MANIFEST]))
        manifest = msgspec.structs.replace(own, defaults=combined(job.meta, own.defaults))
    for path, data in inside.items():
        if manifest.ignores(path) or _litter(path):
            continue
        meta = manifest.meta(path)
        if job.meta.audience == "internal":
            meta = msgspec.structs.replace(meta, audience="internal")
        yield from _read(Job(name=f"{job.name}/{path}", data=data, meta=meta, limits=job.limits), budget, depth + 1)


def _litter(path: str) -> bool:
    """What file systems leave in archives."""
    return path.startswith("__MACOSX/") or path.rsplit("/", 1)[-1].startswith(".")


def _articles(job: Job) -> Iterator[Outcome]:
    text = decode(job.data, job.meta.encoding)
    for article in read_articles(text, job.limits, lines=job.name.lower().endswith(".jsonl")):
        name = f"{job.name}#{article.id}"
        try:
            if article.html:
                _, blocks, notes = read_html(article.body)
            else:
                blocks, notes = read_plain(article.body), set()
            read_as = (article.title, blocks, notes, article.meta)
            yield _finished(name, read_as, job.meta, job.limits)
        except Unreadable as error:
            yield Broken(name=name, code=error.code, message=error.message)


def _document(job: Job) -> Parsed:
    suffix = re.search(r"\.[A-Za-z0-9]{1,10}$", job.name)
    kind = _KINDS.get(suffix.group().lower() if suffix else "")
    if kind is None:
        known = ", ".join(sorted([*_KINDS, *ARTICLES, ".zip", ".tar", ".tar.gz"]))
        raise Unreadable("unknown_kind", f"is of no kind that is read; known are {known}")
    return _finished(job.name, kind(job), job.meta, job.limits)


def _finished(name: str, read_as: Read, operator: Meta, limits: Limits) -> Parsed:
    """Cleaned and divided. Raises Unreadable."""
    title, raw, notes, own = read_as
    found = set(notes)
    blocks = []
    for block in raw:
        text, wrong = clean(block.text)
        found |= wrong
        if text.strip():
            blocks.append(Block(block.level, text.strip()))
    chars = sum(len(block.text) for block in blocks)
    if chars > limits.text_chars:
        raise Unreadable("too_large", f"holds {chars} characters, at most {limits.text_chars} are read; divide it")
    meta = combined(operator, own)
    headings = (block.text for block in blocks if block.level)
    named = clean(meta.title or title)[0].strip() or next(headings, "") or _stem(name)
    parts = divide(blocks, named, limits)
    if not parts:
        raise Unreadable("empty", "holds no text that a reader would see")
    return Parsed(name=name, title=named[:MAX_TITLE_CHARS], parts=parts, meta=meta, notes=tuple(sorted(found)))


def _stem(name: str) -> str:
    last = name.rsplit("/", 1)[-1].rsplit("#", 1)[-1]
    return re.sub(r"[-_]+", " ", last.rsplit(".", 1)[0]).strip() or last


def _markdown(job: Job) -> Read:
    own, text = split_front_matter(decode(job.data, job.meta.encoding))
    return (*read_markdown(text), own)


def _html(job: Job) -> Read:
    text = decode(job.data, job.meta.encoding or declared_in_html(job.data))
    return (*read_html(text), Meta())


def _plain(job: Job) -> Read:
    own, text = split_front_matter(decode(job.data, job.meta.encoding))
    return "", read_plain(text), set(), own


def _faq(job: Job) -> Read:
    return "", read_faq(decode(job.data, job.meta.encoding)), set(), Meta(title=_stem(job.name))


def _pdf(job: Job) -> Read:
    return (*read_pdf(job.data, job.limits), Meta())


def _docx(job: Job) -> Read:
    return (*read_docx(job.data, job.limits), Meta())


_KINDS: dict[str, Callable[[Job], Read]] = {
    ".md": _markdown, ".markdown": _markdown, ".html": _html, ".htm": _html, ".txt": _plain, ".csv": _faq,
    ".tsv": _faq, ".pdf": _pdf, ".docx": _docx,
}  # fmt: skip
