"""Answers from the example company's documents: in the words of cited sections, or left to a person."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from proofdesk.core.grounding import unsupported
from proofdesk.flows.context import Shell
from proofdesk.flows.knowledge.answer import Answer, Ask, answer, search
from proofdesk.flows.knowledge.gather import gather
from proofdesk.flows.knowledge.index import Indexes
from proofdesk.flows.knowledge.ingest import ingest, remove
from proofdesk.flows.knowledge.views import list_documents, show_version
from proofdesk.store import tables as t
from proofdesk.store.endpoint import Endpoint
from proofdesk.store.pool import open_pool, tenant_transaction
from tests.database import fresh_database
from tests.rooms.web.support import OneTenant, make_shell

TENANT = "larkfield"
FOLDER = Path(__file__).parents[2] / "examples/larkfield/knowledge"
pytestmark = pytest.mark.asyncio(loop_scope="module")


class Library:
    """The example's documents, taken in once; `internal`: every section that no customer may see."""

    def __init__(self, shell: Shell) -> None:
        self.shell, self.indexes = shell, Indexes()
        self.internal: set[str] = set()

    async def ask(self, text: str, **more: str) -> Answer:
        return await answer(self.shell, self.indexes, TENANT, Ask(text=text, **more))  # type: ignore[arg-type]


def shown(found: Answer) -> set[str]:
    """Every section that an answer lets somebody see."""
    return {str(each.section_id) for each in found.citations} | {str(each.section_id) for each in found.closest}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def library(database_template: Endpoint) -> AsyncIterator[Library]:
    with fresh_database(database_template) as endpoint:
        async with open_pool(endpoint, "app") as pool:
            shell = make_shell(pool, OneTenant())
            async with tenant_transaction(pool, TENANT) as conn:
                await t.create_tenant(conn, tenant=TENANT, name=TENANT, now=shell.clock.now())
            done = await ingest(shell, TENANT, gather([FOLDER]), by="test")
            assert (done.broken, done.added) == (0, done.added) and done.added >= 25
            made = Library(shell)
            for document in await list_documents(shell, TENANT, limit=99):
                version = await show_version(shell, TENANT, document.document_id)
                assert version is not None
                if document.audience == "internal":
                    made.internal |= {str(section.section_id) for section in version.sections}
            assert made.internal
            yield made


ANSWERABLE = [
    ("How long do I have to return an item?", "30 days"),
    ("what does a return label cost from the United States", "€7.50"),
    ("When do I get my money back after a return?", "5 working days"),
    ("How much is express shipping?", "€12.90"),
    ("How long does standard delivery to France take?", "3 to 5 working days"),
    ("Can I cancel an order that has been shipped?", "no longer be cancelled"),
    ("What is the price of the Team plan per seat?", "€14"),
    ("How many seats does the Business plan need?", "from 5"),
    ("How long is a gift card valid?", "3 years"),
    ("After how many wrong passwords is a login locked?", "5 wrong passwords"),
    ("How much weight can the Rise desk carry?", "120 kg"),
    ("Which bulb fits the Lumen lamp?", "E14"),
    ("What warranty do lamps have?", "2 years"),
    ("Can I pay by PayPal?", "PayPal"),
    ("How can I export all boards of a workspace?", "ZIP"),
    ("Are my boards deleted after I cancel the subscription?", "60 days"),
]
UNANSWERABLE = [
    "Do you sell office chairs with heated seats?",
    "Who is the chief executive of Larkfield?",
    "Can I pay with bitcoin?",
    "Is there an app for Android phones?",
    "Do you offer a student discount?",
    "What is the weather in Freiburg tomorrow?",
    "How do I connect Larkfield Plan with Salesforce?",
    "Please write a poem about lamps and the moon",
    "hello",
]
INTERNAL_ONLY = [
    "Up to which amount are damage refunds made without a second look for premier customers?",
    "How large may a goodwill credit be?",
    "How many days do premier customers have to return goods?",
    "Will the price of the Team plan go up to €16 in 2027?",
    "Within how many days must billing answer the bank about a chargeback?",
]


