"""The example company: what its records and its procedures' links add to questions that name neither.

Each question needs three documents: the page of the requester's own plan (only the records know which), the
procedure, and the policy that the procedure requires (only the link knows).
"""

from statistics import mean

from examples.backoffice.seed import make_world
from examples.backoffice.words import PLANS
from proofdesk.core.knowledge import Scope, Section
from proofdesk.knowledge.retrieval import KnowledgeIndex, Question, Retriever

MATTERS = {
    "seats": (
        "Can I let two more colleagues work with us from Monday?",
        "Colleagues work with you on a free seat",
    ),
    "ending": ("We stop in autumn. Until when do I have to tell you?", "To stop, tell us until the day before renewal"),
    "invoice": (
        "Why is the amount on the bill higher than last month?",
        "The amount on the bill counts seats",
    ),
    "export": ("How do I get all our files out before we leave?", "All files can be got out as one archive"),
}
POLICIES = {
    "seats": "Whoever owns the workspace decides about spending.", "ending": "Refunds are pro rata and need approval.",
    "invoice": "Credit notes above fifty euros need finance.", "export": "Archives are encrypted and kept seven days.",
}  # fmt: skip
ASIDE = ("Harvest festival", "Careers", "Press kit", "Warehouse tours", "Sustainability", "Our history")
LINKS = {f"procedure-{matter}": (f"policy-{matter}",) for matter in MATTERS}


def section(document: str, title: str, text: str, product: str = "") -> Section:
    scope = Scope(product=(product,) if product else (), audience="public" if product else "internal")
    return Section(id=f"{document}#1", document_id=document, title=title, text=text, scope=scope)


def documents() -> list[Section]:
    out = [section(f"aside-{at}", title, f"{title}: come and see us.") for at, title in enumerate(ASIDE)]
    for matter, (_, fact) in MATTERS.items():
        out += [
            section(f"{matter}-{plan}", f"{name}: {matter}", f"{fact}. {name} only.", name) for plan, name, _ in PLANS
        ]
        out.append(section(f"procedure-{matter}", f"Procedure: {matter}", f"{fact}. Look the account up first."))
        out.append(section(f"policy-{matter}", f"Policy {len(matter)}", POLICIES[matter]))
    return out


def found_at_three(records: bool, links: bool) -> float:
    index = KnowledgeIndex()
    index.load(documents())
    retriever = Retriever(index, links=LINKS if links else None)
    shares = []
    for subscription in list(make_world(7, "2026-06-01").subscriptions.values())[:12]:
        for matter, (asked, _) in MATTERS.items():
            products = (subscription.plan_name,) if records else ()
            ranked = [hit.document_id for hit in retriever.rank(Question(text=asked, products=products))][:3]
            needed = {f"{matter}-{subscription.plan_id}", f"procedure-{matter}", f"policy-{matter}"}
            shares.append(len(needed & set(ranked)) / 3)
    return mean(shares)


def test_records_and_links_each_find_what_the_words_cannot() -> None:
    words, records, links = found_at_three(False, False), found_at_three(True, False), found_at_three(False, True)
    both = found_at_three(True, True)
    assert records > words
    assert links > words
    assert both > max(records, links)
    assert both > 0.8
