"""Language identification on sentences of our own, long and short."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.language.langid import identify

SENTENCES = [
    ("en", "Where is my parcel? It should have been here on Monday."),
    ("en", "cancel my subscription"),
    ("de", "Wo bleibt mein Paket? Es sollte am Montag hier sein."),
    ("de", "Bitte kündigen Sie mein Abo zum Monatsende."),
    ("fr", "Où est mon colis ? Il devait arriver lundi."),
    ("fr", "Je souhaite annuler mon abonnement s'il vous plaît."),
    ("es", "¿Dónde está mi paquete? Tenía que llegar el lunes."),
    ("es", "Quiero cancelar mi suscripción por favor."),
    ("it", "Dov'è il mio pacco? Doveva arrivare lunedì."),
    ("it", "Vorrei annullare il mio abbonamento, grazie."),
    ("nl", "Waar blijft mijn pakket? Het had maandag hier moeten zijn."),
    ("nl", "Ik wil graag mijn abonnement opzeggen."),
    ("pt", "Onde está a minha encomenda? Devia ter chegado na segunda."),
    ("pt", "Quero cancelar a minha assinatura, obrigado."),
    ("sv", "Var är mitt paket? Det skulle ha kommit på måndag och jag är inte nöjd."),
    ("da", "Hvor er min pakke? Den skulle være kommet mandag, hvad gør jeg nu?"),
    ("fi", "Missä tilaukseni on? Se ei ole vielä tullut, kiitos."),
    ("pl", "Gdzie jest moja paczka? Miała być w poniedziałek, proszę o pomoc."),
    ("cs", "Kde je moje zásilka? Měla přijít v pondělí, děkuji."),
    ("ro", "Unde este coletul meu? Trebuia să ajungă luni, vă rog."),
]


@pytest.mark.parametrize(("code", "text"), SENTENCES)
def test_the_language_of_a_sentence(code, text):
    found = identify(text)
    assert (found.code, found.known) == (code, True)


def test_what_cannot_be_told_is_the_default_and_says_so():
    for text in ("", "12345", "https://example.org/x a@b.example", "⟦PERSON_1⟧"):
        found = identify(text, default="de")
        assert (found.code, found.known, found.share_ppm) == ("de", False, 0)


def test_only_the_configured_languages_are_considered():
    assert identify("Wo bleibt mein Paket?", among=("de", "nl")).code == "de"
    assert identify("Hvor er min pakke?", among=("da",)).code == "da"


def test_the_share_is_marked_uncalibrated():
    assert identify("Where is my parcel?").calibrated is False


@given(st.text(max_size=200))
def test_any_text_gets_an_answer(text):
    found = identify(text)
    assert 0 <= found.share_ppm <= 1_000_000
