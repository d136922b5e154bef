"""What an answer picks of the options a question offered."""

from collections.abc import Sequence

from proofdesk.core.reading import Doubt
from proofdesk.core.records import Records
from proofdesk.language.reading.document import Document


def chosen_option(answer: str, doubt: Doubt, doc: Document, records: Records) -> str:
    """The one option `answer` means, or "" where it means none or several. `doc`: the answer as a document.

    An option counts when it is written out, when a word for it stands there (reasons), or when the answer names
    the order or the payment method behind it.
    """
    if doubt.options == ("yes", "no"):
        plain = answer.strip().strip(".!").casefold()
        return (
            "yes" if plain in doc.tongues.merged("say_yes") else "no" if plain in doc.tongues.merged("say_no") else ""
        )
    named = {option for option in doubt.options if option.casefold() in answer.casefold()}
    for mention in doc.mentions:
        if mention.kind == "enum" and mention.payload[1] == doubt.slot and mention.payload[2] in doubt.options:
            named.add(mention.payload[2])
    for at in range(len(doc.tokens)):
        known = doc.id_at(at)
        if known is not None and known[1] in doubt.options:
            named.add(known[1])
    if not named:
        named = _methods(doc, records, doubt.options)
    return named.pop() if len(named) == 1 else ""


def _methods(doc: Document, records: Records, options: Sequence[str]) -> set[str]:
    said = [mention.payload for mention in doc.mentions if mention.kind == "pay"]
    return {
        method.id
        for method in records.requester.methods
        if said
        and method.id in options
        and all(
            {"kind": method.kind, "brand": method.brand, "last4": method.last4}[kind] == value for kind, value in said
        )
    }
