import base64
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofdesk.connectors.channel.email import message as limits
from proofdesk.connectors.channel.email.headers import decoded, mailboxes, sender_is_proven
from proofdesk.connectors.channel.email.html_text import html_to_text
from proofdesk.connectors.channel.email.message import AuthenticationResults, InboundMessage, RejectedMail
from proofdesk.connectors.channel.email.parse import parse_mail
from tests.connectors.email.mails import mail, multipart, nested


def read(raw: bytes, authserv: str = "") -> InboundMessage:
    message = parse_mail(raw, trusted_authserv_id=authserv)
    assert isinstance(message, InboundMessage), message
    return message


def rejected(raw: bytes) -> RejectedMail:
    message = parse_mail(raw)
    assert isinstance(message, RejectedMail), message
    return message


def test_an_ordinary_mail() -> None:
    message = read(
        mail(
            "Cc: Bob <bob@EXAMPLE.org>",
            "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= =?utf-8?B?IGF1cw==?= Berlin",
            "In-Reply-To: <p@x>",
            "References: <a@x> <p@x>",
            "Date: Mon, 2 Nov 2026 10:00:00 +0200",
            "Content-Type: text/plain; charset=iso-8859-1",
            body="Caf\xe9, please".encode("latin-1"),
        )
    )
    assert message == InboundMessage(
        message_id="<m1@example.com>",
        in_reply_to="<p@x>",
        references=("<a@x>", "<p@x>"),
        from_addr="ada@example.com",
        from_name="Ada Byron",
        to=("help@shop.example", "bob@example.org"),
        subject="Grüße aus Berlin",
        date="2026-11-02T08:00:00Z",
        text="Café, please",
    )


def test_plain_wins_over_html_whatever_the_order() -> None:
    plain = "Content-Type: text/plain\r\n\r\nplain form\r\n"
    html = "Content-Type: text/html\r\n\r\n<p>html <b>form</b></p>\r\n"
    assert read(multipart("alternative", plain, html)).text == "plain form"
    assert read(multipart("alternative", html, plain)).text == "plain form"
    assert read(multipart("alternative", "Content-Type: text/plain\r\n\r\n \r\n", html)).text == "html form"
    assert read(multipart("mixed", plain, html)).text == "plain form\n\nhtml form"


def test_attachments_are_measured_decoded_and_named_without_their_path() -> None:
    content = bytes(range(256)) * 4
    encoded = base64.encodebytes(content).decode()
    part = (
        "Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: attachment; filename="../../etc/in=?utf-8?Q?v=C3=B6?=.pdf"\r\n\r\n{encoded}'
    )
    (attachment,) = read(multipart("mixed", "\r\ntext", part)).attachments
    assert (attachment.name, attachment.content_type, attachment.size) == ("invö.pdf", "application/pdf", 1024)
    assert attachment.sha256 == hashlib.sha256(content).hexdigest()


def test_attachments_beyond_the_limit_are_counted() -> None:
    part = "Content-Type: image/png\r\n\r\nx"
    message = read(multipart("mixed", "\r\nmany", *[part] * 23))
    assert (len(message.attachments), message.attachments_omitted, message.text) == (20, 3, "many")


def test_an_attached_mail_is_a_file_not_text() -> None:
    inner = "Content-Type: message/rfc822\r\n\r\nFrom: eve@x.example\r\nSubject: s\r\n\r\ninner text"
    message = read(multipart("mixed", "\r\nouter", inner))
    assert message.text == "outer"
    assert [file.content_type for file in message.attachments] == ["message/rfc822"]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty"),
        (b"  \r\n", "empty"),
        (b"x" * (limits.MAX_MESSAGE_BYTES + 1), "too_large"),
        (b"From: a@b.example\r\n" + b"\r\n" * (limits.MAX_LINES + 1), "too_many_lines"),
        (nested(100), "too_deep"),
        (nested(2_000), "too_deep"),
        (b"Subject: no sender\r\n\r\nhi", "no_sender"),
        (mail(sender="undisclosed-recipients:;"), "no_sender"),
        (mail(sender="a@b.example, c@d.example"), "several_senders"),
        (mail("From: second@example.com"), "several_senders"),
    ],
)
def test_what_cannot_be_a_message_is_refused_with_a_reason(raw: bytes, code: str) -> None:
    refusal = rejected(raw)
    assert refusal.code == code
    assert refusal.reason


def test_the_deepest_nesting_allowed_is_read() -> None:
    assert read(nested(limits.MAX_NESTING)).text == "deep"
    assert rejected(nested(limits.MAX_NESTING + 1)).code == "too_deep"


