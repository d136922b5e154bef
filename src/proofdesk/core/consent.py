"""Whether an answer to "shall I go ahead?" is a yes. Only a plain one is: no question, no nudge, no condition. Pure."""

import re
from typing import Final, Literal

Consent = Literal["yes", "no", "unclear"]

_YES: Final = frozenset(
    """yes yep yeah yup sure ok okay confirmed agreed proceed
    ja jawohl einverstanden bestätigt passt
    oui d'accord confirmé
    sí si claro vale adelante confirmado
    sì certo confermato
    sim confirmada
    klopt akkoord tak zgoda""".split()  # noqa: SIM905 - a word list reads better as text
)
_YES_PHRASES: Final = (
    "go ahead", "do it", "do that", "i confirm", "i agree", "ich bestätige", "machen sie das", "je confirme", "vas-y",
    "allez-y", "lo confirmo", "yo confirmo", "hágalo", "lo confermo", "confermo io", "eu confirmo", "ga uw gang",
    "doe maar", "ik bevestig",
)  # fmt: skip
_NO: Final = frozenset(
    """no nope not don't dont stop cancel never wait nein nicht stopp abbrechen warten non pas arrêtez annuler
    nunca parar espere annulla ferma não nao nee niet nie""".split()  # noqa: SIM905
)
_BESIDE: Final = frozenset(
    """thanks thank you that's that is right fine good great the all this i i'm am and to it with for please correct
    danke das ist so bitte gerne genau prima merci bien c'est gracias por favor bien grazie obrigado dank je graag
    s'il vous plaît""".split()  # noqa: SIM905
)
"""Words that may stand beside a yes; none of them is one: "Please." and "Correct." are nudges."""
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_ASKS: Final = frozenset("?¿？")
MAX_WORDS: Final = 12


def read_consent(text: str) -> Consent:
    """`yes` when something agrees and nothing else is said but courtesy; `no` when something refuses and hardly
    anything else is said; else `unclear`: whoever asks back or adds a condition has not agreed to the plan."""
    words = [word.casefold().replace("’", "'") for word in _WORD.findall(text)]
    if not words or len(words) > MAX_WORDS or any(c.isdigit() or c in _ASKS for c in text):
        return "unclear"
    phrase = next((p for p in _YES_PHRASES if f" {p} " in f" {' '.join(words)} "), "")
    spoken = set(phrase.split())
    agrees = bool(phrase) or any(word in _YES for word in words)
    refuses = any(word in _NO for word in words)
    others = [word for word in words if word not in _YES | _NO | _BESIDE | spoken]
    if refuses and not agrees and len(others) <= 2:
        return "no"
    if agrees and not refuses and not others:
        return "yes"
    return "unclear"
