"""The reader's index: what profiles, the tenant's words and one requester's records let a message mention."""

from collections.abc import Container, Iterable, Mapping

import msgspec

from proofdesk.core.records import Records
from proofdesk.language.reading.mentions import Entry, Index, phrases, surfaces
from proofdesk.language.reading.profile import Profile
from proofdesk.language.reading.tenant_words import TenantWords
from proofdesk.language.reading.tokens import phrase
from proofdesk.language.reading.words import RISK_CLASSES, FunctionWords


class ValueSense(msgspec.Struct, frozen=True):
    """One thing an option value may mean: `option` of `product_id` being `value`."""

    product_id: str
    option: str
    value: str


_KIND_OF = (
    ("target_marker", "to"), ("same", "same"), ("same_as", "same_as"), ("reason_marker", "reason"),
    ("original_method", "original"), ("pay_context", "pay_context"), ("home_address", "home"), ("polite", "polite"),
    ("filler", "filler"), ("identity", "identity"), ("one_of", "one_of"), ("placeholder", "placeholder"),
    ("opener", "opener"), ("contrast", "contrast"), ("except_marker", "except"), ("determiner", "determiner"),
    ("query", "query"), ("softener", "softener"), ("before", "before"), ("when_past", "when_past"), ("only", "only"),
)  # fmt: skip


def reader_index(profiles: Iterable[Profile], tenant: TenantWords) -> Index:
    """What procedures and tenant let a message of any language mention."""
    entries: list[Entry] = []
    by_act: dict[str, list[str]] = {}
    for profile in profiles:
        for act in profile.acts:
            by_act.setdefault(act.casefold(), []).append(profile.procedure)
        for slot, shape in profile.slots.items():
            for value, synonyms in shape.values.items():
                entries += phrases((value, *synonyms), "enum", (profile.procedure, slot, value))
    for act, procedures in by_act.items():
        entries += surfaces([act], "act", tuple(procedures))
    entries += phrases((*tenant.orders, *tenant.neutral), "filler")
    for kind, synonyms in tenant.payments.items():
        entries += phrases((kind.replace("_", " "), *synonyms), "pay", ("kind", kind))
    for status, synonyms in tenant.statuses.items():
        entries += phrases((status, *synonyms), "status", status)
    return Index(_unique(entries))


def language_index(words: FunctionWords) -> Index:
    """The function words of one language; only English has base forms here."""
    phrased = phrases if words.base_forms else surfaces
    entries: list[Entry] = []
    for name in RISK_CLASSES:
        entries += phrased(words.of_class(name), name)
    for name, kind in _KIND_OF:
        entries += phrased(words.of_class(name), kind)
    for name in ("state", "subject", "wish", "others", "pleased"):
        entries += surfaces(words.of_class(name), name)
    entries += phrased(words.quantity_all, "count", "all")
    entries += phrased(words.cheapest, "rank", -1) + phrased(words.dearest, "rank", 1)
    for text, number in words.quantity_number.items():
        entries += phrased((text,), "count", number)
    return Index(_unique(entries))


def records_index(records: Records, tenant: TenantWords, base: Index, risky: Container[str]) -> Index:
    """The reader's index widened by one requester's orders, products and payment methods.

    `risky`: risk words that are values only with their option's name beside them.
    """
    entries: list[Entry] = []
    heads: dict[tuple[str, ...], list[str]] = {}
    values: dict[tuple[str, tuple[str, ...], str], list[ValueSense]] = {}
    for product in records.products:
        for name in (product.name, *tenant.products.get(product.name, ())):
            whole = phrase(name)
            for key in {whole, whole[-1:]}:
                heads.setdefault(key, []).append(product.id)
        options: dict[str, set[str]] = {}
        for variant in product.variants:
            for option, value in variant.options.items():
                options.setdefault(option, set()).add(value)
        for option, known in options.items():
            entries += phrases((option,), "option", option)
            for value in known:
                for text in (value, *tenant.values.get(value, ())):
                    kind = "hinted_value" if text.casefold() in risky else "value"
                    ambiguous = len(text) == 1 or (
                        text.isalpha() and text.isupper() and phrase(text) != (text.casefold(),)
                    )
                    sense = (kind, phrase(text), text if ambiguous else "")
                    values.setdefault(sense, []).append(ValueSense(product.id, option, value))
    entries += [Entry(key, "head", tuple(dict.fromkeys(ids))) for key, ids in heads.items()]
    for (kind, key, exact), found in values.items():
        entries.append(Entry(key, kind, tuple(dict.fromkeys(found)), exact))
    for method in records.requester.methods:
        entries += phrases((method.kind.replace("_", " "),), "pay", ("kind", method.kind))
        if method.brand:
            entries += phrases((method.brand,), "pay", ("brand", method.brand))
        if method.last4:
            entries += phrases((method.last4,), "pay", ("last4", method.last4))
    entries += [
        entry for status in {order.status for order in records.orders} for entry in phrases((status,), "status", status)
    ]
    return Index(_unique(entries), base)


def known_ids(records: Records) -> Mapping[str, tuple[str, str]]:
    """Case-folded id without "#" -> (what it is, the id as the records write it)."""
    found: dict[str, tuple[str, str]] = {}
    for product in records.products:
        found[fold_id(product.id)] = ("product_id", product.id)
        for variant in product.variants:
            found[fold_id(variant.id)] = ("variant_id", variant.id)
    for order in records.orders:
        found[fold_id(order.id)] = ("order", order.id)
        for line in order.lines:
            found[fold_id(line.id)] = ("variant_id", line.id)
    for method in records.requester.methods:
        found[fold_id(method.id)] = ("method", method.id)
    for subscription in records.subscriptions:
        found[fold_id(subscription.id)] = ("subscription", subscription.id)
    found[fold_id(records.requester.id)] = ("requester", records.requester.id)
    return found


def fold_id(text: str) -> str:
    return text.casefold().lstrip("#")


def _unique(entries: Iterable[Entry]) -> list[Entry]:
    seen: dict[tuple[object, ...], Entry] = {}
    for entry in entries:
        seen.setdefault((entry.words, entry.kind, repr(entry.payload), entry.exact), entry)
    return list(seen.values())
