"""Kinds of matter, on invented messages in six languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.language.issue_type import MAX_SIGNS, issue_type

TEXTS = [
    ("question", "How long does delivery to Norway take?"),
    ("question", "Is there a student discount?"),
    ("question", "I was wondering whether the desk comes in oak."),
    ("question", "Wie lange dauert der Versand nach Wien?"),
    ("question", "Comment puis-je exporter mes projets ?"),
    ("question", "¿Cuánto cuesta el envío a las islas?"),
    ("question", "Dove trovo la fattura?"),
    ("question", "Waar vind ik mijn facturen?"),
    ("request", "Please cancel my order 1042."),
    ("request", "I would like to return the lamp."),
    ("request", "Could you change the delivery address?"),
    ("request", "Bitte stornieren Sie die Bestellung."),
    ("request", "Ich möchte mein Abo zum Monatsende kündigen."),
    ("request", "Je souhaite annuler ma commande."),
    ("request", "Quiero devolver la silla."),
    ("request", "Vorrei cambiare l'indirizzo."),
    ("request", "Ik wil mijn abonnement opzeggen."),
    ("request", "order 1042, thanks"),
    ("bug", "The calendar shows an error when I open it."),
    ("bug", "The app crashes after login."),
    ("bug", "Since Monday the export does not work, can you look?"),
    ("bug", "Beim Öffnen kommt eine Fehlermeldung."),
    ("bug", "La page ne charge plus."),
    ("bug", "El botón no funciona."),
    ("bug", "L'applicazione si blocca."),
    ("bug", "De app loopt vast."),
    ("incident", "Nobody in our office can log in, everyone gets an error."),
    ("incident", "Das ganze Team kommt nicht mehr in das Programm, es ist ein Ausfall."),
    ("incident", "Personne ne peut se connecter."),
    ("feature_request", "It would be great if the calendar had a dark mode."),
    ("feature_request", "Do you plan to add an export to spreadsheets?"),
    ("feature_request", "Es wäre schön, wenn man Tafeln kopieren könnte."),
    ("feature_request", "Ce serait bien de pouvoir trier la liste."),
    ("feature_request", "Sería genial tener un modo oscuro."),
    ("complaint", "This is unacceptable, I am very disappointed with the way I was treated."),
    ("complaint", "Ich will mich beschweren, das ist eine Frechheit."),
    ("complaint", "Je suis très déçue, c'est inadmissible."),
]


@pytest.mark.parametrize(("name", "text"), TEXTS)
def test_the_kind_of_a_message(name: str, text: str) -> None:
    found = issue_type(text)
    assert found.name == name, found


def test_what_it_rests_on_is_quoted_and_nothing_is_called_a_frequency() -> None:
    found = issue_type("Hello. The app crashes, there is an ERROR on the screen.")
    assert found.signs == ("crashes", "ERROR")
    assert found.calibrated is False
    assert found.ppm > 500_000
    nothing = issue_type("")
    assert (nothing.name, nothing.signs) == ("request", ())


@given(st.text(max_size=300))
def test_any_text_has_a_kind(text: str) -> None:
    found = issue_type(text)
    assert 0 <= found.ppm <= 1_000_000
    assert len(found.signs) <= MAX_SIGNS
