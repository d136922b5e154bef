"""Reads what goods and orders a passage names: quantity, options, head word, status, order, exceptions."""

from proofdesk.language.reading.plan.atoms import Atom
from proofdesk.language.reading.plan.cursor import Cursor
from proofdesk.language.reading.plan.values import Constraint, OrderRef, Ref

_MODIFIERS = (
    "det", "all", "whole", "number", "fresh", "one_of", "status", "value", "part", "option", "dearest", "cheapest",
    "dearer", "cheaper",
    "recent", "oldest", "other", "bought", "received", "graded", "only", "possible", "place", "account", "same",
)  # fmt: skip
MAX_LIST = 20


class Nouns:
    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor

    def starts(self) -> bool:
        """Whether goods are named from here on: modifiers, then a head, a pronoun or a thing word."""
        for ahead in range(self.cursor.end - self.cursor.at):
            atom = self.cursor.peek(ahead)
            if atom.has("head"):
                return True
            if atom.has("order_noun", "placeholder", "pronoun"):
                return not atom.has("address_noun")
            if atom.has("id"):
                return atom.get("id")[0] in ("variant_id", "product_id", "order")
            if not atom.has(*_MODIFIERS) or atom.has("pay_noun", "address_noun"):
                return ahead > 0 and self.cursor.peek(ahead - 1).has("all")
        return self.cursor.peek().has("all") if self.cursor.more() else False

    def list(self, goods: bool = True) -> list[Ref]:
        """The goods of an enumeration: "the a, b and c"; what is said behind the last one is its own."""
        found: list[Ref] = []
        while len(found) < MAX_LIST and self.starts():
            before = self.cursor.at
            found.append(self.one())
            if self.cursor.at == before:
                break
            place = self.cursor.at
            while self.cursor.more() and self.cursor.peek().has("comma", "join", "also"):
                if self.cursor.peek().text == "or":
                    self.cursor.strange.append(self.cursor.at)
                self.cursor.take()
            if self.cursor.at == place or not self.starts():
                self.cursor.at = place
                break
        return _without_placeholder(found) if goods else found

    def one(self) -> Ref:
        ref = Ref(start=self.cursor.at)
        head = False
        while self.cursor.more():
            atom = self.cursor.peek()
            if head and not self._belongs(atom):
                break
            if not head and atom.has("head", "order_noun", "placeholder", "pronoun", "id"):
                head = self._head(ref, atom)
                if not head:
                    break
                continue
            if head or not self._modifier(ref, atom):
                break
        if head or ref.everything:
            self._behind(ref)
        ref.end = self.cursor.at
        return ref

    def _belongs(self, atom: Atom) -> bool:
        return atom.has("literal")

    def _head(self, ref: Ref, atom: Atom) -> bool:
        cursor = self.cursor
        if atom.has("id"):
            kind, known = atom.get("id")
            if kind == "variant_id":
                ref.line_id = known
            elif kind == "product_id":
                ref.heads = (known,)
            elif kind == "order":
                ref.order = ref.order or OrderRef()
                ref.order.ids.append(known)
            else:
                return False
            cursor.take()
            return True
        if atom.has("head"):
            taken = cursor.take()
            ref.heads = tuple(dict.fromkeys(one for heads in taken.get("head") for one in heads))
            ref.text = taken.text
            if cursor.peek().has("literal"):
                ref.literal = cursor.doc.literal(cursor.peek().start)
                cursor.take()
            return True
        if atom.has("order_noun"):
            taken = cursor.take()
            if cursor.peek().has("head", "placeholder", "address_noun") or taken.text == "order's":
                ref.order = ref.order or OrderRef()
                if cursor.peek().has("placeholder"):
                    cursor.take()
                    return True
                return not cursor.peek().has("head")
            order = ref.order = ref.order or OrderRef()
            order.every = order.every or ref.count == "all" or taken.text == "orders"
            ref.text = ref.text or taken.text
            while cursor.peek().has("id") and cursor.peek().get("id")[0] == "order":
                order.ids.append(cursor.take().get("id")[1])
            return True
        if atom.has("pronoun") and ref.count != "all":
            cursor.take()
            ref.pronoun = True
            if cursor.peek().has("placeholder"):
                cursor.take()
            return True
        cursor.take()
        ref.pronoun = ref.pronoun or atom.has("pronoun")
        ref.everything = ref.everything or ref.count == "all"
        if not ref.everything:
            ref.pronoun = True
        return True

    def _modifier(self, ref: Ref, atom: Atom) -> bool:  # noqa: PLR0911 - one line a kind
        cursor = self.cursor
        if atom.has("all"):
            ref.count = "all"
            cursor.take()
            ref.everything = True
            if atom.text in ("everything", "anything", "all things", "all items", "all the items"):
                return not self._behind_everything()
            return True
        if atom.has("number") and not atom.has("value"):
            ref.count = int(cursor.take().get("number"))
            return True
        if atom.has("status"):
            ref.order = ref.order or OrderRef()
            ref.order.statuses += cursor.take().get("status")
            return True
        if atom.has("value", "part"):
            ref.source.append(value_constraint(cursor))
            return True
        if atom.has("dearest", "dearer", "cheapest", "cheaper"):
            ref.rank = 1 if cursor.take().has("dearest", "dearer") else -1
            return True
        if atom.has("recent", "oldest", "other", "place"):
            ref.order = ref.order or OrderRef()
            _order_word(ref.order, cursor.take())
            return True
        if atom.has("det", "whole", "one_of", "bought", "only", "possible", "received"):
            if atom.has("received"):
                ref.order = ref.order or OrderRef()
                ref.order.statuses.append("delivered")
            cursor.take()
            return True
        return False

    def _behind_everything(self) -> bool:
        return not self.cursor.peek().has("head", "order_noun", "placeholder", "value", "status", "det")

    def _behind(self, ref: Ref) -> None:
        """Relative clauses, orders and exceptions behind the head."""
        cursor = self.cursor
        while cursor.more():
            start = cursor.at
            if cursor.peek().has("literal") and ref.literal is None and ref.heads:
                ref.literal = cursor.doc.literal(cursor.take().start)
            elif cursor.peek().has("in_same"):
                cursor.take()
                ref.same_order = True
            elif cursor.peek().has("except"):
                cursor.take()
                ref.excluded = self.list()
                if not ref.excluded:
                    cursor.at = start
            elif (cursor.peek().has("in") and self._order(ref)) or self._relative(ref) or self._kind(ref):
                continue
            if cursor.at == start:
                return

    def _order(self, ref: Ref) -> bool:
        """ "in my pending order", "from order X", "in another order"."""
        cursor = self.cursor
        start, used = cursor.at, set(cursor.used)
        cursor.take()
        order = read_order(cursor)
        if order is None:
            cursor.at, cursor.used = start, used
            return False
        ref.order = _merged(ref.order, order)
        return True

    def _relative(self, ref: Ref) -> bool:
        """ "(that) I just received", "that is more expensive but not waterproof", "received with the lamp"."""
        cursor = self.cursor
        start, used = cursor.at, set(cursor.used)
        while cursor.peek().has(
            "subject", "aux", "bought", "recent", "only", "first", "received", "sent", "pronoun"
        ) or (cursor.peek().has("det", "in") and cursor.at > start and cursor.peek(1).has("bought", "recent")):
            atom = cursor.take()
            if atom.has("received"):
                ref.order = _merged(ref.order, OrderRef(statuses=["delivered"]))
            if atom.has("recent") and atom.text not in ("recently",):
                ref.order = _merged(ref.order, OrderRef(recent=1))
            if atom.has("aux") and self._described(ref):
                return True
            if atom.has("received", "bought") and self._with(ref):
                return True
            if atom.has("received", "bought", "sent") and cursor.peek().has("in") and self._order(ref):
                return True
            if atom.has("sent") and self._sent_to(ref):
                return True
        if cursor.at > start and any(
            cursor.atoms[at].has("bought", "received", "sent") for at in range(start, cursor.at)
        ):
            return True
        cursor.at, cursor.used = start, used
        return False

    def _with(self, ref: Ref) -> bool:
        cursor = self.cursor
        if cursor.peek().text not in ("with", "along with", "together with") or not self._ahead():
            return False
        cursor.take()
        ref.order = _merged(ref.order, OrderRef(contains=self.list()))
        return True

    def _sent_to(self, ref: Ref) -> bool:
        cursor = self.cursor
        if not (cursor.peek().has("to") and cursor.peek(1).has("place")):
            return False
        cursor.take()
        ref.order = _merged(ref.order, OrderRef(places=list(cursor.take().get("place"))))
        return True

    def _ahead(self) -> bool:
        here = self.cursor.at
        self.cursor.at += 1
        found = self.starts()
        self.cursor.at = here
        return found

    def _described(self, ref: Ref) -> bool:
        """Behind "that is": ranks and options, joined by and, but, yet, not."""
        cursor = self.cursor
        start = cursor.at
        negated = False
        while cursor.peek().has("dearer", "cheaper", "dearest", "cheapest", "value", "part", "negation", "join",
        "but", "option",
                                "glue", "to") or cursor.peek().text in ("resistant", "resistent"):  # fmt: skip
            atom = cursor.peek()
            if atom.has("dearer", "dearest", "cheaper", "cheapest"):
                ref.rank = 1 if cursor.take().has("dearer", "dearest") else -1
            elif atom.has("value", "part"):
                one = value_constraint(cursor)
                one.op = "ne" if negated else "eq"
                ref.source.append(one)
                negated = False
            elif atom.has("option"):
                taken = cursor.take()
                ref.source.append(
                    Constraint(
                        op="flag", options=taken.get("option"), direction=-1 if negated else 1, start=taken.start
                    )
                )
                negated = False
            elif atom.has("negation"):
                cursor.take()
                negated = True
            else:
                cursor.take()
        return cursor.at > start

    def _kind(self, ref: Ref) -> bool:
        """Options right behind the head without a verb: "the laptop 15-inch", "a tablet with 64GB storage"."""
        cursor = self.cursor
        if not ref.heads:
            return False
        if cursor.peek().text == "with" and cursor.peek(1).has("value") and not cursor.peek(1).has("head"):
            return False
        return False


