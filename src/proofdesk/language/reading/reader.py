"""The request reader: one message, one requester's records, and the answers given since, into a Reading."""

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from proofdesk.core.reading import Claim, Doubt, Hint, Reading, Request, Span
from proofdesk.core.records import Records
from proofdesk.language.reading.answers import chosen_option
from proofdesk.language.reading.claims import find_claims
from proofdesk.language.reading.coverage import as_spans, unread_tokens
from proofdesk.language.reading.document import Document
from proofdesk.language.reading.frames import build_frames, hinted_frames
from proofdesk.language.reading.gather import gather
from proofdesk.language.reading.languages import Tongues
from proofdesk.language.reading.loose import attach_loose_sentences
from proofdesk.language.reading.narrative import use_narrative
from proofdesk.language.reading.planner import Planner
from proofdesk.language.reading.profile import Profile
from proofdesk.language.reading.requests import Resolver, as_request
from proofdesk.language.reading.tenant_words import TenantWords
from proofdesk.language.reading.together import together
from proofdesk.language.reading.tokens import MAX_TEXT_CHARS
from proofdesk.language.reading.vocabulary import known_ids, reader_index, records_index

MAX_ANSWERS = 10
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|\n+")
_CODE = re.compile(r"\d{3}[ -]?\d{3}")
MAX_SHOWN_SPANS = 4


class Reader:
    """ports.RequestReader by rules. Pure: the same text, records and answers give the same Reading."""

    def __init__(
        self, profiles: Iterable[Profile], tenant: TenantWords | None = None, languages: Sequence[str] = ("en",)
    ) -> None:
        """`languages`: of LANGUAGES; the first one counts where a message does not tell."""
        self.profiles = {profile.procedure: profile for profile in profiles}
        self.tenant = tenant or TenantWords()
        self.index = reader_index(self.profiles.values(), self.tenant)
        self.tongues = Tongues(languages, self.index)
        self.risky = self.tongues.risky()
        self.planner = Planner(self.profiles, self.tenant, self.index, self.risky)
        self.bare = frozenset(
            word for name in ("say_yes", "say_no", "say_unknown") for word in self.tongues.merged(name)
        )

    def claims(self, text: str) -> tuple[Claim, ...]:
        return find_claims(text, self.tongues)

    def read(self, text: str, records: Records, answers: Sequence[str] = (), hints: Sequence[Hint] = ()) -> Reading:
        """Answer i is taken as given to `first_doubt` of the reading with the answers before it.

        `hints` are heeded only where the rules find no request.
        """
        settled: dict[str, str] = {}
        added: list[str] = []
        for answer in answers[:MAX_ANSWERS]:
            doubt = first_doubt(self._read(text, records, added, settled, hints))
            said = answer.strip()
            choice = chosen_option(said, doubt, self._document(said, records), records) if doubt is not None else ""
            if doubt is not None and choice:
                settled[doubt.question] = choice
            elif not self._says_nothing(said):
                added += [part for part in _SENTENCE_END.split(said) if part and part not in text]
        return self._read(text, records, added, settled, hints)

    def _says_nothing(self, answer: str) -> bool:
        """A bare yes, no, "I don't know" or code: it answers a question asked elsewhere, or none."""
        plain = answer.strip(" .!").casefold()
        return plain in self.bare or _CODE.fullmatch(plain) is not None

    def _document(self, text: str, records: Records) -> Document:
        index = records_index(records, self.tenant, self.index, self.risky)
        return Document(text, index, known_ids(records), self.tongues, self.claims(text))

    def _read(
        self, text: str, records: Records, added: Sequence[str], settled: Mapping[str, str], hints: Sequence[Hint]
    ) -> Reading:
        whole = "\n\n".join((text, *added))
        doc = self._document(whole, records)
        reading = self._by_frames(whole, doc, records, settled, hints)
        if settled or added or not self._may_plan(doc, reading):
            return reading
        planned = self.planner.read(doc, records)
        if planned.doubt is not None or not planned.requests:
            return reading
        return Reading(requests=planned.requests, plan=planned.steps, language=doc.language)

    def _may_plan(self, doc: Document, reading: Reading) -> bool:
        """Whether the frames left something open, in a message the plan language can read: English."""
        done = reading.requests and not any(request.doubts for request in reading.requests)
        drifts = [
            doubt.options == ("yes", "no") and doubt.kind == "ambiguous" for r in reading.requests for doubt in r.doubts
        ]
        done = done or (bool(drifts) and all(drifts))
        return not done and all(tongue.code == "en" for tongue in doc.tongue)

    def _by_frames(
        self, whole: str, doc: Document, records: Records, settled: Mapping[str, str], hints: Sequence[Hint]
    ) -> Reading:
        frames = build_frames(doc, self.profiles) or hinted_frames(doc, hints, self.profiles)
        kept = gather(doc, frames, self.profiles)
        attach_loose_sentences(doc, kept)
        resolver = Resolver(doc, records, self.profiles, settled)
        drafts = together([draft for frame in kept for draft in resolver.resolve(frame)], self.profiles)
        use_narrative(doc, frames, self.profiles)
        unread = as_spans(doc, unread_tokens(doc, frames, self.profiles))
        if len(whole) > MAX_TEXT_CHARS:
            unread = (*unread, Span(start=MAX_TEXT_CHARS, end=len(whole)))
        if any(frame.hint_ppm for frame in frames) and (
            unread or any(d.doubts or d.mood != "asserted" for d in drafts)
        ):
            drafts = []  # a proposal that does not resolve by itself is no request: a person reads it
        requests = [_guarded(as_request(draft, i + 1), whole, unread, settled) for i, draft in enumerate(drafts)]
        return Reading(
            requests=tuple(requests),
            unread=unread,
            language=doc.language,
        )


def first_doubt(reading: Reading) -> Doubt | None:
    """The doubt to ask about next: the first of the first request that has one and is not taken back."""
    wanted = (request for request in reading.requests if request.mood != "retracted")
    return next((doubt for request in wanted for doubt in request.doubts), None)


def _guarded(request: Request, text: str, unread: Sequence[Span], settled: Mapping[str, str]) -> Request:
    """A request with what nobody explained as a doubt: nothing is done on half a message."""
    doubts = list(request.doubts)
    mood = request.mood
    if mood != "asserted":
        said = text[request.span.start : request.span.end].strip() if request.span else ""
        question = f"You write “{said}”. Shall I do that now?"
        if settled.get(question) == "yes":
            mood = "asserted"
        else:
            doubts.append(Doubt(kind="mood", question=question, options=("yes", "no"), span=request.span))
    if unread:
        said = "; ".join(f"“{text[span.start : span.end]}”" for span in unread[:MAX_SHOWN_SPANS])
        question = f"I did not understand {said}. What should happen there?"
        doubts.append(Doubt(kind="unread", question=question, span=unread[0]))
    return msgspec.structs.replace(request, doubts=tuple(doubts), mood=mood)
