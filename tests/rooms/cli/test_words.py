"""Wrong use and wrong input: exit 2, one clear message, no traceback; --json ends with one object."""

import json
import socket
from pathlib import Path

import pytest

from proofdesk.cli.house import SYSTEM_HOME, default_home
from proofdesk.cli.run import CHECK_FAILED, DONE, WRONG_USE, run
from tests.rooms.cli.running import ROOT, proofdesk

LARKFIELD = ROOT / "examples/larkfield"
STORY = ROOT / "tests/stories/tenant"
GOOD = LARKFIELD / "procedures/cancel_order.yaml"


def last_json(text: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(text.strip().splitlines()[-1])
    return found


def test_help_names_every_command_and_costs_no_room() -> None:
    done = proofdesk("--help")
    assert done.code == DONE
    for command in ("up", "web", "worker", "tenant", "key", "approve", "ticket", "handoffs", "replay", "ledger",
                    "invoice", "procedure", "policy", "erase", "check", "redact"):  # fmt: skip
        assert f" {command} " in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nonsense",), "No such command 'nonsense'"),
        (("ticket", "show"), "Missing argument 'ID'"),
        (("ticket", "show", "17"), "'17' is no ticket id"),
        (("up", "--port", "99999"), "65535. Try `proofdesk up --help`"),
        (("up", "--clock-speed", "0", "--home", "unused"), "--clock-speed must be above 0"),
        (("up", "--log-level", "loud"), "--log-level must be one of debug"),
        (("procedure", "check", "missing.yaml"), "missing.yaml: No such file"),
        (("policy", "check", "missing.cedar"), "missing.cedar: No such file"),
        (("redact", "--in", "missing.txt", "--out", "x"), "missing.txt"),
    ],
)
def test_wrong_use_is_one_clear_line(
    words: tuple[str, ...],
    said: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run([*words]) == WRONG_USE
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err


def test_with_json_an_error_is_an_object_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ticket", "show", "17", "--json"]) == WRONG_USE
    found = last_json(capsys.readouterr().out)
    assert found["ok"] is False
    assert "'17' is no ticket id" in str(found["error"])


def test_a_wrong_setting_names_the_variable(tmp_path: Path) -> None:
    done = proofdesk("tenant", "list", "--home", str(tmp_path), PROOFDESK_CONCURRENCY="many")
    assert done.code == WRONG_USE
    assert "concurrency" in done.err
    assert "Traceback" not in done.err


def test_a_wrong_database_address_says_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"postgresql://nobody@127.0.0.1:{port}/none"
    done = proofdesk("tenant", "list", "--home", str(tmp_path), PROOFDESK_DATABASE_URL=url)
    assert done.code == WRONG_USE
    assert "PROOFDESK_DATABASE_URL" in done.err
    assert "Traceback" not in done.err


def test_a_taken_port_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from proofdesk.cli.output import UserError
    from proofdesk.cli.serve import listen

    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UserError, match="choose --port"):
        listen("127.0.0.1", taken.getsockname()[1])


def test_a_good_procedure_is_checked_and_its_tests_print_their_paths(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["procedure", "check", str(GOOD)]) == DONE
    assert "cancel_order" in capsys.readouterr().out
    assert run(["procedure", "test", str(GOOD)]) == DONE
    assert " > " in capsys.readouterr().out
    assert run(["procedure", "test", str(GOOD), "--json"]) == DONE
    assert last_json(capsys.readouterr().out)["ok"] is True


def test_a_faulty_procedure_names_file_line_and_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(GOOD.read_text().replace("orders.read", "orders.reed", 1))
    assert run(["procedure", "check", str(bad), "--tenant-dir", str(LARKFIELD)]) == WRONG_USE
    err = capsys.readouterr().err
    assert f"{bad}:" in err
    assert "orders.reed" in err


def test_a_failing_procedure_test_exits_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = GOOD.read_text()
    assert "outcome: resolved" in text
    bad = tmp_path / "bad.yaml"
    bad.write_text(text.replace("outcome: resolved", "outcome: informed", 1))
    assert run(["procedure", "test", str(bad), "--tenant-dir", str(LARKFIELD), "--json"]) == CHECK_FAILED
    found = last_json(capsys.readouterr().out)
    assert (found["ok"], found["failed"]) == (False, 1)


def test_a_procedure_can_be_tried_with_given_facts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = tmp_path / "case.yaml"
    case.write_text("requester: null\n")
    assert run(["procedure", "run", str(GOOD), "--case", str(case), "--json"]) == DONE
    assert "outcome" in last_json(capsys.readouterr().out)
    case.write_text("slotz: {}\n")
    assert run(["procedure", "run", str(GOOD), "--case", str(case)]) == WRONG_USE
    assert "slotz" in capsys.readouterr().err


def test_the_schema_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["procedure", "schema"]) == DONE
    assert last_json(capsys.readouterr().out)["title"] == "proofdesk procedure"


def test_policies_are_checked_against_the_capabilities_around_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["policy", "check", str(LARKFIELD / "policy.cedar")]) == DONE
    capsys.readouterr()
    bad = tmp_path / "policy.cedar"
    bad.write_text('permit (principal, action == Action::"orders.melt", resource);\n')
    assert run(["policy", "check", str(bad), "--tenant-dir", str(LARKFIELD)]) == WRONG_USE
    assert f"{bad}:1:" in capsys.readouterr().err
    assert run(["policy", "check", str(bad)]) == WRONG_USE
    assert "--tenant-dir" in capsys.readouterr().err


def test_redaction_is_measured_where_true_spans_are_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    text = "Write to ada@example.com today"
    source.write_text(json.dumps({"text": text, "spans": [{"start": 9, "end": 24, "kind": "EMAIL"}]}) + "\nplain\n")
    assert run(["redact", "--in", str(source), "--out", str(out), "--json"]) == DONE
    found = last_json(capsys.readouterr().out)
    assert (found["texts"], found["spans"]) == (2, {"EMAIL": 1})
    assert (found["recall"], found["precision"]) == ({"EMAIL": 1.0}, {"EMAIL": 1.0})
    assert "ada@example.com" not in out.read_text()
    source.write_text('{"text": 5}\n')
    assert run(["redact", "--in", str(source), "--out", str(out)]) == WRONG_USE
    assert f"{source}:1: " in capsys.readouterr().err


def test_root_keeps_its_data_where_the_databases_user_can_go(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert default_home(closed, root=True) == SYSTEM_HOME
    assert default_home(closed, root=False) == closed / "var/proofdesk"
    (closed / "var/proofdesk").mkdir(parents=True)
    assert default_home(closed, root=True) == closed / "var/proofdesk"
