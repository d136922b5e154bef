"""Messy exports: a useful report, and one precise problem for each thing that is wrong."""

import gzip
import json

import duckdb
import pytest

from proofdesk.baseline.columns import MappingFile, UnknownColumn
from proofdesk.baseline.money import CostError, CostFile
from proofdesk.baseline.source import Unreadable
from tests.rooms.baseline.support import audit_of, problems, write

GOOD = ("2026-03-02T10:00:00Z", "2026-03-02T12:00:00Z")


def test_a_messy_file_gives_a_report_and_names_each_fault(tmp_path):
    path = tmp_path / "messy.csv"
    lines = [
        "Ticket ID;Requester;Category;Created;Resolved at;Handle minutes;CSAT",
        "1;a@x.example;Billing;13/03/2026 09:00;13/03/2026 11:00;5;good",
        "2;b@x.example;Billing;2026-03-14T10:00:00Z;;7;",
        "3;c@x.example;Größe;Mar 15, 2026 9:00 AM;15.3.2026 10:00;abc;bad",
        "3;c@x.example;Größe;15.3.2026 09:00;15.3.2026 10:00;4;bad",
        "4;d@x.example;Refund;someday;16.3.2026 10:00;4;",
        "5;e@x.example;Refund;16.3.2026 12:00;16.3.2026 10:00;4;Offered",
        "6;f@x.example;Refund",
        "7;g@x.example;Re;fund;16.3.2026 12:00;17.3.2026 10:00;4;;9",
        '8;h@x.example;"two',
        'lines";16.3.2026 12:00;17.3.2026 10:00;4;',
    ]
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    found = audit_of(path)
    assert found.tickets == 7
    assert problems(found) >= {
        (4, "Handle minutes", "unreadable number"), (4, "", "repeated ticket"), (6, "Created", "unreadable time"),
        (7, "solved", "impossible order"), (8, "", "too few fields"), (9, "", "too many fields"),
    }  # fmt: skip
    assert {group.name for group in found.by["intent"]} >= {"Billing", "Größe", "two lines"}
    assert found.overall.rates["csat"].denominator == 2