def value_constraint(cursor: Cursor) -> Constraint:
    """The value here with the name of its option beside it, if any."""
    before = cursor.before()
    atom = cursor.take()
    senses = atom.get("value") if atom.has("value") else atom.get("part")
    hints: tuple[str, ...] = ()
    after = cursor.peek()
    if after.has("option") and not after.has("head"):
        hints = tuple(option for option in after.get("option") if any(s.option == option for s in senses))
        if hints:
            cursor.take()
    if not hints and before.has("option"):
        hints = tuple(option for option in before.get("option") if any(s.option == option for s in senses))
    if hints:
        senses = tuple(sense for sense in senses if sense.option in hints)
    return Constraint(op="eq", senses=senses, start=atom.start, end=cursor.before().end)


def read_order(cursor: Cursor) -> OrderRef | None:
    """An order by id, status, recency, place or "other"; None where none is named here."""
    order = OrderRef()
    named = False
    start = cursor.at
    while cursor.more():
        atom = cursor.peek()
        if atom.has("id") and atom.get("id")[0] == "order":
            order.ids.append(cursor.take().get("id")[1])
            named = True
        elif atom.has("order_noun"):
            every = cursor.take().text == "orders"
            order.every = order.every or every
            named = True
        elif atom.has("status") and not named:
            order.statuses += cursor.take().get("status")
        elif atom.has("all") and not named:
            order.every = True
            cursor.take()
        elif atom.has("recent", "oldest", "other", "place") and not named:
            _order_word(order, cursor.take())
        elif atom.has("det", "whole", "one_of", "bought", "account") and not named:
            cursor.take()
        else:
            break
    if not named:
        cursor.at = start
        return None
    return order


def _order_word(order: OrderRef, atom: Atom) -> None:
    if atom.has("place"):
        order.places += atom.get("place")
    elif atom.has("recent"):
        order.recent = 1
    elif atom.has("oldest"):
        order.recent = -1
    else:
        order.other = True


def _merged(one: OrderRef | None, other: OrderRef) -> OrderRef:
    if one is None:
        return other
    return OrderRef(
        ids=[*one.ids, *other.ids], statuses=[*one.statuses, *other.statuses], places=[*one.places, *other.places],
        contains=[*one.contains, *other.contains], recent=one.recent or other.recent, every=one.every or other.every,
        other=one.other or other.other, digits=one.digits or other.digits,
    )  # fmt: skip


def _without_placeholder(found: list[Ref]) -> list[Ref]:
    """ "Two items of my order: the lamp and the mug": the thing word only announces the goods."""
    if len(found) > 1 and found[0].pronoun and not found[0].heads and all(ref.heads for ref in found[1:]):
        for ref in found[1:]:
            ref.order = ref.order or found[0].order
        return found[1:]
    return found
