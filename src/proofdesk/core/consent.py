"""Whether an answer to "shall I go ahead?" is a yes. Only a plain yes is one. Pure."""

import re
from typing import Final, Literal

Consent = Literal["yes", "no", "unclear"]

_YES: Final = frozenset(
    """yes yep yeah yup sure ok okay confirm confirmed correct agreed proceed please go ahead do it
    ja jawohl gerne bitte einverstanden bestätigt genau passt
    oui d'accord confirme exact vas-y
    sí si claro confirmo vale adelante
    sì certo confermo va bene
    sim certo confirmo
    klopt akkoord prima graag tak zgoda potwierdzam""".split()  # noqa: SIM905 - a word list reads better as text
)
_NO: Final = frozenset(
    """no nope not don't dont stop cancel never wait nein nicht stopp abbrechen warten non pas arrêtez annuler
    nunca parar espere annulla ferma não nao nee niet nie""".split()  # noqa: SIM905
)
_POLITE: Final = frozenset(
    """thanks thank you that's that is right fine good great the all this i i'm am and to it with for
    danke das ist so merci bien c'est gracias bien grazie obrigado dank je""".split()  # noqa: SIM905
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
MAX_WORDS: Final = 12


def read_consent(text: str) -> Consent:
    """`yes` only when every word is agreement or politeness and one agrees; any no-word makes it `no` when nothing
    else is said, else `unclear`: whoever adds a condition has not agreed to the plan as it stands."""
    words = [word.casefold().replace("’", "'") for word in _WORD.findall(text)]
    if not words or len(words) > MAX_WORDS or any(c.isdigit() for c in text):
        return "unclear"
    agrees = any(word in _YES for word in words)
    refuses = any(word in _NO for word in words)
    others = [word for word in words if word not in _YES and word not in _NO and word not in _POLITE]
    if refuses and not agrees and len(others) <= 2:
        return "no"
    if agrees and not refuses and not others:
        return "yes"
    return "unclear"
