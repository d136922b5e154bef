"""Broken and hostile documents: a precise error each, and nothing of them is kept."""

import io
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofdesk.knowledge.ingest.read import read
from proofdesk.knowledge.ingest.values import Broken, Job, Limits, Parsed
from tests.rooms.knowledge.ingest.samples import W, docx, line, paragraph, pdf, run, tarred, zipped

LAUGHS = f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><w:document {W}>&b;</w:document>'
DEEP = zipped(("1.zip", zipped(("2.zip", zipped(("3.md", b"# deep"))))))


def encrypted_zip() -> bytes:
    plain = bytearray(zipped(("a.md", b"# A")))
    at = plain.find(b"PK\x01\x02")
    struct.pack_into("<H", plain, at + 8, 1)
    return bytes(plain)


def linked_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("link.md")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return out.getvalue()


CASES = [
    ("big.html", b"<p>x</p>" * 6_553_600, "too_large", "52428800 bytes"),
    ("none.md", b" \n", "empty", "nothing"),
    ("unseen.html", b"<p hidden>words</p>", "empty", "no text"),
    ("a.exe", b"MZ", "unknown_kind", ".docx"),
    ("latin.md", "# Ä\nGebühr".encode("latin-1"), "encoding", "line 1: byte 2 (0xc4)"),
    ("wide.txt", "Gebühr".encode("utf-16-le"), "encoding", "UTF-8"),
    ("odd.html", b"<meta charset=klingon><p>a</p>", "encoding", "klingon"),
    ("front.md", b"---\naudience: everyone\n---\ntext", "metadata", "audience: write public or internal"),
    ("front.md", b"---\na: &x [1]\nb: *x\n---\ntext", "metadata", "aliases"),
    ("front.md", b"---\nvalid_to: soon\n---\ntext", "metadata", "valid_to: write a day"),
    ("front.md", b"---\nvalid_from: 2026-02-01\nvalid_to: 2026-01-01\n---\nt", "metadata", "before"),
    ("front.md", b"---\ntitle: [\n---\nt", "metadata", "line"),
    ("a.pdf", b"no pdf", "broken", "%PDF-"),
    ("a.pdf", pdf(line("words", y=700))[:200], "broken", "damaged"),
    ("a.pdf", pdf("0 0 m 10 10 l S"), "empty", "text recognition"),
    ("a.docx", b"PK\x03\x04 cut off", "broken", "DOCX"),
    ("a.docx", zipped(("other.xml", b"<a/>")), "broken", "word/document.xml"),
    ("a.docx", zipped(("word/document.xml", LAUGHS.encode())), "broken", "document type"),
    ("a.docx", zipped(("word/document.xml", b"<w:document")), "broken", "line 1"),
    ("a.docx", docx(paragraph(run("x" * 9_000_000))), "archive_bomb", "unpacks"),
    ("a.zip", b"PK\x03\x04 cut off", "broken", "archive"),
    ("a.tar.gz", b"\x1f\x8b cut off", "broken", "archive"),
    ("a.zip", zipped(("a.md", b"# fine"), ("../../evil.md", b"# A")), "archive_unsafe", "outside"),
    ("a.zip", zipped(("a.md", b"# fine"), ("C:\\evil.md", b"# A")), "archive_unsafe", "outside"),
    ("a.tgz", tarred(("a.md", b"# fine"), ("/evil.md", b"# A")), "archive_unsafe", "outside"),
    ("a.tgz", tarred(("a.md", b"# fine"), links=[("b.md", "/etc/passwd")]), "archive_unsafe", "link"),
    ("a.zip", linked_zip(), "archive_unsafe", "link"),
    ("a.zip", encrypted_zip(), "encrypted", "password"),
    ("a.zip", zipped(("a.md", b"# fine"), ("b.md", b"0" * 9_000_000)), "archive_bomb", "b.md"),
    ("a.tgz", tarred(("a.md", b"# fine"), ("b.md", b"0" * 9_000_000)), "archive_bomb", "b.md"),
    ("a.zip", DEEP, "too_deep", "2 deep"),
    ("a.zip", zipped(("manifest.yaml", b"documents: 5"), ("a.md", b"# A")), "metadata", "documents"),
    ("faq.csv", b"question,reply\na,b\n", "broken", "column answer"),
    ("faq.csv", b"question,answer\na,b,c\n", "broken", "line 2"),
    ("faq.csv", b'question,answer\n"a', "broken", "line"),
    ("a.json", b'{"articles": [{"id": 1}]}', "broken", "articles[0]"),
    ("a.json", b'{"articles": [', "broken", "the file"),
    ("a.jsonl", b'{"id":1,"title":"a","body":"b"}\n5\n', "broken", "line 2"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "code", "says"), CASES, ids=lambda v: v[:30] if isinstance(v, str) else "")
def test_each_has_its_own_error_and_leaves_nothing(name: str, data: bytes, code: str, says: str) -> None:
    (found,) = read(Job(name=name, data=data))
    assert isinstance(found, Broken)
    assert (found.code, says in found.message) == (code, True), found


def test_one_bad_member_does_not_spoil_the_others() -> None:
    found = list(read(Job(name="a.zip", data=zipped(("a.md", b"# A\nwords"), ("b.pdf", b"no"), ("c.txt", b"fine")))))
    assert [type(each) for each in found] == [Parsed, Broken, Parsed]


@pytest.mark.parametrize(
    ("limits", "data"),
    [(Limits(archive_files=2), zipped(*((f"{n}.md", b"# A") for n in range(3)))),
     (Limits(archive_bytes=700), zipped(*((f"{n}.md", b"# A" * 100) for n in range(3))))],
)  # fmt: skip
def test_the_limits_of_an_archive(limits: Limits, data: bytes) -> None:
    (found,) = read(Job(name="a.zip", data=data, limits=limits))
    assert isinstance(found, Broken) and found.code in ("archive_bomb", "too_large")


@given(st.sampled_from(["a.md", "a.html", "a.txt", "a.csv", "a.json", "a.zip", "a.tar", "a.docx", "a.pdf"]),
       st.one_of(st.binary(max_size=400), st.text(max_size=300).map(str.encode)))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_an_outcome(name: str, data: bytes) -> None:
    for found in read(Job(name=name, data=data)):
        assert isinstance(found, Broken) or found.parts


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_damage_to_a_pdf_or_docx_gives_an_outcome(data: st.DataObject) -> None:
    name, whole = data.draw(st.sampled_from([
        ("a.pdf", pdf(line("Words here", y=700), line("more", y=600))), ("a.docx", docx(paragraph(run("Words here")))),
        ("a.zip", zipped(("a.md", b"# Words"))),
    ]))  # fmt: skip
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    for found in read(Job(name=name, data=bytes(damaged))):
        assert isinstance(found, Broken) or found.parts
