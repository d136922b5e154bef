"""Files of past tickets: read in full, or every fault with its file, line and field."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from proofdesk.core.simulation.values import Human
from proofdesk.flows.simulation.past import Past, TicketFileError, read_past


def read(tmp_path: Path, text: str, name: str = "t.jsonl") -> Past:
    path = tmp_path / name
    path.write_bytes(text.encode())
    return read_past(path)


def test_a_full_row(tmp_path: Path):
    found = read(
        tmp_path,
        '{"id":1,"at":"2026-03-01T10:00:00+02:00","text":"Cancel it","intent":["b","a","b"],"action":"orders.cancel",'
        '"amount_minor":500,"status":"Closed","lookups":[{"capability":"orders.read","args":{"x":1},"value":2}]}\n'
        '{"kind":"example","text":"stop it","intent":"a","at":"2026-01-01","sources":["7"]}\n',
    )
    (ticket,), (example,) = found.tickets, found.examples
    assert (ticket.id, ticket.at, ticket.solved, ticket.line) == ("1", datetime(2026, 3, 1, 8, tzinfo=UTC), True, 1)
    assert ticket.human == Human(intents=("a", "b"), action="orders.cancel", amount_minor=500)
    assert (ticket.records, ticket.verified) == (None, None)
    assert ticket.lookups[0].value == 2
    assert (example.intent, example.sources) == ("a", ("7",))


def test_csv_with_other_names_and_several_intents(tmp_path: Path):
    head = "\ufeffID,created_at,body,procedure,escalated,extra\n"
    found = read(tmp_path, head + '1,2026-03-01,"Two\nlines",a | b,no,x\n2,2026-03-02,Help,,yes,\n', "t.csv")
    assert [ticket.line for ticket in found.tickets] == [2, 4]
    assert found.tickets[0].human == Human(intents=("a", "b"))
    assert found.tickets[1].human == Human(handed_over=True)


def test_not_handed_over_alone_says_nothing(tmp_path: Path):
    assert read(tmp_path, '{"id":"1","at":"2026-03-01","text":"x","handed_over":false}').tickets[0].human is None


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('{"id":"2"', "t.jsonl:2: not JSON"),
        ("[1]", "t.jsonl:2: must be a JSON object"),
        ('{"id":"1","at":"2026-03-01","text":"x"}', "t.jsonl:2: field id: 1 is also on line 1"),
        ('{"at":"2026-03-01","text":"x"}', "t.jsonl:2: field id: missing"),
        ('{"id":"2","at":"01/03/26","text":"x"}', "t.jsonl:2: field at: '01/03/26' is no ISO date"),
        ('{"id":"2","text":"x"}', "t.jsonl:2: field at: missing"),
        ('{"id":"2","at":"2026-03-01","text":" "}', "t.jsonl:2: field text: missing"),
        ('{"id":"2","at":"2026-03-01","text":"x","amount_minor":"1.5"}', "t.jsonl:2: field amount_minor: '1.5'"),
        ('{"id":"2","at":"2026-03-01","text":"x","handed_over":"perhaps"}', "t.jsonl:2: field handed_over: 'perhaps'"),
        ('{"id":"2","at":"2026-03-01","text":"x","records":{}}', "t.jsonl:2: field records"),
        ('{"id":"2","at":"2026-03-01","text":"x","intnet":"a"}', "intnet"),
        ('{"kind":"example","text":"x"}', "t.jsonl:2: field intent: an example has exactly one"),
        ('{"kind":"note","id":"2","at":"2026-03-01","text":"x"}', "t.jsonl:2: field kind: 'note'"),
    ],
)
def test_faults_name_file_line_and_field(tmp_path: Path, line: str, fault: str):
    with pytest.raises(TicketFileError) as raised:
        read(tmp_path, '{"id":"1","at":"2026-03-01","text":"x"}\n' + line)
    assert fault in str(raised.value)
    assert str(raised.value).startswith("t.jsonl:2")


def test_all_faults_are_listed_up_to_a_limit(tmp_path: Path):
    with pytest.raises(TicketFileError) as raised:
        read(tmp_path, "{}\n" * 50)
    assert len(str(raised.value).splitlines()) == 21


@pytest.mark.parametrize(
    ("content", "name", "fault"),
    [
        (b"\n", "t.jsonl", "t.jsonl: no ticket"),
        (b'{"id":"1"}\n\xff', "t.jsonl", "t.jsonl:2: not UTF-8"),
        (b"id,text\n1,x\n", "t.csv", "t.csv:1: no column at"),
        (b"id,at,text\n1,2026-03-01,x,y\n", "t.csv", "t.csv:2: more cells than the 3 columns"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, content: bytes, name: str, fault: str):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TicketFileError, match=fault):
        read_past(path)
