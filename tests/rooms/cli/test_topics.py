"""`proofdesk topics`: a file in, a topic for every line out, measured where the lines are labelled."""

import json

from tests.rooms.cli.running import inside
from tests.rooms.topics.test_discover import KINDS, TEXTS

LINES = [
    {"id": f"t{number}", "text": text, "intent": kind}
    for number, (text, kind) in enumerate(zip(TEXTS, KINDS, strict=True))
]


def test_every_line_gets_a_topic_and_the_labels_measure_them(tmp_path):
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(json.dumps(line) for line in LINES))
    done = inside("topics", "--in", str(source), "--out", str(out), "--json")
    assert done.code == 0, done.err
    assert {"topics", "assigned", "unassigned", "accuracy", "nmi", "ari"} <= set(done.json)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["id"] for row in rows] == [line["id"] for line in LINES]
    assert done.json["assigned"] == sum(row["topic"] is not None for row in rows)
    assert done.json["nmi"] > 0.5


def test_a_broken_line_is_named(tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "fine"}\n{"txt": 1}\n')
    done = inside("topics", "--in", str(source), "--out", str(tmp_path / "out.jsonl"))
    assert done.code == 2 and "in.jsonl:2" in done.err and "text" in done.err
