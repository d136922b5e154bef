"""`proofdesk triage`: from labelled lines to a model, its promises, and predictions with their reasons."""

import json

import pytest

from proofdesk.cli.run import run

WORDS = {
    "refund": ["money back", "refund", "reimburse me", "return the payment"],
    "cancel": ["cancel", "stop", "call off", "do not send"],
    "track": ["where is", "track", "has it shipped", "when will it arrive"],
    "address": ["new address", "I moved", "deliver elsewhere", "change the street"],
}
THINGS = ["my order", "the parcel", "that chair", "the lamp", "my last purchase", "the blue shirt", "both boxes"]


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("PROOFDESK_HOME", str(tmp_path / "home"))


@pytest.fixture
def data(tmp_path):
    rows = [
        {"text": f"{lead} {word} {thing}".strip(), "intent": intent}
        for intent, words in WORDS.items()
        for word in words
        for thing in THINGS
        for lead in ("", "please", "hello,")
    ]
    rows += [{"text": f"tell me a joke about number {n} and the moon", "intent": "oos"} for n in range(24)]
    return lines(tmp_path / "rows.jsonl", rows)


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def answered(capsys, *words):
    code = run([str(word) for word in ("triage", *words, "--json")])
    out = capsys.readouterr().out.strip().splitlines()
    return code, json.loads(out[-1])


def test_train_predict_evaluate_certify(data, tmp_path, capsys):
    model = tmp_path / "m.npz"
    code, made = answered(capsys, "train", "--data", data, "--out", model)
    assert code == 0
    assert made["intents"] == 4
    assert made["oos_rows"] == 24
    card = (tmp_path / "m.npz.md").read_text()
    assert made["model_hash"] in card
    assert "## Promises" in card

    asked = lines(tmp_path / "ask.jsonl", [{"id": 7, "text": "pleas cancle my order"}, {"text": "sing about the moon"}])
    code, _ = answered(capsys, "predict", "--model", model, "--in", asked, "--out", tmp_path / "said.jsonl")
    first, second = [json.loads(line) for line in (tmp_path / "said.jsonl").read_text().splitlines()]
    assert code == 0
    assert first["id"] == 7
    assert first["intent"] == "cancel"
    assert first["top5"][0]["intent"] == "cancel"
    assert first["oos_score"] < second["oos_score"]
    assert any("cancle" in phrase["text"] for phrase in first["phrases"]), "as written, though read as another word"
    assert second["accepted"] is False

    code, seen = answered(capsys, "evaluate", "--model", model, "--data", data)
    assert code == 0
    wanted = {
        "accuracy", "macro_f1", "ece", "oos_auroc", "promised", "realised", "coverage", "coverage_with_oos",
        "p50_ms", "p99_ms", "per_cpu_s",
    }  # fmt: skip
    assert wanted <= set(seen)
    assert seen["rows"] == 336
    assert seen["accuracy"] > 0.95
    assert seen["oos_auroc"] > 0.95

    code, found = answered(capsys, "certify", "--model", model, "--data", data, "--target", "0.9", "--alpha", "0.1")
    assert code == 0
    assert found["certificate"]["target"] == 0.9
    code, found = answered(capsys, "certify", "--model", model, "--data", data, "--target", "0.9999")
    assert code == 1, "336 rows cannot carry such a promise"
    assert found["ok"] is False


def test_the_same_rows_give_the_same_model(data, tmp_path, capsys):
    made = [answered(capsys, "train", "--data", data, "--out", tmp_path / f"{n}.npz")[1] for n in (1, 2)]
    assert made[0]["model_hash"] == made[1]["model_hash"]


def test_without_out_of_scope_rows_it_is_said(data, tmp_path, capsys):
    rows = [line for line in data.read_text().splitlines() if '"oos"' not in line]
    data.write_text("\n".join(rows))
    _, made = answered(capsys, "train", "--data", data, "--out", tmp_path / "m.npz")
    assert any("no out-of-scope rows" in notice for notice in made["notices"])
    _, seen = answered(capsys, "evaluate", "--model", tmp_path / "m.npz", "--data", data)
    assert seen["oos_auroc"] is None
    assert seen["coverage_with_oos"] is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "rows.jsonl:3"),
        ('{"text": 5, "intent": "a"}', "$.text"),
        ('{"intent": "a"}', "text"),
        ('{"text": "hello"}', "field intent: missing"),
        ('{"text": " ", "intent": "a"}', "field text: empty"),
    ],
)
def test_a_bad_line_is_named_by_file_line_and_field(line, said, tmp_path, capsys):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "a", "intent": "x"}\n{"text": "b", "intent": "y"}\n' + line + "\n")
    code, found = answered(capsys, "train", "--data", path, "--out", tmp_path / "m.npz")
    assert code == 2
    assert "rows.jsonl:3" in found["error"]
    assert said in found["error"]


def test_what_is_no_model_or_no_tier_is_refused(data, tmp_path, capsys):
    (tmp_path / "m.npz").write_bytes(b"nothing")
    assert answered(capsys, "evaluate", "--model", tmp_path / "m.npz", "--data", data)[0] == 2
    code, found = answered(capsys, "train", "--data", data, "--out", tmp_path / "n.npz", "--tier", "best")
    assert code == 2
    assert "--tier" in found["error"]
