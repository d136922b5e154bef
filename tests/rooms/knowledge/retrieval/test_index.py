"""The index in memory: found by words, changed document by document, silent about what a reader may not see."""

from datetime import date

from proofdesk.core.knowledge import Scope, Section
from proofdesk.knowledge.retrieval import KnowledgeIndex, Question, Reader, Retriever, admitted


def section(document: str, title: str, text: str, **scope: object) -> Section:
    return Section(
        id=f"{document}/1", document_id=document, title=title, text=text, scope=Scope(**{"audience": "public"} | scope)
    )


LIBRARY = [
    section("bike-lock", "Opening a frozen lock", "Warm the key, never the lock. Oil it once a year."),
    section("bike-tyre", "Mending a tyre", "Find the hole under water, roughen the rubber, glue the patch."),
    section("tent-poles", "Splinting a tent pole", "Slide the sleeve over the break and tape both ends."),
    section("returns", "Sending things back", "Unused gear comes back within thirty days.", audience="internal"),
]


def found(index: KnowledgeIndex, text: str, **reader: object) -> list[str]:
    question = Question(text=text, reader=Reader(**reader))
    return [hit.document_id for hit in Retriever(index).rank(question)]


def library() -> KnowledgeIndex:
    index = KnowledgeIndex()
    index.load(LIBRARY)
    return index


def test_the_fitting_document_comes_first() -> None:
    assert found(library(), "My tyre has a hole, how do I glue a patch?")[0] == "bike-tyre"


def test_a_question_of_unknown_words_finds_nothing() -> None:
    assert found(library(), "xylophone qwertz") == []
    assert found(library(), "") == []
    assert found(KnowledgeIndex(), "tyre") == []


def test_an_edited_document_is_found_by_its_new_words_only() -> None:
    index = library()
    before = index.version
    index.replace([section("tent-poles", "Splinting a tent pole", "Send it to the workshop in Oberwiesenthal.")])
    assert found(index, "Oberwiesenthal workshop")[0] == "tent-poles"
    assert "tent-poles" not in found(index, "sleeve")
    assert index.version > before


def test_a_removed_document_is_gone() -> None:
    index = library()
    index.remove("bike-tyre")
    assert found(index, "tyre patch glue hole") == []
    index.remove("bike-tyre")


def test_incremental_changes_rank_like_a_fresh_build() -> None:
    slow = KnowledgeIndex()
    for one in reversed(LIBRARY):
        slow.replace([one])
    slow.postings.rebuild()
    assert found(slow, "glue the break of a tyre or lock") == found(library(), "glue the break of a tyre or lock")


def test_customers_never_get_internal_texts() -> None:
    asked = "send unused gear back within thirty days"
    assert "returns" in found(library(), asked)
    assert "returns" not in found(library(), asked, audience="public")


def test_a_text_counts_only_while_and_where_it_holds() -> None:
    index = KnowledgeIndex()
    index.load(
        [
            section("old", "Fees", "The fee is nine.", valid_to=date(2025, 12, 31)),
            section("new", "Fees", "The fee is ten.", valid_from=date(2026, 1, 1), region=("north",)),
            section("gold", "Fees", "The fee is nothing.", tier=("gold",)),
            section("de", "Gebühr", "The fee, auf Deutsch.", language="de"),
        ]
    )
    everywhere = found(index, "fee", today=date(2026, 3, 1), region="north", tier="gold", language="de")
    assert sorted(everywhere) == ["de", "gold", "new"]
    assert found(index, "fee", today=date(2025, 6, 1), tier="basic", language="en") == ["old"]
    assert "new" not in found(index, "fee", region="south")


def test_a_hidden_section_does_not_lift_its_document() -> None:
    open_part = section("mixed", "Bikes", "Colours of frames.")
    hidden = Section(
        id="mixed/2", document_id="mixed", title="Bikes", text="Margin table: brake pads cost us two.",
        scope=Scope(audience="internal"),
    )  # fmt: skip
    index = KnowledgeIndex()
    index.load([open_part, hidden, section("pads", "Brake pads", "Change brake pads yearly.")])
    question = Question(text="what do brake pads cost", reader=Reader(audience="public"))
    hits = Retriever(index).rank(question)
    assert [hit.section_id for hit in hits] == ["pads/1"]


def test_the_database_has_the_last_word() -> None:
    hits = Retriever(library()).rank(Question(text="lock tyre pole glue tape key back"))
    assert len(hits) == 4
    kept = admitted(hits, {"bike-lock/1", "tent-poles/1"}, 1)
    assert [hit.section_id for hit in kept] in (["bike-lock/1"], ["tent-poles/1"])


def test_a_copy_says_how_much_of_it_is_dead_weight() -> None:
    index = library()
    assert index.wasted == 0.0
    index.replace([LIBRARY[0]])
    index.remove("returns")
    assert index.wasted == 2 / 5
