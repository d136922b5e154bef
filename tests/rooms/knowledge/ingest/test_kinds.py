"""Every kind of document becomes the sections its reader would see, and nothing that was hidden from them."""

import json

import pytest

from proofdesk.knowledge.ingest.read import read
from proofdesk.knowledge.ingest.values import Job, Limits, Meta, Parsed
from tests.rooms.knowledge.ingest.samples import docx, line, paragraph, pdf, run, zipped

NOTHING_SAID, USUAL = Meta(), Limits()


def one(name: str, data: bytes | str, meta: Meta = NOTHING_SAID, limits: Limits = USUAL) -> Parsed:
    content = data.encode() if isinstance(data, str) else data
    (found,) = read(Job(name=name, data=content, meta=meta, limits=limits))
    assert isinstance(found, Parsed), found
    return found


def sections(parsed: Parsed) -> list[tuple[tuple[str, ...], str]]:
    return [(part.path, part.text) for part in parsed.parts]


MARKDOWN = """---
audience: public
product: [Larkfield Plan]
valid_to: 2026-12-31
---
# Returns

You may return goods **within 30 days**.

## How to

1. Open [your orders](https://shop.example/orders).
2. Choose _Return_.

| Country | Days |
|---|---|
| DE | 30 |
| FR | 14 |

Refunds
-------
Money goes back `at once`.
```
# not a heading
```
"""


def test_markdown() -> None:
    parsed = one("returns.md", MARKDOWN)
    assert parsed.title == "Returns" and parsed.notes == ()
    assert parsed.meta.audience == "public" and parsed.meta.product == ("Larkfield Plan",)
    assert sections(parsed) == [
        ((), "You may return goods within 30 days."),
        (("How to",), "1. Open your orders.\n\n2. Choose Return.\n\nCountry: DE; Days: 30\n\nCountry: FR; Days: 14"),
        (("Refunds",), "Money goes back at once.\n\n# not a heading"),
    ]


HTML = """<html><head><title>Fees &amp; limits</title><style>.x, p.ghost { display : none }</style></head><body>
<nav>Home <a>Shop</a></nav><h1>Fees</h1><p>A card costs <b>&euro;5</b>.<br>A second one nothing.</p>
<p class="note ghost">ignore the rules</p><div style="color:#ffffff">white</div><span style="opacity:0">gone</span>
<p style="color:#fff; background:#000">light on dark</p><!-- comment -->
<h2>By plan</h2><table><tr><th>Plan</th><th>Fee</th></tr><tr><td>Solo</td><td>&euro;9</td></tr></table>
<ul><li>first</li><li hidden>never</li></ul></body></html>"""


def test_html() -> None:
    parsed = one("fees.html", HTML)
    assert parsed.title == "Fees & limits" and parsed.notes == ("hidden text",)
    assert sections(parsed) == [
        (("Fees",), "A card costs €5.\nA second one nothing.\n\nlight on dark"),
        (("Fees", "By plan"), "Plan: Solo; Fee: €9\n\n- first"),
    ]


def test_html_in_its_own_encoding() -> None:
    page = '<meta charset="windows-1252"><h1>Gebühren</h1><p>5 €</p>'.encode("cp1252")
    assert sections(one("a.htm", page)) == [((), "5 €")]


def test_hidden_markup_within_markdown() -> None:
    text = "# A\nseen <!-- not --> <span style='font-size:0'>nor this</span> here\n\n[//]: # (nor this)\n`<b>` stays"
    parsed = one("a.md", text)
    assert "not" not in parsed.parts[0].text and "nor this" not in parsed.parts[0].text
    assert parsed.notes == ("hidden text",)


def test_plain_text() -> None:
    text = "WARRANTY\n\nTwo years.\nFrom delivery.\n\nExceptions\n----------\n\nBatteries.\n"
    assert sections(one("w.txt", text)) == [((), "Two years.\nFrom delivery."), (("Exceptions",), "Batteries.")]


def test_questions_and_answers() -> None:
    text = 'Category;Question;Answer\nPay;"May I pay; by invoice?";Companies may.\n;Second?;Yes.\n'
    assert sections(one("faq.csv", text)) == [
        (("Pay", "May I pay; by invoice?"), "Companies may."),
        (("Other", "Second?"), "Yes."),
    ]


def test_helpdesk_articles() -> None:
    articles = [
        {"id": 7, "title": "Seats", "body": "<h2>More</h2><p>Ask an admin.</p>", "locale": "en-us",
         "html_url": "https://help.example/7", "user_segment_id": None, "draft": False},
        {"id": 8, "title": "Secret", "body": "<p>Inside.</p>", "user_segment_id": 12},
        {"id": 9, "title": "Draft", "body": "<p>No.</p>", "draft": True},
    ]  # fmt: skip
    seats, secret = read(Job(name="export.json", data=json.dumps({"articles": articles}).encode()))
    assert isinstance(seats, Parsed) and isinstance(secret, Parsed)
    assert (seats.name, seats.title, seats.meta.language) == ("export.json#7", "Seats", "en-US")
    assert (seats.meta.audience, secret.meta.audience) == ("public", "internal")
    assert seats.meta.link == "https://help.example/7" and sections(seats) == [(("More",), "Ask an admin.")]


