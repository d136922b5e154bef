"""The reading process: what it may not do, and what its parent says when it dies."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from proofdesk.knowledge.ingest.parser import Parser
from proofdesk.knowledge.ingest.values import Broken, Job, Limits, Outcome, Parsed
from tests.rooms.knowledge.ingest.samples import docx, line, paragraph, pdf, run


async def parsed(parser: Parser, *jobs: Job) -> list[Outcome]:
    return [outcome for job in jobs for outcome in [each async for each in parser.parse(job)]]


async def test_it_reads_every_kind_and_goes_on_after_a_broken_one() -> None:
    async with Parser() as parser:
        found = await parsed(
            parser,
            Job(name="a.md", data=b"# A\nwords"),
            Job(name="b.pdf", data=b"no"),
            Job(name="c.pdf", data=pdf(line("Words", y=700))),
            Job(name="d.docx", data=docx(paragraph(run("Words")))),
            Job(name="e.html", data="<meta charset=shift_jis><p>言葉</p>".encode("shift_jis")),
        )
    assert [type(each) for each in found] == [Parsed, Broken, Parsed, Parsed, Parsed]
    assert isinstance(found[4], Parsed) and found[4].parts[0].text == "言葉"


async def test_a_document_that_eats_memory_ends_alone() -> None:
    greedy = Job(name="a.html", data=b"<p>word</p>" * 600_000, limits=Limits(memory_bytes=100_000_000))
    async with Parser() as parser:
        first, second = await parsed(parser, greedy, Job(name="b.md", data=b"fine"))
    assert isinstance(first, Broken) and first.code == "memory"
    assert isinstance(second, Parsed)


async def test_a_document_that_takes_too_long_is_ended() -> None:
    slow = Job(name="a.html", data=b"<p>word</p>" * 1_500_000, limits=Limits(wall_s=0.2))
    busy = Job(name="a.html", data=b"<p>word</p>" * 1_500_000, limits=Limits(cpu_s=1, text_chars=10**9))
    async with Parser() as parser:
        found = await parsed(parser, slow, busy, Job(name="b.md", data=b"fine"))
    assert [each.code if isinstance(each, Broken) else "" for each in found] == ["timeout", "timeout", ""]


async def test_too_long_an_answer_is_refused() -> None:
    async with Parser() as parser:
        found = await parsed(parser, Job(name="a.md", data=b"word " * 10_000, limits=Limits(answer_bytes=1_000)))
    assert isinstance(found[0], Broken) and found[0].code == "too_large"


ATTEMPTS = {
    "socket": "import socket; socket.socket()",
    "file": "open('/etc/passwd')",
    "write": "open('/tmp/x', 'w')",
    "pipe": "import os; os.pipe()",
    "process": "import subprocess; subprocess.run(['true'])",
    "listing": "import os; os.listdir('/')",
}


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS.keys())
def test_it_can_open_nothing(attempt: str) -> None:
    """The same closing-in, then an attempt: no file, no socket, no process."""
    code = (
        "import os, socket, subprocess\nfrom proofdesk.knowledge.ingest.child import _close_in, _load\n_load()\n"
        f"_close_in()\ntry:\n    {attempt}\nexcept OSError as error:\n    print(error.errno)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout.strip() == "24", done.stderr


async def test_it_gets_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SECRET", "hidden")
    async with Parser() as parser:
        await parsed(parser, Job(name="a.md", data=b"fine"))
        assert parser._process is not None
        try:
            environ = Path(f"/proc/{parser._process.pid}/environ").read_bytes()
        except FileNotFoundError:
            pytest.skip("this system has no /proc")
    assert b"PYTHONPATH" in environ and b"hidden" not in environ


async def test_leaving_ends_the_process() -> None:
    async with Parser() as parser:
        await parsed(parser, Job(name="a.md", data=b"fine"))
        process = parser._process
        assert process is not None and process.returncode is None
    await asyncio.sleep(0)
    assert process.returncode is not None
