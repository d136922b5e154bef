"""Language identification on sentences of our own, long and short."""

from importlib import resources
from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.core.statistics import expected_calibration_error
from proofdesk.language.langid import BUCKETS, identify, read_model

FRAGMENTS = Path(__file__).parents[2] / "data" / "tone_fragments.yaml"
LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt", "sv", "da", "no", "fi", "pl", "cs", "ro")
AMONG = LANGUAGES[:7]
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


def test_a_share_says_whether_it_is_calibrated():
    assert identify("Where is my parcel?").calibrated is True
    assert identify("Gdzie jest moja paczka?").calibrated is False
    assert identify("12345").calibrated is False


def test_the_model_is_small_and_made_whole():
    data = resources.files("proofdesk.language").joinpath("langid.model").read_bytes()
    assert len(data) < 300_000
    assert read_model(data).weights.shape == (BUCKETS, len(LANGUAGES))
    with pytest.raises(ValueError, match="reshape"):
        read_model(data[:-1])
    with pytest.raises(msgspec.ValidationError):
        read_model(b"{}\n")


@pytest.mark.parametrize("held", [True, False])
def test_held_out_pieces_are_told_and_their_shares_are_frequencies(held):
    """Texts by other templates than those the model learnt from; of the learnt ones it must not be surer than right."""
    pieces = yaml.safe_load(FRAGMENTS.read_text("utf-8"))["held" if held else "learn"]
    rows = [(text, code) for code, kinds in pieces.items() for texts in kinds.values() for text in texts]
    found = [(identify(text, AMONG), code) for text, code in rows]
    right = [each.code == code for each, code in found]
    assert sum(right) / len(right) >= 0.98
    assert expected_calibration_error([each.share_ppm / 1e6 for each, _ in found], right) <= 0.05


@given(st.text(max_size=200))
def test_any_text_gets_an_answer(text):
    found = identify(text)
    assert 0 <= found.share_ppm <= 1_000_000
