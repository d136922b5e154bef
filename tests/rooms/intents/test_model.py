"""The intent model: trained from a handful of examples, exact on replay, whole after a save, honest without encoder."""

from pathlib import Path

import numpy as np
import pytest

from proofdesk.language.intents import (
    BadModelFile,
    CachedEncoder,
    EncoderMissing,
    LabelledText,
    MultilingualEncoder,
    TooFewExamples,
    find_encoders,
    load,
    save,
    train,
)  # fmt: skip

PHRASES = {
    "refund": ["I want my money back", "please refund me", "refund the last payment", "give me a refund for it"],
    "cancel_order": ["cancel my order", "stop the order please", "I no longer want the order", "do not ship my order"],
    "track_parcel": ["where is my parcel", "has it shipped yet", "when will it arrive", "track my delivery"],
    "change_address": ["I moved house", "ship it to another address", "change the address", "update my address"],
    "reset_password": ["I forgot my password", "cannot log in", "reset my password", "my login does not work"],
}
EXAMPLES = [LabelledText(text=text, intent=intent) for intent, texts in PHRASES.items() for text in texts]


class LetterEncoder:
    """A small stand-in with the same contract: counts of letter pairs, hashed into 64 numbers."""

    encoder_hash = "letters:1"
    blocks = ((64, 1.0),)
    words = frozenset()

    def __init__(self) -> None:
        self.calls = 0

    def one(self, text: str) -> np.ndarray:
        return self.many([text])[0]

    def many(self, texts):
        self.calls += len(texts)
        out = np.full((len(texts), 64), 0.01, np.float32)
        for row, text in enumerate(texts):
            for left, right in zip(text.lower(), text.lower()[1:], strict=False):
                out[row, (ord(left) * 31 + ord(right)) % 64] += 1
        return out


@pytest.fixture(scope="module")
def model():
    return train(EXAMPLES, encoder=LetterEncoder())


def test_every_example_is_read_as_its_own_intent(model):
    assert [model.triage(e.text).scores[0].intent for e in EXAMPLES] == [e.intent for e in EXAMPLES]


def test_scores_are_integers_in_order_that_sum_to_one_million(model):
    found = model.triage("please cancel that order of mine")
    values = [score.score_ppm for score in found.scores]
    assert found.scores[0].intent == "cancel_order"
    assert values == sorted(values, reverse=True)
    assert abs(sum(values) - 1_000_000) <= len(values)
    assert all(isinstance(value, int) for value in [*values, found.in_scope_ppm])
    assert found.model_hash == model.model_hash


def test_the_same_text_gives_the_same_integers_and_training_the_same_model(model):
    again = train(EXAMPLES, encoder=LetterEncoder())
    assert again.model_hash == model.model_hash
    assert again.triage("where is it?") == model.triage("where is it?") == model.triage("where is it?")


def test_other_examples_give_another_hash(model):
    other = train([*EXAMPLES, LabelledText(text="pay me back", intent="refund")], encoder=LetterEncoder())
    assert other.model_hash != model.model_hash


def test_small_talk_is_less_in_scope_than_a_request(model):
    request = model.triage("I forgot my password and cannot log in").in_scope_ppm
    chat = model.triage("the penguins sang an opera under purple clouds").in_scope_ppm
    assert request > chat


@pytest.mark.parametrize("text", ["", "   ", "?!?", "…"])
def test_a_text_without_words_is_out_of_scope(model, text):
    assert model.triage(text).in_scope_ppm == 0


def test_two_requests_in_one_ticket_are_two_segments(model):
    text = "Please cancel my order. Also, I forgot my password and cannot log in."
    found = model.triage_segments(text)
    assert [part.triage.scores[0].intent for part in found] == ["cancel_order", "reset_password"]
    assert [text[part.span.start : part.span.end] for part in found] == [part.text for part in found]


def test_a_saved_model_is_the_same_model(model, tmp_path):
    path = tmp_path / "m.npz"
    save(model, path)
    back = load(path, LetterEncoder(), expected_hash=model.model_hash)
    assert back.triage("where is my parcel") == model.triage("where is my parcel")
    assert list(tmp_path.iterdir()) == [path]


def test_without_the_encoder_a_saved_model_falls_back_with_a_notice(model, tmp_path):
    path = tmp_path / "m.npz"
    save(model, path)
    alone = load(path, None)
    assert "encoder is absent" in alone.notice
    assert alone.model_hash != model.model_hash
    assert alone.triage("please reset my password").scores[0].intent == "reset_password"
    words = train(EXAMPLES)
    assert [alone.triage(e.text).scores for e in EXAMPLES] == [words.triage(e.text).scores for e in EXAMPLES]
    assert alone.certificate is None, "what was promised was promised with the encoder"


