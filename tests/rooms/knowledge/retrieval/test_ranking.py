"""What beside the words decides the order: solved tickets, the requester's own plans, what procedures require."""

import numpy as np

from proofdesk.core.knowledge import Scope, Section
from proofdesk.knowledge.retrieval import (
    Example,
    KnowledgeIndex,
    Precedent,
    Precedents,
    Question,
    Reader,
    Retriever,
    TicketHabits,
    shipped_reranker,
    train_reranker,
)
from proofdesk.knowledge.retrieval.features import NAMES


def page(document: str, title: str, text: str, product: str = "", *, internal: bool = False) -> Section:
    scope = Scope(product=(product,) if product else (), audience="internal" if internal else "public")
    return Section(id=f"{document}#1", document_id=document, title=title, text=text, scope=scope)


SHOP = [
    page("cancel-box", "Cancelling a box", "Ask for the reason, cancel the next box in the portal.", internal=True),
    page("notice", "Notice periods", "Two weeks prior to term end, by letter."),
    page("harvest-fees", "Harvest plan", "Cancelling costs four euros before the first delivery.", "Harvest plan"),
    page("orchard-fees", "Orchard plan", "Cancelling costs nine euros before the first delivery.", "Orchard plan"),
    page("meadow-fees", "Meadow plan", "Cancelling costs two euros before the first delivery.", "Meadow plan"),
    page("recipes", "Recipes", "Soup of the week with leeks and beans."),
    page("gift", "Gift vouchers", "A voucher holds for three years."),
]


def shop() -> KnowledgeIndex:
    index = KnowledgeIndex()
    index.load(SHOP)
    return index


def order(retriever: Retriever, text: str, **asked: object) -> list[str]:
    return [hit.document_id for hit in retriever.rank(Question(text=text, **asked))]


def test_the_plan_in_the_requesters_records_comes_before_the_others() -> None:
    retriever, text = Retriever(shop()), "What does cancelling cost me before the first delivery?"
    for plan, wanted in (
        ("Orchard plan", "orchard-fees"),
        ("harvest PLAN", "harvest-fees"),
        ("Meadow plan", "meadow-fees"),
    ):
        assert order(retriever, text, products=(plan,))[0] == wanted


def test_a_plan_the_text_does_not_name_is_found_through_the_records() -> None:
    text = "please stop my leeks"
    assert "orchard-fees" not in order(Retriever(shop()), text)
    assert "orchard-fees" in order(Retriever(shop()), text, products=("Orchard plan",))[:3]


def test_a_procedure_brings_the_policy_it_requires() -> None:
    text = "Cancel my next box in the portal, here is the reason"
    links = {"cancel-box": ("notice",)}
    alone, linked = order(Retriever(shop()), text), order(Retriever(shop(), links=links), text)
    assert linked[0] == "cancel-box"
    assert "notice" in linked[:2]
    assert "notice" not in alone[:2]


def test_links_show_customers_nothing_internal() -> None:
    retriever = Retriever(shop(), links={"notice": ("cancel-box",)})
    found = order(retriever, "notice periods by letter", reader=Reader(audience="public"))
    assert found[0] == "notice"
    assert "cancel-box" not in found


def test_precedents_show_customers_nothing_internal() -> None:
    precedents = Precedents([Precedent(text="leeks arrived rotten", document_ids=("cancel-box", "recipes"))])
    retriever = Retriever(shop(), precedents=precedents)
    assert "cancel-box" in order(retriever, "my leeks are rotten")
    assert "cancel-box" not in order(retriever, "my leeks are rotten", reader=Reader(audience="public"))


def test_what_solved_similar_tickets_joins_the_candidates() -> None:
    precedents = Precedents(
        [
            Precedent(text="The courier left my box in the rain", document_ids=("gift",)),
            Precedent(text="Where do I change my password", document_ids=("recipes",)),
        ]
    )
    votes = precedents.votes("courier, rain, ruined")
    assert votes["gift"] > 10 * votes.get("recipes", 0.0)
    assert "gift" in order(Retriever(shop(), precedents=precedents), "the courier left it in the rain, a voucher?")


def test_precedents_know_how_often_a_document_was_needed() -> None:
    precedents = Precedents(
        [Precedent(text="a b", document_ids=("x", "y")), Precedent(text="c d", document_ids=("x",))]
    )
    assert (precedents.share("x"), precedents.share("y"), precedents.share("z")) == (1.0, 0.5, 0.0)
    assert Precedents().votes("anything") == {}


def test_words_of_every_ticket_tell_little() -> None:
    habits = TicketHabits(["please help with soup", "please help with gifts", "please help with delivery"])
    assert habits.weight("please") < habits.weight("soup") < habits.weight("leek") == 1.0
    assert TicketHabits().weight("please") == 1.0


def test_training_finds_the_feature_that_decides() -> None:
    rng = np.random.default_rng(3)
    examples = []
    for _ in range(40):
        matrix = rng.normal(size=(30, len(NAMES))).astype(np.float32)
        needed = (matrix[:, NAMES.index("title")] > 1.0).astype(np.float32)
        examples.append(Example(matrix=matrix, needed=needed))
    learned = train_reranker(examples, without=("place",), by_hand={"linked": 0.7}, ridge=1.0)
    assert max(learned.weights, key=lambda name: abs(learned.weights[name])) == "title"
    assert "place" not in learned.weights
    assert learned.weights["linked"] == 0.7
    held = rng.normal(size=(50, len(NAMES))).astype(np.float32)
    best = held[np.argsort(-learned.score(held))[:5], NAMES.index("title")]
    assert best.min() > np.median(held[:, NAMES.index("title")])


def test_the_shipped_weights_know_their_features_and_say_where_they_come_from() -> None:
    shipped = shipped_reranker()
    assert set(shipped.weights) <= set(NAMES)
    assert shipped.origin
    assert {"record_product", "linked", "precedent", "document"} <= set(shipped.weights)


def test_the_same_question_gives_the_same_bits() -> None:
    retriever, question = Retriever(shop()), Question(text="cancel the box, what does it cost")
    assert retriever.rank(question) == retriever.rank(question)
