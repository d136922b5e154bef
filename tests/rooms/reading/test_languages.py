"""Requests in the six languages read, and everything that must not be read as a request."""

import pytest

from proofdesk.core.reading import Reading
from proofdesk.language.reading import LANGUAGES, Profile, Reader, SlotProfile
from tests.rooms.reading.shop import PROFILES, RECORDS, TENANT

CANCEL = {"en": "cancel", "de": "stornieren", "fr": "annuler", "es": "cancelar", "it": "annullare", "nl": "annuleren"}
ACTS = (*CANCEL.values(), "call off", "annulez", "storniere")
SIMPLE = tuple(
    Profile(procedure=p.procedure, acts=ACTS, serves=p.serves, slots={"order": SlotProfile(type="order", ask="Which?")})
    if p.procedure == "cancel_order"
    else p
    for p in PROFILES
)
READER = Reader(SIMPLE, TENANT, LANGUAGES)


def read(text: str) -> Reading:
    return READER.read(text, RECORDS)


def written(text: str) -> list[tuple[str, str]]:
    """What would be carried out: nothing at all while anything is in doubt."""
    reading = read(text)
    wanted = [r for r in reading.requests if r.mood != "retracted"]
    if reading.unread or any(r.doubts or r.mood != "asserted" for r in wanted):
        return []
    return [(r.procedure, r.slots["order"].value) for r in wanted]


@pytest.mark.parametrize(
    "text",
    [
        "Bitte Bestellung #L100200 stornieren. Vielen Dank!",
        "Ich möchte die Bestellung #L100200 stornieren.",
        "Guten Tag, bitte #L100200 stornieren, weil ich sie nicht mehr brauche.\n\nViele Grüße\nAda Quill",
        "Bonjour, je souhaite annuler ma commande #L100200, merci.",
        "Merci d'annuler la commande #L100200.",
        "Hola, quiero cancelar mi pedido #L100200, por favor.",
        "Buongiorno, vorrei annullare il mio ordine #L100200. Grazie mille",
        "Hallo, ik wil mijn bestelling #L100200 graag annuleren.",
        "Dear team, please cancel #L100200. Vielen Dank!",
    ],
)
def test_the_plain_request_is_read(text: str) -> None:
    assert written(text) == [("cancel_order", "#L100200")]


@pytest.mark.parametrize(
    "text",
    [
        # negation
        "Please do not cancel #L100200.",
        "Bitte #L100200 nicht stornieren.",
        "Bitte stornieren Sie #L100200 nicht.",
        "Bitte keinesfalls #L100200 stornieren.",
        "Je ne veux pas annuler ma commande #L100200.",
        "Merci de ne pas annuler la commande #L100200.",
        "N'annulez pas la commande #L100200.",
        "No quiero cancelar mi pedido #L100200.",
        "Quiero cancelar mi pedido #L100200 nunca.",
        "Non vorrei annullare il mio ordine #L100200.",
        "Vorrei annullare l'ordine #L100200? No.",
        "Ik wil mijn bestelling #L100200 niet annuleren.",
        # condition
        "Please cancel #L100200 only if it is late.",
        "Bitte #L100200 stornieren, wenn sie noch nicht verschickt ist.",
        "Bitte nur stornieren, falls #L100200 spät kommt.",
        "Je souhaite annuler ma commande #L100200 si elle est en retard.",
        "Quiero cancelar mi pedido #L100200 si no ha salido.",
        "Vorrei annullare il mio ordine #L100200 se è in ritardo.",
        "Ik wil mijn bestelling #L100200 annuleren als het te lang duurt.",
        "Cancel #L100200 or else send it today.",
        "Bitte #L100200 stornieren oder heute schicken.",
        "Je souhaite annuler #L100200 ou l'échanger.",
        # exceptions
        "Cancel #L100200 except the lamp.",
        "Bitte #L100200 stornieren, außer der Lampe.",
        "Je souhaite annuler ma commande #L100200 sauf la lampe.",
        "Quiero cancelar mi pedido #L100200 excepto la lámpara.",
        "Vorrei annullare il mio ordine #L100200 tranne la lampada.",
        "Ik wil mijn bestelling #L100200 annuleren behalve de lamp.",
        # revision
        "Cancel #L100200. Sorry, I meant #L100400.",
        "Bitte #L100200 stornieren. Entschuldigung, ich meinte #L100400.",
        "Je souhaite annuler #L100200. Pardon, je voulais dire #L100400.",
        "Quiero cancelar #L100200. Perdón, quería decir #L100400.",
        "Vorrei annullare #L100200. Scusate, volevo dire #L100400.",
        "Ik wil #L100200 annuleren. Sorry, ik bedoelde #L100400.",
        "Cancel not #L100200 but #L100400.",
        "Bitte nicht #L100200, sondern #L100400 stornieren.",
        "Bitte #L100200 stornieren. Ach nein, doch lieber behalten.",
        "Je souhaite annuler #L100200. Finalement non.",
        # what a foreign word may take back
        "Please cancel #L100200. Bitte doch nicht!",
        "Please cancel #L100200. Nicht stornieren!",
        "Bitte #L100200 stornieren. Never mind.",
        # a language without a word file
        "Please cancel #L100200. Nie anuluj!",
        "Proszę cancel #L100200, ale tylko jeśli jeszcze nie wysłano",
        # quantity and part
        "Bitte die Hälfte der Bestellung #L100200 stornieren.",
        "Je souhaite annuler la moitié de la commande #L100200.",
    ],
)
def test_what_is_not_plainly_asked_is_never_written(text: str) -> None:
    assert written(text) == []