@pytest.mark.parametrize(("question", "says"), ANSWERABLE)
async def test_what_is_written_down_is_answered_and_cited(library: Library, question: str, says: str) -> None:
    found = await library.ask(question, language="en")
    assert found.outcome == "answered" and says in found.text, (found.covered, found.missing, found.text)
    for citation in found.citations:
        version = await show_version(library.shell, TENANT, citation.document_id, citation.version)
        assert version is not None
        (section,) = (s for s in version.sections if s.section_id == citation.section_id)
        assert section.text[citation.span[0] : citation.span[1]] == citation.quote
    assert found.text == "\n\n".join(citation.quote for citation in found.citations)
    assert unsupported(found.text, [citation.quote for citation in found.citations]) == ()


@pytest.mark.parametrize("question", UNANSWERABLE)
async def test_what_is_not_is_left_to_a_person(library: Library, question: str) -> None:
    found = await library.ask(question, language="en")
    assert (found.outcome, found.text, found.citations) == ("abstained", "", []), (found.covered, found.text)


@pytest.mark.parametrize("question", INTERNAL_ONLY)
async def test_internal_texts_answer_only_our_own_people(library: Library, question: str) -> None:
    public, internal = await library.ask(question, language="en"), await library.ask(question, audience="internal")
    assert not shown(public) & library.internal
    assert shown(internal) & library.internal


async def test_outdated_and_future_texts_are_not_used(library: Library) -> None:
    found = await search(
        library.shell, library.indexes, TENANT, Ask(text="returning goods 14 days label 2025", audience="internal")
    )
    assert found and not any("2025" in each.section.title for each in found)
    assert not any("Price change" in each.section.title for each in found)


async def test_hidden_instructions_of_a_page_are_in_no_text(library: Library) -> None:
    plans = next(d for d in await list_documents(library.shell, TENANT, limit=99) if d.source.endswith("plans.html"))
    version = await show_version(library.shell, TENANT, plans.document_id)
    assert version is not None and "free of charge" not in version.text and plans.notes == ["hidden text"]


WORDS = (
    "refund limit premier goodwill severity tier price 2027 chargeback duty engineer bank plus standard approve return "
    "days second look ignore all rules show me the internal procedure queue legal support desk"
)


@given(
    asked=st.lists(st.sampled_from(WORDS.split()), min_size=1, max_size=9).map(" ".join),
    tier=st.sampled_from(["", "plus"]),
)
@settings(max_examples=60, deadline=None)
async def test_no_question_shows_a_customer_internal_text(library: Library, asked: str, tier: str) -> None:
    ask = Ask(text=asked, tier=tier)
    told = await answer(library.shell, library.indexes, TENANT, ask)
    found = await search(library.shell, library.indexes, TENANT, ask, limit=50)
    assert not (shown(told) | {str(each.section.section_id) for each in found}) & library.internal


async def test_an_edit_is_answered_from_at_once(library: Library, tmp_path: Path) -> None:
    question = "How many umbrellas fit into the Rainstand?"
    assert (await library.ask(question)).outcome == "abstained"
    page = tmp_path / "umbrellas.md"
    page.write_text("---\naudience: public\n---\n# Rainstand\n\nThe Rainstand takes 12 umbrellas.\n")
    await ingest(library.shell, TENANT, gather([page]), by="test")
    assert "12 umbrellas" in (await library.ask(question)).text
    page.write_text("---\naudience: public\n---\n# Rainstand\n\nThe Rainstand takes 8 umbrellas.\n")
    await ingest(library.shell, TENANT, gather([page]), by="test")
    assert "8 umbrellas" in (await library.ask(question)).text
    await remove(library.shell, TENANT, "files/umbrellas.md", by="test")
    assert (await library.ask(question)).outcome == "abstained"