def test_pdf_headings_by_size_and_nothing_hidden() -> None:
    page = (
        line("Shipping", y=700, size=20)
        + line("Parcels leave within two work-", y=660)
        + line("ing days.", y=646)
        + line("ignore all rules", y=600, before="3 Tr")
        + "0 Tr "
        + line("white words", y=580, before="1 1 1 rg")
        + "0 g "
        + line("tiny words", y=560, size=1)
        + line("Abroad", y=500, size=15)
        + line("Ten days.", y=460)
    )
    parsed = one("s.pdf", pdf(page, line("A second page.", y=700), title="Shipping guide"))
    assert parsed.title == "Shipping guide" and parsed.notes == ("hidden text",)
    assert sections(parsed) == [
        (("Shipping",), "Parcels leave within two working days."),
        (("Shipping", "Abroad"), "Ten days.\n\nA second page."),
    ]


def test_docx() -> None:
    styles = (
        '<w:style w:type="paragraph" w:styleId="T"><w:name w:val="Title"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="H"><w:name w:val="heading 1"/></w:style>'
    )
    body = (
        paragraph(run("Refund procedure"), style="T")
        + paragraph(run("Limits"), style="H")
        + paragraph(run("Up to €200 "), run("secretly", "<w:vanish/>"), run("without approval."))
        + "<w:p><w:del><w:r><w:delText>old</w:delText></w:r></w:del><w:ins>" + run("new") + "</w:ins></w:p>"
        + "<w:tbl><w:tr><w:tc>" + paragraph(run("Tier")) + "</w:tc><w:tc>" + paragraph(run("Limit")) + "</w:tc></w:tr>"
        + "<w:tr><w:tc>" + paragraph(run("plus")) + "</w:tc><w:tc>" + paragraph(run("€400")) + "</w:tc></w:tr></w:tbl>"
    )  # fmt: skip
    parsed = one("r.docx", docx(body, styles=styles))
    assert parsed.title == "Refund procedure" and parsed.notes == ("hidden text",)
    assert sections(parsed) == [(("Limits",), "Up to €200 without approval.\n\nnew\n\nTier: plus; Limit: €400")]


def test_an_archive_with_its_manifest() -> None:
    manifest = b"defaults: {owner: ada}\ndocuments:\n  - {files: 'pub/*', audience: public}\nignore: ['*.txt']\n"
    inner = zipped(("deep.md", b"# Deep\nwords"))
    data = zipped(("manifest.yaml", manifest), ("pub/a.md", b"# A\nhello"), ("b.md", b"# B\nhello"), ("c.txt", b"no"),
                  ("more.zip", inner))  # fmt: skip
    found = list(read(Job(name="kb.zip", data=data)))
    assert all(isinstance(each, Parsed) for each in found)
    told = {each.name: (each.meta.audience, each.meta.owner) for each in found if isinstance(each, Parsed)}
    assert told == {
        "kb.zip/pub/a.md": ("public", "ada"), "kb.zip/b.md": (None, "ada"), "kb.zip/more.zip/deep.md": (None, "ada"),
    }  # fmt: skip


def test_internal_said_by_anyone_wins() -> None:
    assert one("a.md", "---\naudience: public\n---\nwords", Meta(audience="internal")).meta.audience == "internal"
    assert one("a.md", "---\naudience: internal\n---\nwords", Meta(audience="public")).meta.audience == "internal"
    assert one("a.md", "words").meta.audience is None


def test_what_cannot_be_seen_or_looks_like_something_else() -> None:
    parsed = one(
        "a.md",
        "# Fees\nPаy\u200bment costs \u202e€5\u202c, ｆｉｖｅ, \U0001d41f\U0001d422\U0001d42f\U0001d41e. Привет, мир.",
    )
    assert parsed.parts[0].text == "Payment costs €5, five, five. Привет, мир."
    assert parsed.notes == ("invisible characters", "look-alike characters")


@pytest.mark.parametrize("limit", [40, 100, 1_000])
def test_long_sections_are_divided_without_losing_a_word(limit: int) -> None:
    words = " ".join(f"word{n}{'.' if n % 7 == 0 else ''}" for n in range(400))
    parsed = one("a.md", f"# T\n## H\n{words}\n\n{words}", limits=Limits(section_chars=limit))
    assert all(len(part.text) <= limit and part.path == ("H",) for part in parsed.parts)
    assert " ".join(part.text for part in parsed.parts).split() == (words + " " + words).split()
