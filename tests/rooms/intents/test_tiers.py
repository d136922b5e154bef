"""The encoders as installed, the second reading, and what is left when one of them is missing."""

import numpy as np
import pytest
from msgspec.structs import replace

from proofdesk.language.intents import (
    BadModelFile,
    Blend,
    EncoderMissing,
    find_encoders,
    load,
    save,
    train,
)  # fmt: skip
from proofdesk.language.intents.model import SURE_ENOUGH
from proofdesk.language.intents.static import StaticEncoder
from proofdesk.language.intents.transformer import TransformerEncoder, more_outputs
from tests.rooms.intents.test_model import EXAMPLES, LetterEncoder

TEXTS = ["where is my parcel", "", "Ich möchte meine Bestellung stornieren", "a " * 300]


class Second(LetterEncoder):
    encoder_hash = "letters:second"


@pytest.fixture(scope="module")
def cascade():
    return train(EXAMPLES, encoder=LetterEncoder(), full=Second())


def test_the_second_encoder_is_asked_only_where_the_first_reading_is_not_sure(cascade):
    found = cascade.judge_many([e.text for e in EXAMPLES] + ["hello there", "what else"])
    first = replace(cascade, full=None).judge_many([e.text for e in EXAMPLES] + ["hello there", "what else"])
    assert (found.again == (first.confidence < SURE_ENOUGH)).all()
    sure = replace(cascade, fast=replace(cascade.fast, calibration=replace(cascade.fast.calibration, intercept=40.0)))
    calls = sure.full.encoder.calls
    sure.judge("where is my parcel")
    assert sure.full.encoder.calls == calls


def test_a_cascade_saved_is_the_same_and_without_its_second_encoder_says_so(cascade, tmp_path):
    path = tmp_path / "m.npz"
    save(cascade, path)
    back = load(path, LetterEncoder(), full=Second())
    assert back.model_hash == cascade.model_hash
    assert back.triage("cancel it please") == cascade.triage("cancel it please")
    one = load(path, LetterEncoder())
    assert "default tier" in one.notice
    assert one.certificate is None
    with pytest.raises(BadModelFile, match="train again"):
        load(path, LetterEncoder(), full=LetterEncoder())


def test_blocks_of_a_blend_lie_side_by_side_and_its_weights_are_part_of_its_name():
    blend = Blend((LetterEncoder(), Second()), (0.7, 0.3))
    assert blend.one("abc").shape == (128,)
    assert blend.blocks == ((64, 0.7), (64, 0.3))
    assert blend.encoder_hash != Blend((LetterEncoder(), Second()), (0.6, 0.4)).encoder_hash


def test_outputs_are_added_as_protobuf_fields():
    assert more_outputs(["a"]) == b"\x3a\x0b\x62\x09\x0a\x01a\x12\x04\x0a\x02\x08\x01"


@pytest.mark.parametrize("make", [StaticEncoder, TransformerEncoder])
def test_an_encoder_gives_one_text_the_same_alone_and_in_a_batch(make):
    try:
        encoder = make()
    except EncoderMissing as missing:
        pytest.skip(str(missing))
    batch = encoder.many(TEXTS)
    assert batch.shape == (len(TEXTS), sum(width for width, _ in encoder.blocks))
    assert all(np.array_equal(encoder.one(text), row) for text, row in zip(TEXTS, batch, strict=True))


@pytest.mark.parametrize("make", [StaticEncoder, TransformerEncoder])
def test_other_weights_are_refused(make, tmp_path):
    with pytest.raises(EncoderMissing, match="missing"):
        make(tmp_path)


def test_the_tiers_share_the_first_reading():
    fast, both = find_encoders("default"), find_encoders("accuracy")
    if fast.fast is None or both.full is None:
        pytest.skip(fast.notice or both.notice)
    assert fast.full is None
    assert fast.fast.encoder_hash == both.fast.encoder_hash
    assert both.full.encoder_hash != both.fast.encoder_hash
