"""`proofdesk up` as a process: a first ticket end to end, a killed worker replaced, stopped by a signal."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psycopg
import pytest

from bench.processes import temporary_home
from proofdesk.app import open_database
from proofdesk.settings import Settings
from tests.rooms.cli.running import ROOT, TOKENS, Done, background, inside, proofdesk

PATIENCE_S = 60.0


class Running(NamedTuple):
    home: Path
    office: str
    url: str
    pid: int
    log: Path

    def command(self, *words: str) -> Done:
        return inside(*words, "--home", str(self.home))

    def run(self, *words: str) -> Any:
        done = self.command(*words, "--json")
        assert done.code == 0, done.err
        return done.json


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    logs = tmp_path_factory.mktemp("logs")
    with temporary_home() as home, pytest.MonkeyPatch.context() as patch:
        for name, token in TOKENS.items():
            patch.setenv(name, token)
        office_words = ("examples.backoffice", "--port", "0", "--seed", "7", "--today", "2026-11-22")
        with background(*office_words, log=logs / "office.log") as (_, office):
            patch.setenv("LARKFIELD_URL", office)
            words = ("proofdesk.cli", "up", "--home", str(home), "--port", "0", "--workers", "2", "--json")
            log = logs / "up.log"
            with background(*words, log=log) as (process, line):
                url = json.loads(line)["url"]
                desk = Running(home, office, url, process.pid, log)
                desk.run("tenant", "load", str(ROOT / "examples/larkfield"))
                yield desk
                process.send_signal(signal.SIGTERM)
                assert process.wait(PATIENCE_S) == 0, log.read_text()
            assert "Traceback" not in log.read_text()
            assert not pids_of("proofdesk.cli", str(home)), "a process stayed behind"


def pids_of(*words: str) -> list[int]:
    """Processes whose command line or environment names all these words."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            text = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:
            continue
        if all(word.encode() in text for word in words) and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return found


def pending(running: Running) -> tuple[str, str]:
    """A pending order's id and its customer's address."""
    state = httpx.get(f"{running.office}/control/state").json()
    order = next(o for o in state["orders"].values() if o["status"] == "pending")
    return order["id"], state["customers"][order["customer_id"]]["email"]


def test_the_first_ticket_of_a_newcomer(running: Running) -> None:
    order, address = pending(running)
    words = ("ticket", "send", "--from", address, "--verified", "--text")
    asked = running.run(*words, f"Please cancel my order {order}.")
    assert (asked["ticket"]["status"], asked["ticket"]["waiting_for"]) == ("waiting_requester", "confirm")
    ticket_id = asked["ticket"]["ticket_id"]
    solved = running.run("ticket", "send", "--ticket", ticket_id, "--text", "yes")
    assert solved["ticket"]["status"] == "solved"
    assert httpx.get(f"{running.office}/control/state").json()["orders"][order]["status"] == "cancelled"
    shown = running.command("ticket", "show", ticket_id)
    for part in ("cancel_order", "path: ", "orders.cancel: allowed", "orders.cancel: confirmed", "read back: "):
        assert part in shown.out
    copy = running.run("ticket", "redacted", ticket_id)
    assert copy["known"] > 3
    (redacted := running.home / "redacted.txt").write_text(copy["messages"][0]["text"], encoding="utf-8")
    assert "⟦ORDER_" in redacted.read_text(encoding="utf-8")
    restored = running.run("ticket", "restore", ticket_id, "--in", str(redacted))
    assert restored["text"] in shown.out
    listed = proofdesk("ticket", "list", "--tenant", "larkfield", "--home", str(running.home), "--json").json
    assert ticket_id in {line["ticket_id"] for line in listed["tickets"]}
    replayed = running.run("replay", ticket_id)
    assert replayed["agrees"]
    assert len(replayed["decisions"]) >= 3


def test_a_key_from_the_command_line_opens_the_api(running: Running) -> None:
    made = running.run("key", "create", "--login", "ada", "--roles", "administrator,auditor")
    headers = {"Authorization": f"Bearer {made['key']}"}
    assert httpx.get(f"{running.url}/api/v1/summary", headers=headers).status_code == 200
    running.run("key", "revoke", made["prefix"])
    wrong = running.command("key", "create", "--login", "eve", "--roles", "wizard")
    assert wrong.code == 2
    assert "unknown role wizard" in wrong.err


def test_the_export_of_a_running_desk_verifies(running: Running, tmp_path: Path) -> None:
    out = tmp_path / "export"
    assert running.run("ledger", "export", "--tenant", "larkfield", "--out", str(out))["leaves"] > 0
    note = running.run("ledger", "checkpoint")
    assert note["size"] > 0
    again = running.command("ledger", "export", "--out", str(out))
    assert again.code == 2
    assert "not an empty directory" in again.err


