"""Walks the words of one frame and attaches each mention to the item it describes, or to the frame."""

from collections.abc import Mapping

from proofdesk.language.reading.document import Document
from proofdesk.language.reading.frame import Frame, Item
from proofdesk.language.reading.mentions import Mention
from proofdesk.language.reading.profile import Profile
from proofdesk.language.reading.vocabulary import ValueSense

MAX_ITEMS = 40
QUERY_BARRED = frozenset({"condition", "negation", "revision", "act", "report", "pay", "original", "enum"})
"""Kinds that keep a wish to know something from being read as nothing but that."""

_ATTACHED = (
    "enum", "original", "home", "same_as", "one_of", "count", "placeholder", "rank", "opener", "contrast", "except",
    "same", "head", "value", "hinted_value", "option", "status", "pay",
)  # fmt: skip
"""Kinds a frame can take up, in the order they are tried. After "because" only the reason itself counts."""


class Body:
    """Walks the tokens of one frame once, attaching each mention to the item, or to the frame."""

    def __init__(self, doc: Document, frame: Frame, profiles: Mapping[str, Profile]) -> None:
        self.doc = doc
        self.frame = frame
        shapes = [profiles[name] for name in frame.procedures]
        self.changes = any(shape.slot_of("line_changes") for shape in shapes)
        self.takes_lines = self.changes or any(shape.slot_of("lines") for shape in shapes)
        self.takes_address = any(shape.slot_of("address") for shape in shapes)
        self.pending: list[tuple[ValueSense, ...]] = []
        self.pending_option = ""
        self.pending_count: int | str = 0
        self.count_end = 0
        self.joined = True
        self.same = -1
        self.excluding = False

    def parse(self) -> None:
        self.doc.use(self.frame.act.tokens())
        at = self.frame.start
        while at < self.frame.end:
            at = max(at + 1, self._step(at))
        if self.pending_count and not self.frame.count:
            self.frame.count = self.pending_count
        for value in self.pending:
            self._item().source.append(value)

    def _step(self, at: int) -> int:
        token = self.doc.tokens[at]
        if at in self.doc.aside:
            return at + 1
        if token.kind == "literal":
            return self._literal(at)
        known = self.doc.id_at(at)
        if known is not None and self.frame.reason_at < 0 and not self.doc.starting(at, "value"):
            return self._id(at, *known)
        if token.text in ",;" or self.doc.forms.low[at] in self.doc.tongue[at].words.joiner:
            self.joined = True
            return at + 1
        for kind in _ATTACHED if self.frame.reason_at < 0 else ("enum",):
            mention = self.doc.starting(at, kind)
            if mention is not None and getattr(self, f"_on_{kind}")(mention):
                self.doc.use(mention.tokens())
                return mention.end
        self._heed_words(at)
        return self._on_link(at)

    def _heed_words(self, at: int) -> None:
        """Right behind the act "it" stands for the thing to change; "I want" leads over to what it should become."""
        kinds = self.doc.kinds(at)
        if self.changes and at == self.frame.act.end and not self.frame.items and "anaphora" in kinds:
            self._item()
        if self.changes and self.frame.items and at > self.frame.act.start and "wish" in kinds:
            self.frame.items[-1].has_target = True
            self.joined = False

    def _on_link(self, at: int) -> int:
        if (query := self.doc.starting(at, "query")) is not None and at > self.frame.act.start:
            return self._on_query(query)
        if self.frame.reason_at < 0 and (mark := self.doc.starting(at, "to")) is not None:
            return self._on_to(mark)
        if self.frame.reason_at < 0 and at > self.frame.act.start and (why := self.doc.starting(at, "reason")):
            self.frame.reason_at = at
            return why.end
        return at + 1

    def _item(self) -> Item:
        if not self.frame.items:
            self.frame.items.append(Item(at=self.frame.act.start))
        return self.frame.items[-1]

    def _literal(self, at: int) -> int:
        pairs = self.doc.literal(at)
        item = self.frame.items[-1] if self.frame.items else None
        if self.takes_address and not self.changes:
            self.frame.literals.append(at)
        elif item is None or not self.takes_lines:
            return at + 1
        elif item.has_target and item.target_literal is None:
            item.target_literal = pairs
        elif not item.has_target and item.source_literal is None:
            item.source_literal = pairs
        else:
            return at + 1
        self.doc.use([at])
        self.joined = False
        return at + 1

    def _id(self, at: int, kind: str, known: str) -> int:
        if kind == "order":
            refers = any("same_as" in self.doc.kinds(place) for place in range(max(self.frame.start, at - 3), at))
            (self.frame.reference_orders if refers else self.frame.orders).append(known)
        elif kind == "method":
            self.frame.methods.append(("id", known))
        elif kind == "variant_id" and self.takes_lines:
            self._variant_id(at, known)
        elif kind != "requester":
            return at + 1
        self.doc.use([at])
        return at + 1

    def _variant_id(self, at: int, known: str) -> None:
        item = self.frame.items[-1] if self.frame.items else None
        if item is not None and item.has_target:
            item.target_id = known
        elif item is not None and not item.line_id and not self.joined:
            item.line_id = known
        else:
            self.frame.items.append(Item(line_id=known, at=at))
        self.joined = False

    def _on_to(self, mention: Mention) -> int:
        after_act = mention.start > self.frame.act.start or self.doc.tongue[mention.start].words.verb_final
        if self.changes and self.frame.items and after_act:
            self.frame.items[-1].has_target = True
            self.doc.use(mention.tokens())
        elif self.changes and self.pending_option and mention.start > self.frame.act.start:
            self._item().has_target = True
            self.doc.use(mention.tokens())
        self.joined = self.joined and not self.changes
        return mention.end

    def _on_enum(self, mention: Mention) -> bool:
        hits = [m.payload for m in self.doc.at[mention.start] if m.kind == "enum" and m.start == mention.start]
        mine = [(slot, value) for procedure, slot, value in hits if procedure in self.frame.procedures]
        if mine:
            self._reason_before(mention.start)
        for slot, value in mine:
            known = self.frame.enums.setdefault(slot, [])
            if value not in known:
                known.append(value)
        return bool(mine)

    def _reason_before(self, at: int) -> None:
        """Words like "it was" right before a reason only point at the request itself."""
        while at > self.frame.act.end and self.doc.kinds(at - 1) & {"anaphora", "filler"}:
            at -= 1
            self.doc.use([at])

    def _on_original(self, _mention: Mention) -> bool:
        self.frame.original = True
        return True

    def _on_home(self, _mention: Mention) -> bool:
        self.frame.home = self.takes_address
        return self.takes_address

    def _on_same_as(self, mention: Mention) -> bool:
        """Read only where an order's id follows; anything else stays a question."""
        return any(
            (known := self.doc.id_at(at)) is not None and known[0] == "order"
            for at in range(mention.end, min(mention.end + 3, self.frame.end))
        )

    def _on_one_of(self, mention: Mention) -> bool:
        return self._head_follows(mention.end) and not (
            self.frame.items and self.frame.items[-1].has_target and not self.joined
        )

    def _on_count(self, mention: Mention) -> bool:
        if self.doc.starting(mention.start, "hinted_value") and self._is_target(mention):
            return False
        self.pending_count = mention.payload
        self.count_end = mention.end
        return True

    def _on_placeholder(self, _mention: Mention) -> bool:
        """For the thing itself, where the target is described: "to one with", "the red one"."""
        item = self.frame.items[-1] if self.frame.items else None
        return item is not None and item.has_target and not self.joined

    def _on_rank(self, mention: Mention) -> bool:
        """A rank ("the cheapest") counts for the target of one item, and only once."""
        item = self.frame.items[-1] if self.frame.items else None
        if item is None or not item.has_target or item.rank or self.joined:
            return False
        item.rank = mention.payload
        return True

    def _on_opener(self, mention: Mention) -> bool:
        """A word like "Finally," at the beginning of a sentence only says that it is the last one."""
        return mention.start == self.frame.start and self.doc.tokens[mention.end].text == ","

    def _on_contrast(self, mention: Mention) -> bool:
        """A contrast that leads over to nothing but how to pay."""
        kinds: set[str] = set()
        for at in range(mention.end, self.frame.end):
            if self.doc.tokens[at].text in ",;.":
                break
            kinds |= self.doc.kinds(at)
            if not self.doc.kinds(at) & {"polite", "filler", "pay", "pay_context", "original", "to"}:
                return False
        return bool(kinds & {"pay", "original"})

    def _on_except(self, _mention: Mention) -> bool:
        """What follows stays out of "everything"; of anything less than that it is not clear what it means."""
        self.excluding = self.takes_lines and not self.changes and self.pending_count == "all" and not self.frame.items
        return self.excluding

    def _on_query(self, mention: Mention) -> int:
        """A wish to know something ends the request: it is read up to the end, unless it is a condition after all."""
        rest = range(mention.start, self.frame.end)
        if not any(self.doc.kinds(at) & QUERY_BARRED for at in rest):
            self.doc.use(rest)
            return self.frame.end
        return mention.end

    def _on_same(self, mention: Mention) -> bool:
        self.same = mention.end
        if not self.changes or not self.frame.items or mention.end >= self.frame.end:
            return False
        return self.doc.starting(mention.end, "option", "head", "placeholder") is not None

    def _on_head(self, mention: Mention) -> bool:
        item = self.frame.items[-1] if self.frame.items else None
        if self.excluding:
            self.frame.excluded.append(Item(heads=mention.payload, head_text=self._text(mention), source=self.pending))
            self.pending = []
            return True
        if len(self.frame.items) >= MAX_ITEMS or (self.pending_count and not self._counts(mention.start)):
            return False
        if item is not None and item.has_target and not self.joined:
            return bool(set(item.heads) & set(mention.payload))
        if item is not None and item.heads and not self.joined:
            return False
        if item is not None and not item.heads and not item.line_id and not item.has_target:
            item.heads, item.head_text, item.at = mention.payload, self._text(mention), mention.start
        else:
            item = Item(heads=mention.payload, head_text=self._text(mention), at=mention.start)
            self.frame.items.append(item)
        item.source.extend(self.pending)
        item.count = self.pending_count or item.count
        self.pending, self.pending_count, self.joined = [], 0, False
        return True

    def _counts(self, head: int) -> bool:
        """Whether only articles and values stand between the quantity and the head it counts."""
        between = range(self.count_end, head)
        return all(self.doc.kinds(at) & {"determiner", "value", "option"} for at in between)

    def _on_hinted_value(self, mention: Mention) -> bool:
        """A value that is also a function word ("two") is one only beside its option's name, or right as a target."""
        beside = self.doc.starting(mention.end, "option") if mention.end < self.frame.end else None
        return (beside is not None or self._is_target(mention)) and self._on_value(mention)

    def _is_target(self, mention: Mention) -> bool:
        """Whether the word follows "to" at once, or stands for the thing itself ("for the two version")."""
        item = self.frame.items[-1] if self.frame.items else None
        if item is None or not item.has_target:
            return False
        stands = mention.end < self.frame.end and self.doc.starting(mention.end, "placeholder") is not None
        return stands or "to" in self.doc.kinds(mention.start - 1)

    def _on_value(self, mention: Mention) -> bool:
        senses = self._hinted(mention)
        item = self.frame.items[-1] if self.frame.items else None
        if not self.takes_lines:
            return False
        new_head = self._next_head(mention.end)
        if (
            item is not None
            and item.has_target
            and not (new_head and self.joined and not set(new_head) & set(item.heads))
        ):
            item.target.append(senses)
        elif item is None or self.joined or new_head:
            self.pending.append(senses)
            return True
        else:
            item.source.append(senses)
        self.joined = False
        return True

    def _hinted(self, mention: Mention) -> tuple[ValueSense, ...]:
        """The senses of a value, narrowed by the option named right beside it."""
        senses: tuple[ValueSense, ...] = mention.payload
        after = self.doc.starting(mention.end, "option") if mention.end < self.frame.end else None
        hint = after.payload if after is not None else self.pending_option
        narrowed = tuple(sense for sense in senses if sense.option == hint)
        if narrowed and after is not None:
            self.doc.use(after.tokens())
        self.pending_option = ""
        return narrowed or senses

    def _on_option(self, mention: Mention) -> bool:
        options = [m.payload for m in self.doc.at[mention.start] if m.kind == "option" and m.start == mention.start]
        if mention.start in self.doc.used:
            return True
        if self.same == mention.start and self.frame.items:
            self.frame.items[-1].same_options.extend(options[:1])
            return True
        self.pending_option = options[0]
        return any("value" in self.doc.kinds(at) for at in range(mention.end, min(mention.end + 4, self.frame.end)))

    def _on_status(self, mention: Mention) -> bool:
        hits = [m.payload for m in self.doc.at[mention.start] if m.kind == "status" and m.start == mention.start]
        self.frame.statuses.extend(hits)
        return True

    def _on_pay(self, mention: Mention) -> bool:
        hits = [m.payload for m in self.doc.at[mention.start] if m.kind == "pay" and m.start == mention.start]
        self.frame.methods.extend(hits[:1])
        return True

    def _head_follows(self, at: int) -> bool:
        return self._next_head(at) is not None

    def _next_head(self, at: int) -> tuple[str, ...] | None:
        """The head reached over values alone."""
        while at < self.frame.end:
            head = self.doc.starting(at, "head")
            if head is not None:
                heads: tuple[str, ...] = head.payload
                return heads
            value = self.doc.starting(at, "value", "option")
            if value is None:
                return None
            at = value.end
        return None

    def _text(self, mention: Mention) -> str:
        tokens = self.doc.tokens
        return self.doc.text[tokens[mention.start].start : tokens[mention.end - 1].end]
