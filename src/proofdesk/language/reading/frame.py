"""What a sentence says before anything is resolved: the frame of one act and the items it is about."""

import msgspec

from proofdesk.core.reading import Mood
from proofdesk.language.reading.addresses import Written
from proofdesk.language.reading.mentions import Mention
from proofdesk.language.reading.vocabulary import ValueSense


class Item(msgspec.Struct, kw_only=True):
    """One thing of an order, and for a change what it should become. Values are tuples of their possible senses."""

    heads: tuple[str, ...] = ()
    head_text: str = ""
    line_id: str = ""
    source: list[tuple[ValueSense, ...]] = []
    source_literal: dict[str, str] | None = None
    target: list[tuple[ValueSense, ...]] = []
    target_literal: dict[str, str] | None = None
    target_id: str = ""
    same_options: list[str] = []
    rank: int = 0
    count: int | str = 0
    has_target: bool = False
    at: int = 0


class Frame(msgspec.Struct, kw_only=True):
    procedures: tuple[str, ...]
    act: Mention
    start: int
    end: int
    sentence: int
    orders: list[str] = []
    reference_orders: list[str] = []
    items: list[Item] = []
    excluded: list[Item] = []
    methods: list[tuple[str, str]] = []
    original: bool = False
    home: bool = False
    enums: dict[str, list[str]] = {}
    statuses: list[str] = []
    literals: list[int] = []
    addresses: list[Written] = []
    parts: list[tuple[int, int]] = []
    """Further tokens [start, end) of the message that belong to this request."""
    count: int | str = 0
    mood: Mood = "asserted"
    reason_at: int = -1
    hint_ppm: int = 0
    """The model's score where no word of the rules but the model names the procedure."""

    def places(self) -> list[int]:
        """Its tokens, those of its further parts last."""
        return [at for start, end in ((self.start, self.end), *self.parts) for at in range(start, end)]
