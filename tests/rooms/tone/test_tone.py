"""Tone: what is said loudly, politely or with a negation is weighed as a person would; figures are held to floors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.language.tone import ITEMS
from bench.language.tone_texts import tone_texts
from proofdesk.language.tone import LANGUAGES, default_model, features


def tone(text: str, language: str = "en"):
    return default_model().tone(text, language)


@pytest.mark.parametrize(
    ("angry", "calm", "language"),
    [
        ("This is ridiculous, nobody replies!", "Could you tell me the delivery date?", "en"),
        ("Das ist eine Frechheit, niemand antwortet!", "Können Sie mir das Lieferdatum nennen?", "de"),
        ("C'est inadmissible, aucune réponse !", "Quelle est la date de livraison ?", "fr"),
        ("Es una vergüenza, nadie contesta", "¿Cuál es la fecha de entrega?", "es"),
        ("È una vergogna, nessuna risposta", "Qual è la data di consegna?", "it"),
        ("Dit is een schande, niemand reageert", "Wat is de bezorgdatum?", "nl"),
    ],
)
def test_an_angry_message_is_told_from_a_calm_one(angry, calm, language):
    assert tone(angry, language).frustration.ppm > 600_000 > tone(calm, language).frustration.ppm
    assert tone(angry, language).sentiment.ppm < tone(calm, language).sentiment.ppm


def test_not_urgent_is_no_urgency_and_not_happy_no_joy():
    assert tone("This is not urgent.").urgency.ppm < 300_000 < 600_000 < tone("This is urgent.").urgency.ppm
    assert "not_pleased" in features("I am not happy with it.")
    assert "pleased" in features("It did not arrive. I am happy with the lamp.")


def test_the_signs_behind_an_estimate_are_named():
    assert tone("Urgent! This is unacceptable, urgent!").signs[0] == "urgent"
    assert tone("Where is it?").signs == ()


def test_estimates_say_whether_they_are_calibrated():
    found = tone("Urgent!", "pl")
    assert not any(each.calibrated for each in (found.sentiment, found.urgency, found.frustration))
    assert found.model


def test_no_piece_is_learned_from_and_judged_by():
    learn = {each.text for each in tone_texts("learn")}
    held = tone_texts("held")
    assert not learn & {each.text for each in held}
    assert {each.language for each in held} == set(LANGUAGES)
    assert len(held) >= 250


def test_the_model_does_better_on_unseen_texts_than_a_plain_word_model():
    measured = ITEMS["tone"]()
    for target, floor in (("sentiment", 0.8), ("urgency", 0.7), ("frustration", 0.7)):
        assert measured[target]["auroc"] >= floor
        assert measured[target]["auroc"] > measured[target]["baseline"]["auroc"]


@given(st.text(max_size=300))
def test_any_text_has_a_tone(text):
    found = tone(text)
    assert all(0 <= each.ppm <= 1_000_000 for each in (found.sentiment, found.urgency, found.frustration))