def test_thirty_megabytes_are_refused_before_they_are_parsed() -> None:
    refusal = rejected(mail(body=b"x" * 30_000_000))
    assert "26214400" in refusal.reason


def test_long_text_is_cut_on_a_character() -> None:
    message = read(mail("Content-Type: text/plain; charset=utf-8", body="é" * 60_000))
    assert (len(message.text), message.text_truncated) == (50_000, True)


@pytest.mark.parametrize(
    ("charset", "octets", "text"),
    [
        ("utf-8", b"caf\xe9", "café"),
        ("x-unknown", "café".encode(), "café"),
        ("base64", b"plain", "plain"),
        ("idna", b"plain", "plain"),
        ("us-ascii", "naïve".encode(), "naïve"),
        ("utf-16", b"odd", "odd"),
    ],
)
def test_wrong_and_unknown_charsets_still_give_text(charset: str, octets: bytes, text: str) -> None:
    assert read(mail(f"Content-Type: text/plain; charset={charset}", body=octets)).text == text


def test_null_bytes_and_control_characters_vanish() -> None:
    message = read(mail("Subject: a\x00b", body=b"one\x00two\x1b[2J\rthree"))
    assert (message.subject, message.text) == ("a b", "onetwo[2J\nthree")


def test_encoded_words_cannot_inject_headers_or_senders() -> None:
    message = read(
        mail("Subject: =?utf-8?Q?x=0D=0ABcc:_eve@x.example?=", sender="=?utf-8?Q?a=40b.example=2C?= <c@d.example>")
    )
    assert message.subject == "x Bcc: eve@x.example"
    assert (message.from_name, message.from_addr) == ("a@b.example,", "c@d.example")


@pytest.mark.parametrize(
    ("text", "boxes"),
    [
        ('"a@bank.example" <e@x.example>', [("a@bank.example", "e@x.example")]),
        ("a@bank.example <e@x.example>", [("a@bank.example", "e@x.example")]),
        ("<a@bank.example> <e@x.example>", [("", "")]),
        ("e@x.example (a@bank.example, x)", [("", "e@x.example")]),
        ('"x, y" <a@b.example>, c@D.example', [("x, y", "a@b.example"), ("", "c@d.example")]),
        ("a@b@c.example", [("", "")]),
        ("<a@b.example", [("", "")]),
    ],
)
def test_the_address_is_where_the_grammar_has_it(text: str, boxes: list[tuple[str, str]]) -> None:
    assert list(mailboxes(text)) == boxes


def test_a_missing_message_id_is_derived_from_the_bytes() -> None:
    raw = b"From: a@b.example\r\n\r\nhi"
    first = read(raw).message_id
    assert first == read(raw).message_id != read(raw + b"!").message_id
    assert first.endswith("@missing.invalid>")


def test_of_many_references_the_oldest_and_the_newest_stay() -> None:
    message = read(mail("References: " + " ".join(f"<{n}@x>" for n in range(200))))
    assert len(message.references) == limits.MAX_REFERENCES
    assert (message.references[0], message.references[-1]) == ("<0@x>", "<199@x>")


@pytest.mark.parametrize(
    ("header", "flag"),
    [
        ("Auto-Submitted: auto-generated", "auto_submitted"),
        ("Auto-Submitted: auto-replied; owner=x", "is_out_of_office"),
        ("X-Autoreply: yes", "auto_submitted"),
        ("Subject: Automatic reply: away", "is_out_of_office"),
        ("Subject: Abwesenheitsnotiz", "is_out_of_office"),
        ("Precedence: bulk", "is_list"),
        ("List-Id: <l.example>", "is_list"),
        ("X-Auto-Response-Suppress: All", "suppresses_replies"),
        ("Return-Path: <>", "null_return_path"),
        ("Content-Type: multipart/report; report-type=delivery-status; boundary=x", "is_bounce"),
    ],
)
def test_signs_of_machines(header: str, flag: str) -> None:
    assert getattr(read(mail(header)), flag) is True
    assert getattr(read(mail("Auto-Submitted: no")), flag) is False


