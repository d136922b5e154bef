"""The MCP connector against our own small server: pins, listed tools only, one attempt for writes."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from proofdesk.connectors.backoffice.mcp import McpConnector
from proofdesk.connectors.backoffice.mcp.__main__ import pins
from proofdesk.connectors.backoffice.mcp.session import Target
from proofdesk.connectors.http import Limits
from proofdesk.connectors.yamlfile import FileError
from proofdesk.ports import Answer, ConnectorError, Refused
from tests.connectors.running import process

HEADERS = {"Authorization": "Bearer t"}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with process("simulators.mcp_server", "--token", "t") as found:
        yield found


@pytest.fixture(scope="module")
def known(url: str) -> dict[str, str]:
    return asyncio.run(pins(Target(name="x", url=url, allow_hosts=("127.0.0.1",), headers=HEADERS, limits=Limits())))


def text(known: dict[str, str], where: str = 'base_url: "env:TOOLS_URL"\nallow_hosts: [127.0.0.1]') -> str:
    return f"""connector: tools
kind: mcp
{where}
auth: {{header: Authorization, value: "Bearer env:TOOLS_TOKEN"}}
capabilities:
  notes.read: {{tool: get_note, pin: "{known["get_note"]}", scope: "notes:read"}}
  notes.count: {{tool: count_notes, pin: "{known["count_notes"]}", scope: "notes:read"}}
  notes.add: {{tool: add_note, pin: "{known["add_note"]}", scope: "notes:write", writes: true, read_back: notes.read}}
"""


async def load(tmp_path: Path, content: str, url: str, token: str = "t") -> McpConnector:
    (tmp_path / "connector.yaml").write_text(content)
    return await McpConnector.load(tmp_path / "connector.yaml", {"TOOLS_URL": url, "TOOLS_TOKEN": token})


async def test_listed_tools_are_capabilities(tmp_path: Path, url: str, known: dict[str, str]) -> None:
    tools = await load(tmp_path, text(known), url)
    assert set(tools.capabilities()) == {"notes.read", "notes.count", "notes.add"}
    assert tools.capabilities()["notes.add"].idempotency == "D"
    answer = await tools.call("notes.read", {"note_id": "n1"})
    assert answer == Answer(value={"id": "n1", "text": "First note"}, operation="get_note")
    missing = await tools.call("notes.read", {"note_id": "n77"})
    assert isinstance(missing, Refused)
    assert "no note n77" in missing.message
    added = await tools.call("notes.add", {"text": "Call back"}, key="k")
    assert isinstance(added, Answer)
    back = await tools.call("notes.read", {"note_id": added.value["id"]})
    assert isinstance(back, Answer)
    assert back.value == added.value
    with pytest.raises(ConnectorError, match="has no capability remove_all"):
        await tools.call("remove_all", {})
    await tools.aclose()


async def test_calls_from_several_tasks_share_a_connection(tmp_path: Path, url: str, known: dict[str, str]) -> None:
    tools = await load(tmp_path, text(known), url)
    answers = await asyncio.gather(*(tools.call("notes.read", {"note_id": "n1"}) for _ in range(6)))
    assert {answer.value["id"] for answer in answers if isinstance(answer, Answer)} == {"n1"}
    await tools.aclose()


async def test_arguments_are_checked_and_writes_need_a_key(tmp_path: Path, url: str, known: dict[str, str]) -> None:
    tools = await load(tmp_path, text(known), url)
    with pytest.raises(ConnectorError, match="argument note_id: is missing"):
        await tools.call("notes.read", {})
    with pytest.raises(ConnectorError, match="a write needs a key"):
        await tools.call("notes.add", {"text": "x"})
    before = await tools.call("notes.count", {})
    with pytest.raises(ConnectorError, match=r"the tool failed: .*a note needs text") as raised:
        await tools.call("notes.add", {"text": " "}, key="k")
    assert raised.value.uncertain
    assert await tools.call("notes.count", {}) == before
    await tools.aclose()


async def test_a_changed_tool_stops_the_load(tmp_path: Path, known: dict[str, str]) -> None:
    expected = f"tool get_note is pinned to {known['get_note']} but is sha256:"
    with process("simulators.mcp_server", "--altered") as altered, pytest.raises(FileError, match=expected) as raised:
        await load(tmp_path, text(known), altered)
    assert (raised.value.line, raised.value.field) == (7, "capabilities.notes.read.pin")


async def test_a_tool_changed_after_the_load_is_not_used(tmp_path: Path, known: dict[str, str]) -> None:
    with process("simulators.mcp_server") as url:
        tools = await load(tmp_path, text(known), url)
        assert isinstance(await tools.call("notes.read", {"note_id": "n1"}), Answer)
    with pytest.raises(ConnectorError) as raised:
        await tools.call("notes.add", {"text": "x"}, key="k")
    assert not raised.value.uncertain
    port = url.rsplit(":", 1)[1].removesuffix("/mcp")
    with process("simulators.mcp_server", "--altered", "--port", port):
        with pytest.raises(ConnectorError, match="get_note is pinned to") as raised:
            await tools.call("notes.add", {"text": "x"}, key="k")
        assert (raised.value.permanent, raised.value.uncertain) == (True, False)
        await tools.aclose()


async def test_a_private_address_must_be_listed(tmp_path: Path, url: str, known: dict[str, str]) -> None:
    with pytest.raises(ConnectorError):
        await load(tmp_path, text(known, 'base_url: "env:TOOLS_URL"'), url)


async def test_wrong_credentials_give_no_connection(tmp_path: Path, url: str, known: dict[str, str]) -> None:
    with pytest.raises(ConnectorError):
        await load(tmp_path, text(known), url, token="other")


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (", read_back: notes.read", "", "a writing tool needs read_back"),
        ("read_back: notes.read", "read_back: notes.gone", "must name a reading capability"),
        ("tool: get_note", "tool: get_notes", "the server has no tool get_notes; it has: add_note, count_notes"),
        ("writes: true", "writes: true, idempotency: A", "class D"),
        ("tool: get_note", "operation: getNote", "has no meaning in a connector of kind mcp"),
    ],
)
async def test_mistakes_are_named(
    tmp_path: Path, url: str, known: dict[str, str], old: str, new: str, error: str
) -> None:
    with pytest.raises(FileError, match=error):
        await load(tmp_path, text(known).replace(old, new), url)


async def test_a_local_program_over_standard_input(tmp_path: Path, known: dict[str, str]) -> None:
    where = f'command: ["{sys.executable}", -m, simulators.mcp_server, --stdio]'
    tools = await load(tmp_path, text(known, where), "")
    answer = await tools.call("notes.read", {"note_id": "n1"})
    assert isinstance(answer, Answer)
    assert answer.value["text"] == "First note"
    await tools.aclose()