def test_a_killed_worker_process_is_replaced(running: Running) -> None:
    (first,) = worker_pids(running)
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_S
    while (now := worker_pids(running)) in ([], [first]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(now) == 1
    assert now != [first]
    assert "worker process ended, starting it again" in running.log.read_text()


def worker_pids(running: Running) -> list[int]:
    """Live children named worker-2; a killed one may still be a zombie with no command line."""
    return [pid for pid in pids_of("worker-2", str(running.home)) if pid != running.pid]


def test_a_data_subject_is_erased_once(running: Running) -> None:
    address = "greta@visitor.example"
    running.run("ticket", "send", "--from", address, "--text", "I want to talk to a human.")
    assert running.run("erase", "--subject", address, "--yes")["tickets"] == 1
    again = running.command("erase", "--subject", address, "--yes")
    assert again.code == 2
    assert "erased before" in again.err
    assert running.run("check")["ok"]


def test_mails_that_became_no_ticket_can_be_listed(running: Running) -> None:
    assert running.run("mail", "list")["mails"] == []
    assert "No mail was ignored." in running.command("mail", "list", "--outcome", "ignored").out
    nobody = "0198f3c2-7d5e-7c11-9a54-0242ac120002"
    done = running.command("mail", "show", nobody, "--out", str(running.home / "mail.eml"))
    assert (done.code, "no mail" in done.err) == (2, True)


def test_topics_are_found_and_said_to_be_real(running: Running) -> None:
    for number in range(4):
        running.run("ticket", "send", "--from", f"p{number}@visitor.example", "--text", "I want to talk to a human.")
    found = running.run("topic", "find", "--days", "3")
    listed = running.run("topic", "list")
    assert (listed["tickets"], len(listed["items"])) == (found["tickets"], found["topics"])
    first = listed["items"][0]["topic_id"]
    assert running.run("topic", "confirm", first, "--name", "Wants a person")["state"] == "confirmed"
    running.run("topic", "find", "--days", "3")
    assert "Wants a person" in running.command("topic", "list").out
    done = running.command("topic", "merge", first, "--into", first)
    assert (done.code, "into itself" in done.err) == (2, True)
    members = running.command("topic", "split", first, "--name", "Other", "--ticket", first)
    assert (members.code, "tickets of this topic" in members.err) == (2, True)


def test_a_second_up_on_the_same_home_is_refused_by_its_port(running: Running) -> None:
    port = running.url.rpartition(":")[2]
    done = running.command("up", "--port", port)
    assert done.code == 2
    assert f"port {port} of 127.0.0.1 is in use" in done.err


def test_unknown_things_are_named(running: Running) -> None:
    nobody = "0198f3c2-7d5e-7c11-9a54-0242ac120002"
    for words, said in (
        (("ticket", "show", nobody), "there is no ticket"),
        (("replay", nobody), "there is no ticket"),
        (("approve", nobody, "--as", "ada"), "there is no approval"),
        (("ticket", "list", "--tenant", "acme"), "there is no tenant acme; loaded are: larkfield"),
        (("invoice", "preview", "--month", "soon"), "a month is written 2026-03"),
        (("tenant", "load", "nowhere"), "nowhere: no such folder"),
        (("topic", "confirm", nobody), "there is no such topic"),
    ):
        done = running.command(*words)
        assert done.code == 2, words
        assert said in done.err
        assert "Traceback" not in done.err


def test_a_stopped_ledger_is_said_loudly_and_the_process_lives(running: Running) -> None:
    """Last of this module: the tree in the database is no longer the witnessed one."""
    assert running.run("status")["ok"]
    endpoint, server = open_database(Settings(home=running.home))
    try:
        with psycopg.connect(endpoint.admin_conninfo(), autocommit=True) as admin:
            admin.execute("update tree set range[1] = set_byte(range[1], 0, get_byte(range[1], 0) # 1)")
    finally:
        if server is not None:
            server.stop()
    running.run("ticket", "send", "--from", "olga@visitor.example", "--text", "Where is it?", "--wait", "0")
    deadline = time.monotonic() + PATIENCE_S
    while (status := running.command("status")).code == 0 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert status.code == 1
    assert "LEDGER STOPPED" in status.out
    assert running.command("check").code == 1
    assert "LEDGER STOPPED" in running.log.read_text()
    assert httpx.get(f"{running.url}/healthz").status_code == 200
