"""The request reader: one message, one requester's records, and the answers given since, into a Reading."""

from collections.abc import Iterable, Sequence

import msgspec

from proofdesk.core.reading import Claim, Doubt, Reading, Request, SlotValue, Span
from proofdesk.core.records import Records
from proofdesk.language.reading.claims import find_claims
from proofdesk.language.reading.coverage import as_spans, unread_tokens
from proofdesk.language.reading.document import Document
from proofdesk.language.reading.frames import Frame, build_frames
from proofdesk.language.reading.profile import Profile
from proofdesk.language.reading.requests import Draft, Resolver, as_request
from proofdesk.language.reading.signals import find_signals
from proofdesk.language.reading.tenant_words import TenantWords
from proofdesk.language.reading.together import together
from proofdesk.language.reading.vocabulary import known_ids, reader_index, records_index
from proofdesk.language.reading.words import function_words

MAX_ANSWERS = 10


class Reader:
    """ports.RequestReader by rules. Pure: the same text, records and answers give the same Reading."""

    def __init__(self, profiles: Iterable[Profile], tenant: TenantWords | None = None, language: str = "en") -> None:
        self.profiles = {profile.procedure: profile for profile in profiles}
        self.tenant = tenant or TenantWords()
        self.words = function_words(language)
        self.language = language
        self.index = reader_index(self.profiles.values(), self.words, self.tenant)

    def claims(self, text: str) -> tuple[Claim, ...]:
        return find_claims(text, self.words)

    def read(self, text: str, records: Records, answers: Sequence[str] = ()) -> Reading:
        """Answer i is taken as given to `first_doubt` of the reading with the answers before it."""
        settled: dict[tuple[str, str], str] = {}
        added: list[str] = []
        for answer in answers[:MAX_ANSWERS]:
            doubt = first_doubt(self._read(text, records, added, settled))
            if doubt is not None and (choice := self._choice(answer, doubt)):
                settled[_key(doubt)] = choice
            elif answer.strip() and answer.strip() not in text:
                added.append(answer.strip())
        return self._read(text, records, added, settled)

    def _read(self, text: str, records: Records, added: Sequence[str], settled: dict[tuple[str, str], str]) -> Reading:
        whole = "\n\n".join((text, *added))
        doc = Document(
            whole,
            records_index(records, self.tenant, self.index, self.words),
            known_ids(records),
            self.words,
            self.claims(whole),
        )
        frames = build_frames(doc, self.profiles)
        _attach_payment(doc, frames)
        resolver = Resolver(doc, records, self.profiles)
        drafts = [draft for frame in frames for draft in resolver.resolve(frame)]
        drafts = together(drafts, self.profiles)
        unread = as_spans(doc, unread_tokens(doc, frames))
        requests = [
            self._guarded(as_request(_settle(draft, settled), i + 1), whole, unread) for i, draft in enumerate(drafts)
        ]
        return Reading(
            requests=tuple(requests),
            signals=find_signals(doc),
            unread=unread,
            language=self.language,
        )

    def _guarded(self, request: Request, text: str, unread: Sequence[Span]) -> Request:
        """A request with what nobody explained as a doubt: nothing is done on half a message."""
        doubts = list(request.doubts)
        if request.mood != "asserted":
            question = "Do you want this to be done now?"
            doubts.append(Doubt(kind="mood", question=question, options=("yes", "no"), span=request.span))
        if unread:
            said = "; ".join(f"“{text[span.start : span.end]}”" for span in unread[:4])
            doubts.append(
                Doubt(kind="unread", question=f"I did not understand {said}. What should happen there?", span=unread[0])
            )
        return msgspec.structs.replace(request, doubts=tuple(doubts))

    def _choice(self, answer: str, doubt: Doubt) -> str:
        """The option an answer picks, or "" where it picks none or several."""
        plain = answer.strip().strip(".!").casefold()
        if doubt.options == ("yes", "no"):
            return "yes" if plain in self.words.say_yes else "no" if plain in self.words.say_no else ""
        named = [option for option in doubt.options if option.casefold() in answer.casefold()]
        return named[0] if len(named) == 1 else ""


def first_doubt(reading: Reading) -> Doubt | None:
    """The doubt to ask about next: the first of the first request that has one."""
    return next((doubt for request in reading.requests for doubt in request.doubts), None)


def _key(doubt: Doubt) -> tuple[str, str]:
    return doubt.slot, doubt.question


def _settle(draft: Draft, settled: dict[tuple[str, str], str]) -> Draft:
    """Doubts answered since, replaced by the option chosen."""
    left: list[Doubt] = []
    for doubt in draft.doubts:
        choice = settled.get(_key(doubt), "")
        if choice and doubt.slot and doubt.options != ("yes", "no"):
            draft.slots[doubt.slot] = SlotValue(value=choice, provenance="requester", shown=choice, rule="answered")
        else:
            left.append(doubt)
    draft.doubts = left
    return draft


def _attach_payment(doc: Document, frames: Sequence[Frame]) -> None:
    """A sentence that only names a payment method belongs to the one request of the message."""
    if len(frames) != 1:
        return
    for number, (start, end) in enumerate(doc.sentences):
        if number == frames[0].sentence:
            continue
        kinds = {kind for at in range(start, end) for kind in doc.kinds(at)}
        if not kinds & {"pay", "original"} or kinds & {"head", "value", "condition", "negation", "revision"}:
            continue
        for at in range(start, end):
            pay = doc.starting(at, "pay", "original")
            known = doc.id_at(at)
            if pay is not None and pay.kind == "pay":
                frames[0].methods.append(pay.payload)
            elif pay is not None:
                frames[0].original = True
            elif known is not None and known[0] == "method":
                frames[0].methods.append(("id", known[1]))
            elif not doc.starting(at, "pay_context"):
                continue
            doc.use(range(at, pay.end if pay is not None else at + 1))
