"""Clauses that ask for nothing themselves: who writes, what is withheld, goods told of, more about what was asked."""

from proofdesk.language.reading.plan.clauses import Clause
from proofdesk.language.reading.plan.nouns import read_order
from proofdesk.language.reading.plan.placing import Placing
from proofdesk.language.reading.plan.values import Item, OrderRef, Ref, Step


class Asides(Placing):
    context_clause: Clause

    def _withheld(self, clause: Clause) -> bool:
        """ "… which I do not want to reveal, but it is in my other order": where an address is, without saying it."""
        cursor = self.cursor
        has = [atom for atom in cursor.atoms[clause.start : clause.end] if atom.text != "should be"]
        barred = ("verb", "wish", "pay", "head", "value", "literal", "amount")
        if any(atom.has(*barred) and not atom.has("enum", "in", "say") for atom in has):
            return False
        says = any(atom.has("say") and not atom.has("to") for atom in has)
        hides = any(atom.has("negation", "enum") or atom.text == "won't" for atom in has)
        placed = cursor.any(clause.start, clause.end, "in") and cursor.any(
            clause.start, clause.end, "order_noun", "account"
        )
        located = (
            placed
            and cursor.any(clause.start, clause.end, "aux", "to", "pronoun")
            and bool(self.focus)
            and (self.focus[-1].address is not None)
        )
        if not (says and hides) and not (located and cursor.peek().has("pronoun", "det", "subject", "aux", "but")):
            return False
        cursor.take_all(clause.start, clause.end)
        return True

    def _aims(self, clause: Clause) -> bool:
        """ "I will buy again", "I think I ordered it in April", "I am not sure" beside a question: nothing to
        do now.
        """
        cursor = self.cursor
        atoms = cursor.atoms[clause.start : clause.end]
        barred = ("wish", "pay", "head", "value", "literal", "id", "prefer", "nothing_done", "only", "revise")
        if self.verb_at(clause) >= 0 or any(atom.has(*barred) for atom in atoms):
            return False
        texts = cursor.texts(clause.start, clause.end)
        first = cursor.peek()
        future = (first.text in ("i", "we") and cursor.peek(1).text in ("will", "can", "plan")) or first.text in (
            "i'll",
            "we'll",
        )
        thinks = (
            first.text in ("i", "we")
            and bool(texts & {"think", "believe", "guess"})
            and cursor.any(clause.start, clause.end, "bought")
        )
        done = first.text in ("after", "once") and cursor.any(clause.start, clause.end, "aux")
        if not (future or thinks or done or self.asking == self.sentence):
            return False
        cursor.take_all(clause.start, clause.end)
        return True

    def _identity(self, clause: Clause) -> bool:
        """Who is writing: claims, and nothing to do."""
        cursor = self.cursor
        known = any(kind == "requester" for kind, _ in cursor.payloads(clause.start, clause.end, "id"))
        if not known and not cursor.any(clause.start, clause.end, "claim", "email"):
            return False
        if self.verb_at(clause) >= 0 or cursor.any(clause.start, clause.end, "prefer"):
            return False
        cursor.take_all(clause.start, clause.end)
        return True

    def _about(self, clause: Clause) -> bool:
        """ "For order X," or "I received my order X and …": what follows in this sentence is about that order."""
        cursor = self.cursor
        orders = [known for kind, known in cursor.payloads(clause.start, clause.end, "id") if kind == "order"]
        if (
            cursor.peek().has("in", "to")
            and cursor.any(clause.start, clause.end, "order_noun")
            and all(
                atom.has("in", "to", "number", "all", "det", "order_noun", "pronoun")
                for atom in cursor.atoms[clause.start : clause.end]
            )
        ):
            items = [item for step in self.focus[-1:] for item in step.items]
            if cursor.any(clause.start, clause.end, "number", "all") and not cursor.any(
                clause.start, clause.end, "one_of"
            ):
                cursor.take_all(clause.start, clause.end)
                return True
            if items and self.focus[-1].sentence == clause.sentence:
                cursor.take_all(clause.start, clause.end)
                return True
        if len(orders) != 1 or cursor.any(clause.start, clause.end, "verb", "wish", "head", "value", "question", "ask"):
            return False
        told = cursor.any(clause.start, clause.end, "received", "bought") and cursor.any(
            clause.start, clause.end, "subject"
        )
        leads = cursor.peek().has("in", "to") or cursor.peek().text in ("regarding", "concerning", "about")
        if not (told or leads):
            return False
        self.context = (clause.sentence, orders[0])
        self.context_used = False
        self.context_clause = clause
        cursor.take_all(clause.start, clause.end)
        return True

    def _aside(self, clause: Clause) -> bool:
        """ "(in another order)", "(and only the lamp)": more about the goods spoken of last."""
        cursor = self.cursor
        if self._also_address(clause):
            return True
        items = [item for step in self.focus[-1:] for item in step.items]
        apart = clause.bracketed or bool({"only", "but"} & clause.lead) or cursor.peek().has("only", "in")
        if not items or not apart:
            return False
        if cursor.peek().has("in") and not cursor.peek(1).has("pay_noun"):
            cursor.take()
            order = read_order(cursor)
            if order is None or cursor.more():
                return False
            items[-1].ref.order = items[-1].ref.order or order
            cursor.take_all(clause.start, clause.end)
            return True
        if not cursor.peek().has("only"):
            return False
        cursor.take()
        refs = self.nouns.list() if cursor.more() else []
        if cursor.more() or not {head for ref in refs for head in ref.heads} <= {
            head for item in items for head in item.ref.heads
        }:
            return False
        cursor.take_all(clause.start, clause.end)
        self.focus[-1].part_only = True
        return True

    def _keeping(self, clause: Clause) -> bool:
        """ "I want to keep it": what was to be done with it is taken back."""
        cursor = self.cursor
        place = cursor.ahead("keep", through=("wish", "subject", "join", "also", "only", "aux"))
        if place < 0:
            return False
        cursor.at = place + 1
        if not self.nouns.starts():
            return False
        ref = self.nouns.one()
        if ref.everything and self.condition is not None:
            self._trouble("keep_everything", clause)
            return True
        if cursor.more() or not (ref.pronoun or ref.heads or ref.everything):
            return False
        if any(set(ref.heads) & set(item.ref.heads) for step in self.plan.steps for item in step.items) or (
            ref.pronoun and self.revising
        ):
            for step in self.focus:
                step.mood = "retracted"
        elif ref.pronoun:
            return False
        cursor.take_all(clause.start, clause.end)
        return True

    def _remember_goods(self, clause: Clause) -> None:
        """Goods a story speaks of: what "it" and "the dearer one" mean later."""
        cursor = self.cursor
        if any(at in cursor.used and not cursor.atoms[at].has("enum") for at in range(clause.start, clause.end)):
            return
        place = next((at for at in range(clause.start, clause.end) if cursor.atoms[at].has("head")), -1)
        if place < 0:
            return
        used = set(cursor.used)
        while place > clause.start and cursor.atoms[place - 1].has(
            "det", "number", "value", "part", "status", "recent", "other"
        ):
            place -= 1
        cursor.enter(place, clause.end)
        refs = self.nouns.list()
        cursor.used = used
        received = cursor.any(clause.start, clause.end, "received")
        for ref in refs:
            if received:
                ref.order = ref.order or OrderRef(statuses=["delivered"])
        self.spoken = [Item(ref=ref) for ref in refs if ref.heads]

    def _moved(self, clause: Clause) -> bool:
        """ "I moved and bought a lamp sent to the new address", "I have another order sent to the old address"."""
        cursor = self.cursor
        atoms = cursor.atoms[clause.start : clause.end]
        if not any(atom.has("sent") for atom in atoms) or not any(atom.has("address_noun") for atom in atoms):
            return False
        if self.verb_at(clause) >= 0 or any(
            atom.has("wish", "pay", "id", "literal", "negation", "prefer") for atom in atoms
        ):
            return False
        fresh = any(atom.has("fresh") for atom in atoms)
        head = next((at for at in range(clause.start, clause.end) if cursor.atoms[at].has("head")), -1)
        if head >= 0 and fresh and cursor.any(clause.start, head, "bought"):
            heads = tuple(one for found in cursor.atoms[head].get("head") for one in found)
            self.told_place = OrderRef(contains=[Ref(heads=heads)])
        elif head >= 0 or not any(atom.has("order_noun") for atom in atoms):
            return False
        cursor.take_all(clause.start, clause.end)
        return True

    def _also_address(self, clause: Clause) -> bool:
        """ "… along with my default address": the account's besides the orders'."""
        cursor = self.cursor
        atoms = cursor.atoms[clause.start : clause.end]
        step = self.focus[-1] if self.focus else None
        if (
            step is not None
            and step.orders
            and atoms[0].text == "including"
            and all(atom.has("det", "order_noun", "all", "unknown", "also") for atom in atoms)
        ):
            cursor.take_all(clause.start, clause.end)
            return True
        if step is None or step.address is None or not any(atom.has("account") for atom in atoms):
            return False
        if not all(atom.has("account", "det", "address_noun", "also", "glue") for atom in atoms):
            return False
        step.procedures = (
            *step.procedures,
            *(n for n in self._served(("address",)) if not self.profiles[n].slot_of("order")),
        )
        step.account = True
        cursor.take_all(clause.start, clause.end)
        return True

    def _passive(self, clause: Clause) -> bool:
        """ "The lamp also needs to be exchanged": goods first, then what should be done with them."""
        cursor = self.cursor
        done = next((at for at in range(clause.start, clause.end) if cursor.atoms[at].has("participle")), -1)
        if (
            done < 0
            or not cursor.any(clause.start, done, "to", "wish")
            or cursor.any(clause.start, done, "reason_mark")
        ):
            return False
        if not self.nouns.starts():
            return False
        refs = self.nouns.list()
        if not any(ref.heads for ref in refs):
            return False
        for at in range(cursor.at, done + 1):
            if cursor.atoms[at].has("also", "to", "wish", "aux", "participle") or cursor.atoms[at].text in (
                "needs",
                "need",
            ):
                cursor.used.add(at)
        cursor.at = done + 1
        step = Step(
            procedures=(), verb=cursor.atoms[done].text, start=clause.start, end=clause.end, sentence=self.sentence
        )
        step.procedures = tuple(
            dict.fromkeys(
                name for sense in cursor.atoms[done].get("participle") for name, others in sense if not others
            )
        )
        step.items, step.rule = [Item(ref=ref) for ref in refs], "passive"
        self._goods_step(step, clause)
        self._place(step, clause, only=False)
        return True