def test_a_damaged_foreign_or_unexpected_file_is_refused(model, tmp_path):
    path = tmp_path / "m.npz"
    save(model, path)
    with pytest.raises(BadModelFile, match="expected"):
        load(path, LetterEncoder(), expected_hash="0" * 64)
    other = LetterEncoder()
    other.encoder_hash = "letters:2"
    with pytest.raises(BadModelFile, match="train again"):
        load(path, other)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(BadModelFile, match="not a whole intent model"):
        load(path, LetterEncoder())
    path.write_bytes(b"not a model")
    with pytest.raises(BadModelFile, match="not a whole intent model"):
        load(path, LetterEncoder())


def test_given_out_of_scope_texts_set_the_scope_curve():
    chat = ["tell me a joke", "what is the weather", "who won the match", "sing a song", "how tall is the tower"]
    model = train(EXAMPLES, oos=chat)
    assert model.triage("what is the weather").in_scope_ppm < model.triage("cancel my order").in_scope_ppm


@pytest.mark.parametrize(
    ("examples", "named"),
    [
        ([], "found 0"),
        ([LabelledText(text="a", intent="x")], "found 1"),
        ([LabelledText(text="a", intent="x"), LabelledText(text=" ", intent="y")], "empty"),
    ],
)
def test_too_little_to_learn_from_is_said(examples, named):
    found = train(examples)
    assert isinstance(found, TooFewExamples)
    assert named in found.reason


def test_one_example_per_intent_is_enough_to_start():
    model = train([LabelledText(text="cancel it", intent="cancel"), LabelledText(text="where is it", intent="track")])
    assert model.triage("please cancel").scores[0].intent == "cancel"


def test_the_cache_spares_the_encoder_and_survives_a_restart(tmp_path):
    inner = LetterEncoder()
    cache = CachedEncoder(inner, folder=tmp_path)
    cache.many(["a b", "c d", "a b"])
    assert inner.calls == 2
    assert np.array_equal(cache.one("a b"), cache.one("a b"))
    assert inner.calls == 3, "a single vector is encoded singly, not taken from a batch"
    fresh = LetterEncoder()
    again = CachedEncoder(fresh, folder=tmp_path).many(["a b", "c d"])
    assert fresh.calls == 0
    assert np.array_equal(again, inner.many(["a b", "c d"]))
    fresh.encoder_hash = "letters:2"
    CachedEncoder(fresh, folder=tmp_path).many(["a b"])
    assert fresh.calls == 1, "vectors of other weights are never taken"


def test_a_torn_or_altered_record_of_the_cache_is_passed_over_and_written_again(tmp_path):
    CachedEncoder(LetterEncoder(), folder=tmp_path).many(["a b", "c d"])
    (path,) = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content[:-3])
    inner = LetterEncoder()
    found = CachedEncoder(inner, folder=tmp_path).many(["a b", "c d"])
    assert inner.calls == 2
    assert np.array_equal(found, LetterEncoder().many(["a b", "c d"]))
    fresh = LetterEncoder()
    CachedEncoder(fresh, folder=tmp_path).many(["a b", "c d"])
    assert fresh.calls == 0


def test_the_cache_forgets_the_oldest():
    inner = LetterEncoder()
    cache = CachedEncoder(inner, rows=2)
    for text in ("a", "b", "c", "a"):
        cache.one(text)
    assert inner.calls == 4


def test_unknown_weights_are_refused_before_anything_runs(tmp_path: Path):
    with pytest.raises(EncoderMissing, match="missing"):
        MultilingualEncoder(tmp_path)
    (tmp_path / "weights.npz").write_bytes(b"other")
    with pytest.raises(EncoderMissing, match="SHA-256"):
        MultilingualEncoder(tmp_path)


def test_the_real_encoder_reads_across_languages():
    found = find_encoders()
    if found.fast is None:
        pytest.skip(found.notice)
    model = train(EXAMPLES, encoder=found.fast)
    asked = {
        "Ich möchte meine Bestellung stornieren": "cancel_order",
        "J'ai oublié mon mot de passe": "reset_password",
        "¿Dónde está mi paquete?": "track_parcel",
        "Vorrei un rimborso": "refund",
    }
    assert {text: model.triage(text).scores[0].intent for text in asked} == asked
    assert model.triage("Wo ist mein Paket?") == model.triage("Wo ist mein Paket?")