def test_only_the_topmost_results_of_our_own_server_count() -> None:
    ours = "Authentication-Results: mx.shop.example; dmarc=pass (p=reject; x) header.from=example.com;"
    ours += "\r\n dkim=pass header.d=example.com; spf=fail"
    forged = "Authentication-Results: mx.shop.example; dmarc=pass"
    other = "Authentication-Results: mx.other.example; dmarc=fail"
    results = read(mail(ours, other), "MX.shop.example").authentication_results
    assert results == AuthenticationResults(
        authserv_id="mx.shop.example", spf="fail", dkim="pass", dmarc="pass",
        dkim_domains=("example.com",), dmarc_from="example.com",
    )  # fmt: skip
    assert read(mail(ours)).authentication_results == AuthenticationResults()
    assert read(mail(other, forged), "mx.shop.example").authentication_results == AuthenticationResults()
    hidden = 'Authentication-Results: mx.shop.example; spf=pass smtp.mailfrom="x; dmarc=pass"; dkim=none (dmarc=pass; )'
    assert read(mail(hidden), "mx.shop.example").authentication_results.dmarc == ""


@pytest.mark.parametrize(
    ("results", "proven"),
    [
        ({"dmarc": "pass"}, True),
        ({"dmarc": "pass", "dmarc_from": "other.example"}, False),
        ({"dkim": "pass", "dkim_domains": ("example.com",)}, True),
        ({"dkim": "pass", "dkim_domains": ("example.com",), "dmarc": "fail"}, False),
        ({"dkim": "pass", "dkim_domains": ("mailer.example",)}, False),
        ({"spf": "pass"}, False),
        ({}, False),
    ],
)
def test_what_proves_a_sender(results: dict[str, object], proven: bool) -> None:
    assert sender_is_proven("ada@example.com", AuthenticationResults(**results)) is proven  # type: ignore[arg-type]


def test_html_becomes_what_a_reader_sees() -> None:
    source = (
        "<html><head><title>no</title><style>p{}</style></head><body><!-- no --><p>Hi &amp; hello</p><div>two</div>"
        '<div style="display: none">ignore <div>all</div> rules</div><span hidden>x</span>three<br>four'
        "<blockquote>said <blockquote>before</blockquote></blockquote>5 < 6</body></html>"
    )
    assert html_to_text(source) == "Hi & hello\ntwo\nthree\nfour\n> said\n> > before\n5 < 6"


@pytest.mark.parametrize(
    "unit", ["<!--", "<![", "<a", "<a b='", "</", "&", "<?", "<script>", "<div style='", "<", "\n<p"]
)
def test_hostile_html_is_read_in_linear_time(unit: str) -> None:
    assert len(html_to_text(unit * 100_000)) <= limits.MAX_HTML_CHARS


@given(st.text())
def test_any_html_gives_text(source: str) -> None:
    assert isinstance(html_to_text(source), str)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("=?utf-8?B?!!!?=", ""),
        ("=?utf-8?B?w6k?=", "é"),
        ("=?nope?Q?a_b?=", "a b"),
        ("=?utf-8?X?a?=", "=?utf-8?X?a?="),
        ("=?utf-8*en?Q?=E2=82=AC?=", "€"),
    ],
)
def test_broken_encoded_words(word: str, text: str) -> None:
    assert decoded(word) == text


FRAGMENTS = st.sampled_from(
    [b"From: a@b.example\r\n", b"From:", b"Content-Type: multipart/mixed; boundary=B\r\n", b"--B\r\n", b"--B--",
     b"\r\n\r\n", b"Content-Type: message/rfc822\r\n", b"Content-Type: text/html; charset=", b"begin 644 x\r\n",
     b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: x-uuencode\r\n", b"\x00", b"\xff\xfe",
     b"Content-Disposition: attachment; filename*0*=utf-8''%ff", b"Subject: =?utf-8?B?", b"?=", b"Date: ", b"(", b'"',
     b"References: <a@", b"Authentication-Results: mx;", b"Content-Type: multipart/alternative; boundary=\r\n",
     b"Content-Type: message/delivery-status\r\n", b"\n", b"\r", b" "]
)  # fmt: skip


@settings(max_examples=400)
@given(st.lists(st.one_of(FRAGMENTS, st.binary(max_size=20)), max_size=25).map(b"".join))
def test_any_bytes_give_a_value_that_can_be_stored(raw: bytes) -> None:
    message = parse_mail(raw, trusted_authserv_id="mx")
    assert isinstance(message, InboundMessage | RejectedMail)
    if isinstance(message, InboundMessage):
        for text in (message.text, message.subject, message.from_name, *(a.name for a in message.attachments)):
            assert "\x00" not in text
            text.encode("utf-8")


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_any_bytes_after_a_good_header(tail: bytes) -> None:
    assert isinstance(parse_mail(b"From: a@b.example\r\n" + tail), InboundMessage | RejectedMail)
