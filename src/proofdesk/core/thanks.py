"""Whether a message is nothing but thanks. Only then is it not customer contact; when in doubt it is contact.

The rule is a closed vocabulary in seven languages: one word too many ("thanks, but ...") and the message counts. A
miss costs us a charge, a false hit would hide a customer's complaint from the bill, so it errs towards contact.
"""

import re
import unicodedata
from typing import Final

MAX_THANKS_CHARS: Final = 120

_WORD: Final = re.compile(r"[^\W\d_]+", re.UNICODE)
_SENTENCE: Final = re.compile(r"[.!,;:\n]+")
_THANKS_WORDS = """
thanks thank thx ty danke dankeschön dankeschon merci gracias grazie obrigado obrigada bedankt dank tack tak takk kiitos
dziękuję dziekuje спасибо
"""
_COURTESY_WORDS = """
you so very much a lot many your the quick fast again all great perfect awesome wonderful excellent super ok okay lovely
brilliant that works worked it is was really appreciated appreciate have nice good day weekend bye regards best kind hi
hello dear team everyone and cheers
vielen schön schon lieben herzlichen besten die schnelle ihre eure deine sehr toll prima klasse ihnen euch dir schönen
schonen tag gruß grüße viele freundlichen mit hallo liebe ganz herzlich
beaucoup bien mille votre ton rapide parfait bonne journée journee cordialement à vous bonjour très tres
muchas muchísimas muchisimas mil su tu rápida rapida perfecto buen día dia saludos un hola
molte molto muito hartelijk de
"""
_OCCASION_WORDS = """
help support reply answer response hilfe antwort rückmeldung aide réponse reponse ayuda respuesta aiuto ajuda hulp
"""
_FOR_WORDS = "for für fur pour por per pela voor"

_THANKS: Final = frozenset(_THANKS_WORDS.split())
_COURTESY: Final = frozenset(_COURTESY_WORDS.split())
_OCCASION: Final = frozenset(_OCCASION_WORDS.split())
_FOR: Final = frozenset(_FOR_WORDS.split())
_MARKS: Final = frozenset("?¿…")


def is_thanks(text: str) -> bool:
    """True when every word is one of thanks or courtesy and at least one is thanks.

    A question mark, a digit or a quoted line makes it contact. "Help" counts as courtesy only after "for", so that
    "Thanks. Help!" is heard.
    """
    plain = unicodedata.normalize("NFC", text).strip()
    if not plain or len(plain) > MAX_THANKS_CHARS or _MARKS & set(plain):
        return False
    if any(char.isdigit() for char in plain) or "\n>" in f"\n{plain}":
        return False
    sentences = [[word.casefold() for word in _WORD.findall(part)] for part in _SENTENCE.split(plain)]
    said = {word for sentence in sentences for word in sentence}
    return bool(said & _THANKS) and all(_courteous(sentence) for sentence in sentences)


def _courteous(words: list[str]) -> bool:
    after_for = False
    for word in words:
        after_for = after_for or word in _FOR
        if word in _OCCASION and not after_for:
            return False
        if word not in _THANKS | _COURTESY | _OCCASION | _FOR:
            return False
    return True