TAKEN_BACK = """But not yet.|Actually no.|Only if it is free.|Or keep it.|Wait, I meant the other one.|Ask me first.
It works now.|My wife does it herself now.|I found it.|No.|Please wait until Monday.|Keep the rest.
Only half of it.|Nein, doch nicht.|Aber nur wenn es nichts kostet.|Ich meinte die andere.
Tut das nicht.|Lieber nicht.|Es hat sich erledigt.|Bitte bis Montag warten.|Die andere auch.
Fragen Sie mich zuerst.|Mais pas maintenant.|Sauf si c'est gratuit.|Plutôt non.
Je voulais dire l'autre.|Ne faites pas ça.|C'est réglé.|Attendez lundi.|Pero no todavía.
Salvo que sea gratis.|Mejor no.|Quise decir el otro.|No lo hagan.|Ya está resuelto.
Esperen hasta el lunes.|Anzi no, lasciate stare.|Ma solo se è gratis.|Intendevo l'altro.|Non fatelo.
È risolto.|Aspettate lunedì.|Maar niet nu.|Alleen als het gratis is.|Ik bedoelde de andere.
Doe het niet.|Het is opgelost.|Wacht tot maandag.|Liever niet.|Nie rób tego.""".replace("\n", "|").split("|")


@pytest.mark.parametrize("afterthought", TAKEN_BACK)
@pytest.mark.parametrize(
    "text",
    [
        "Please cancel #L100200.",
        "Bitte Bestellung #L100200 stornieren.",
        "Bonjour, je souhaite annuler ma commande #L100200.",
        "Hola, quiero cancelar mi pedido #L100200.",
        "Buongiorno, vorrei annullare il mio ordine #L100200.",
        "Hallo, ik wil mijn bestelling #L100200 graag annuleren.",
        "Please cancel #L100200.\n\n-- \nSent from my phone",
    ],
)
def test_an_afterthought_in_any_language_holds_the_request(text: str, afterthought: str) -> None:
    assert written(text) == [("cancel_order", "#L100200")]
    assert written(f"{text} {afterthought}") == []
    assert written(f"{text}\n{afterthought}") == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Bitte die Bestellung #L100200 stornieren.", "de"),
        ("Je souhaite annuler ma commande #L100200", "fr"),
        ("Quiero cancelar mi pedido #L100200", "es"),
        ("Vorrei annullare il mio ordine #L100200", "it"),
        ("Ik wil mijn bestelling #L100200 annuleren", "nl"),
        ("Please cancel my order #L100200", "en"),
    ],
)
def test_the_language_is_that_of_most_words(text: str, code: str) -> None:
    assert read(text).language == code


def test_each_word_file_knows_every_class_of_risk() -> None:
    from proofdesk.language.reading.words import RISK_CLASSES, function_words

    for code in LANGUAGES:
        words = function_words(code)
        assert all(words.of_class(name) for name in RISK_CLASSES), code


def test_elided_words_are_apart_and_english_contractions_are_not() -> None:
    from proofdesk.language.reading.tokens import tokenise

    assert [token.text for token in tokenise("n'annulez l'article, don't")] == [
        "n'",
        "annulez",
        "l'",
        "article",
        ",",
        "don't",
    ]
