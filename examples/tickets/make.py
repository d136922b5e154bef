"""`python -m examples.tickets.make`: write tickets.jsonl from the back office's seed and the texts of phrasings.yaml.

What is expected of each ticket follows from the back office's rules and Larkfield's policy: every effect is carried
out on the seeded world here, so a gold that the back office would refuse cannot be written.
"""

import random
import sys
from pathlib import Path
from typing import Any

import msgspec
import yaml

from examples.backoffice.model import Customer
from examples.backoffice.seed import make_world
from examples.tickets import recipes
from examples.tickets.effects import carry_out
from examples.tickets.recipes import Draft
from examples.tickets.subjects import Subjects
from examples.tickets.ticket import Ticket

SEED = 7
DAY = "2026-01-15"
"""Any day gives the same tickets: nothing in them is a date."""
FOLDER = Path(__file__).parent
_SUBJECTS = {
    "en": ("", "Question", "My order", "Help please", "Request"), "de": ("", "Anfrage"), "fr": ("", "Demande"),
    "es": ("", "Consulta"), "it": ("", "Richiesta"), "nl": ("", "Vraag"),
}  # fmt: skip
_SIGNATURES = {
    "en": "\n\nBest regards,\n{name}\n\n--\nSent from my phone",
    "de": "\n\nViele Grüße\n{name}",
    "fr": "\n\nCordialement,\n{name}",
    "es": "\n\nUn saludo,\n{name}",
    "it": "\n\nCordiali saluti\n{name}",
    "nl": "\n\nMet vriendelijke groet,\n{name}",
}
_RAMBLING = (
    "I have been a customer of yours for years, and my sister too, she has the walnut one in her study and everybody "
    "admires it. Anyway, that is not why I am writing. "
)
_ANGRY = "Honestly, this is getting ridiculous. "


def tickets() -> list[Ticket]:
    """All of them, always the same."""
    world = make_world(SEED, DAY)
    subjects = Subjects(world)
    texts = Texts(yaml.safe_load((FOLDER / "phrasings.yaml").read_text(encoding="utf-8")))
    drafts = [draft for recipe in recipes.in_order() for draft in recipe(subjects, texts)]
    found = []
    for number, draft in enumerate(_shuffled(drafts), 1):
        for effect in draft.gold.effects:
            carry_out(effect, world)
        found.append(_ticket(number, draft))
    return found


class Texts:
    """Hands out the phrasings of a kind in turn, so that each is used before any is used again."""

    def __init__(self, phrasings: dict[str, dict[str, list[str]]]) -> None:
        self._by_kind = {
            kind: [(language, text) for language, texts in sorted(by.items()) for text in texts]
            for kind, by in phrasings.items()
        }
        self._next = dict.fromkeys(self._by_kind, 0)

    def of(self, kind: str) -> tuple[str, str]:
        """(language, text with holes)."""
        choices = self._by_kind[kind]
        at = self._next[kind]
        self._next[kind] = at + 1
        return choices[at % len(choices)]

    def count(self, kind: str) -> int:
        return len(self._by_kind[kind])


def _shuffled(drafts: list[Draft]) -> list[Draft]:
    mixed = list(drafts)
    random.Random(SEED).shuffle(mixed)
    return mixed


def _ticket(number: int, draft: Draft) -> Ticket:
    """The draft as it arrives: with a subject, sometimes a signature, a detour, a slip of the keyboard."""
    chance = random.Random(number)
    text = _filled(_slipped(draft.text, chance) if chance.random() < 0.15 else draft.text, draft.holes)
    mood = chance.random()
    if draft.plain:
        pass
    elif mood < 0.06 and draft.language == "en":
        text = _ANGRY + text
    elif mood < 0.12 and draft.language == "en":
        text = _RAMBLING + text
    elif mood < 0.35 and "\n" not in text:
        text += _SIGNATURES[draft.language].format(name=_name(draft.customer))
    channel = "email" if chance.random() < 0.6 else "api"
    sender = draft.sender or (draft.customer.email if draft.customer else f"visitor{number}@post.example")
    return Ticket(
        id=f"T-{number:03d}",
        channel=channel,  # type: ignore[arg-type]
        sender=sender,
        verified=draft.verified and draft.customer is not None,
        subject=chance.choice(_SUBJECTS[draft.language]),
        text=text,
        later=[_filled(answer, draft.holes) for answer in draft.later],
        confirm="no" if draft.says_no else "yes",
        gold=draft.gold,
    )


def _name(customer: Customer | None) -> str:
    return f"{customer.given_name} {customer.family_name}" if customer else "A visitor"


def _filled(text: str, holes: dict[str, Any]) -> str:
    return text.format(**holes)


def _slipped(text: str, chance: random.Random) -> str:
    """Two neighbouring letters of one longer word swapped, never inside a hole."""
    words = text.split(" ")
    places = [i for i, word in enumerate(words) if len(word) > 5 and word.isalpha()]
    if places:
        place = chance.choice(places)
        word = words[place]
        at = chance.randrange(1, len(word) - 2)
        words[place] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return " ".join(words)


def encoded(found: list[Ticket]) -> bytes:
    return b"".join(msgspec.json.encode(ticket) + b"\n" for ticket in found)


def main() -> int:
    found = tickets()
    (FOLDER / "tickets.jsonl").write_bytes(encoded(found))
    sys.stdout.write(f"{len(found)} tickets\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