def test_a_file_in_another_encoding_is_read_and_said(tmp_path):
    path = tmp_path / "ansi.csv"
    path.write_bytes("id,category,created\n1,Café,2026-03-02\n2,naïve,2026-03-03\n".encode("cp1252"))
    found = audit_of(path)
    assert {group.name for group in found.by["intent"]} == {"Café", "naïve"}
    assert (2, "", "encoding") in problems(found)
    path.write_bytes("id\tcategory\tcreated\n1\tCafé\t2026-03-02\n".encode("utf-16"))
    assert audit_of(path).by["intent"][0].name == "Café"


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "empty"), (b"\n\n", "no header"), (b"id,created\n", "no row"), (b"\x1f\x8bbroken", "cannot be read|no row")],
)
def test_a_file_without_tickets_is_refused(tmp_path, content, says):
    path = tmp_path / ("x.csv.gz" if content.startswith(b"\x1f") else "x.csv")
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=says):
        audit_of(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(Unreadable, match="no such file"):
        audit_of(tmp_path / "nowhere.csv")


def test_json_lines_parquet_and_compressed_files_give_the_same(tmp_path):
    rows = [(n, f"r{n}", "billing", *GOOD) for n in range(20)]
    plain = write(tmp_path / "a.csv", [("id", "requester", "category", "created", "solved"), *rows])
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    lines = tmp_path / "a.jsonl"
    names = ("id", "requester", "category", "created", "solved")
    lines.write_text("\n".join(json.dumps(dict(zip(names, row, strict=True))) for row in rows))
    parquet = tmp_path / "a.parquet"
    duckdb.sql(f"COPY (SELECT * FROM read_csv('{plain}', all_varchar = true)) TO '{parquet}' (FORMAT parquet)")
    first = audit_of(plain).overall
    assert first.rates["resolution"].numerator == 20
    assert [audit_of(path).overall for path in (packed, lines, parquet)] == [first] * 3


def test_broken_json_lines_are_named_and_nested_ones_flattened(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"id": 1, "created_at": "2026-03-02", "via": {"channel": "web"}}\n{broken\n[1]\n')
    found = audit_of(path)
    assert found.by["channel"][0].name == "web"
    assert {(2, "", "unreadable row"), (3, "", "unreadable row")} <= problems(found)


def test_a_helpdesk_export_is_recognised(tmp_path):
    header = ("Ticket ID", "Subject", "Status", "Group", "Agent", "Created time", "Resolved time", "Agent interactions",
              "First response time (in hrs)", "Resolution status", "Survey results")  # fmt: skip
    row = ("1", "Hello", "Closed", "Tier 1", "Ann", "2026-03-02 10:00:00", "2026-03-02 12:00:00", "1", "0:30:00",
           "Within SLA", "Extremely happy")  # fmt: skip
    found = audit_of(write(tmp_path / "f.csv", [header, row]))
    assert found.source == "freshdesk"
    assert found.overall.spreads["ttfr_as_reported"].median == 30
    assert found.overall.rates["sla_resolution"].numerator == 1
    assert found.overall.rates["csat"].numerator == 1


def test_an_event_log_is_folded_into_tickets(tmp_path):
    rows = [
        ("case:concept:name", "concept:name", "time:timestamp", "org:resource", "actor"),
        ("A", "Ticket created", "2026-03-02T10:00:00Z", "", "customer"),
        ("A", "Assigned", "2026-03-02T10:05:00Z", "ann", "agent"),
        ("A", "Public reply sent", "2026-03-02T10:30:00Z", "ann", "agent"),
        ("A", "Resolved", "2026-03-02T11:00:00Z", "ann", "agent"),
        ("A", "Reopened", "2026-03-03T11:00:00Z", "", "customer"),
        ("A", "Resolved", "2026-03-03T12:00:00Z", "ann", "agent"),
        ("B", "Ticket created", "2026-03-02T10:00:00Z", "", "customer"),
        ("B", "Fell asleep", "2026-03-02T10:00:00Z", "", "system"),
    ]
    found = audit_of(write(tmp_path / "log.csv", rows))
    assert (found.shape, found.source, found.tickets, found.rows) == ("events", "event log", 2, 8)
    assert found.overall.rates["resolution"].numerator == 1
    assert found.overall.rates["reopen"].numerator == 1
    assert found.overall.spreads["ttfr_human_calendar"].mean == 30
    assert any("Fell asleep" in note for note in found.notes)


def test_day_and_month_are_told_apart_or_the_assumption_is_said(tmp_path):
    clear = write(tmp_path / "clear.csv", [("id", "created"), (1, "03/04/2026 10:00"), (2, "03/14/2026 10:00")])
    assert not audit_of(clear).notes
    assert [week.start for week in audit_of(clear).weeks] == ["2026-03-02", "2026-03-09"]
    unclear = write(tmp_path / "unclear.csv", [("id", "created"), (1, "03/04/2026 10:00")])
    assert any("day first" in note for note in audit_of(unclear).notes)
    assert audit_of(unclear, mapping=MappingFile(date_order="mdy")).weeks[0].start == "2026-03-02"


def test_a_mapping_settles_columns_and_is_checked(tmp_path):
    path = write(tmp_path / "odd.csv", [("nr", "wann", "fertig"), (1, *GOOD)])
    mapping = MappingFile(columns={"id": "nr", "created": "wann", "solved": "fertig"})
    assert audit_of(path, mapping=mapping).overall.rates["resolution"].numerator == 1
    with pytest.raises(UnknownColumn, match=r"columns\.created: the export has no column 'when'"):
        audit_of(path, mapping=MappingFile(columns={"created": "when"}))
    with pytest.raises(UnknownColumn, match=r"columns\.birthday: no such field"):
        audit_of(path, mapping=MappingFile(columns={"birthday": "nr"}))


def test_costs_nobody_gave_are_listed_and_wrong_ones_refused(tmp_path):
    rows = [("id", "created", "solved", "handle minutes"), *[(n, *GOOD, 9) for n in range(10)]]
    path = write(tmp_path / "c.csv", rows)
    found = audit_of(path, costs=CostFile(labour={"salary": 50_000.0}))
    assert found.costs is not None
    assert "labour.salary" not in found.costs.assumed
    assert "labour.burden" in found.costs.assumed
    assert found.costs.per_contact == pytest.approx(9 * found.costs.per_minute)
    with pytest.raises(CostError, match="known keys"):
        audit_of(path, costs=CostFile(labour={"salery": 1.0}))


def test_the_use_case_map_says_what_it_cannot_know(tmp_path):
    header = ("id", "category", "created", "solved", "public agent replies", "owners", "handle minutes", "macro")
    rows = [(n, "reset", *GOOD, 1, 1, 5, "send link") for n in range(30)]
    rows += [(100 + n, "dispute", *GOOD, 3, 2, 50, f"free text {n % 4}") for n in range(30)]
    found = audit_of(write(tmp_path / "u.csv", [header, *rows]))
    waves = {row.intent: row.wave for row in found.use_cases}
    assert waves == {"reset": 1, "dispute": "human"}
    assert found.first_cohorts == ("reset",)
    bare = audit_of(write(tmp_path / "b.csv", [header[:7], *[row[:7] for row in rows]]))
    assert {row.wave for row in bare.use_cases} == {"unknown"}
    assert "macros" in bare.use_cases[0].why
