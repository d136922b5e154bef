import json
from hashlib import sha256

import pytest

from proofdesk.ledger.notes import (
    Checkpoint,
    NoteKeyError,
    NoteRejected,
    PublicKey,
    encode_skey,
    encode_vkey,
    generate_key,
    open_checkpoint,
    open_note,
    parse_skey,
    parse_vkey,
    sign_checkpoint,
    sign_note,
    verify_ed25519,
)
from tests.rooms.ledger.support import ORIGIN, json_lines, vectors

ROOT = sha256(b"root").digest()
# Example key and note of golang.org/x/mod/sumdb/note (BSD-3-Clause): the format's reference implementation.
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="


def test_the_reference_implementations_note_is_signed_and_read_the_same() -> None:
    assert sign_note(parse_skey(GO_SKEY), GO_TEXT) == f"{GO_TEXT}\n{GO_LINE}\n"
    assert open_note(f"{GO_TEXT}\n{GO_LINE}\n", parse_vkey(GO_VKEY)) == GO_TEXT
    assert encode_vkey(parse_skey(GO_SKEY).public) == GO_VKEY


def test_exactly_the_accept_list_of_the_edge_cases_is_accepted() -> None:
    folder = vectors("ed25519_cctv")
    cases = json_lines(folder / "ed25519vectors.jsonl")
    wanted = json.loads((folder / "strict_accept.json").read_text())["accepted_numbers"]
    accepted = [
        case["number"]
        for case in cases
        if verify_ed25519(bytes.fromhex(case["key"]), case["msg"].encode(), bytes.fromhex(case["sig"]))
    ]
    assert len(cases) == 914
    assert accepted == wanted


def test_low_order_keys_are_never_pinned() -> None:
    keys = {case["key"] for case in json_lines(vectors("ed25519_cctv") / "ed25519vectors.jsonl")
            if "low_order_A" in (case["flags"] or [])}  # fmt: skip
    assert len(keys) == 14
    for raw in map(bytes.fromhex, keys):
        text = encode_vkey(PublicKey(name="log", key=raw, key_id=sha256(b"log\n\x01" + raw).digest()[:4]))
        with pytest.raises(NoteKeyError, match="low order"):
            parse_vkey(text)


def test_keys_survive_their_text_form_and_hide_their_seed() -> None:
    key = generate_key("ledger.example")
    assert parse_skey(encode_skey(key)) == key
    assert parse_vkey(encode_vkey(key.public) + "\n") == key.public
    assert key.seed.hex() not in repr(key)
    assert repr(key.seed) not in repr(key)


@pytest.mark.parametrize("text", ["", "a+b", "log+zzzzzzzz+AAAA", GO_VKEY.replace("c74f20a3", "c74f20a4"), GO_SKEY,
                                  GO_VKEY.replace("Peter", "peter"), GO_VKEY[:-4]])  # fmt: skip
def test_broken_verifier_keys_are_refused(text: str) -> None:
    with pytest.raises(NoteKeyError):
        parse_vkey(text)


def test_key_names_with_spaces_or_plus_are_refused() -> None:
    for name in ("", "a b", "a+b", "a\nb"):
        with pytest.raises(NoteKeyError):
            generate_key(name)


def test_a_checkpoint_comes_back_as_it_was_signed() -> None:
    key = generate_key("ledger.example")
    for size in (0, 1, 2**62):
        note = sign_checkpoint(key, ORIGIN, size, ROOT)
        assert open_checkpoint(note, key.public) == Checkpoint(origin=ORIGIN, size=size, root=ROOT)


def test_every_changed_character_of_a_checkpoint_is_noticed() -> None:
    key = generate_key("ledger.example")
    note = sign_checkpoint(key, ORIGIN, 7, ROOT)
    for place in range(len(note)):
        changed = note[:place] + ("x" if note[place] != "x" else "y") + note[place + 1 :]
        assert isinstance(open_checkpoint(changed, key.public), NoteRejected), place
        assert isinstance(open_checkpoint(note[:place], key.public), NoteRejected), place


def test_foreign_signatures_are_ignored_and_foreign_keys_refused() -> None:
    key, other = generate_key("ledger.example"), generate_key("witness.example")
    note = sign_checkpoint(key, ORIGIN, 7, ROOT)
    line = sign_checkpoint(other, ORIGIN, 7, ROOT).rsplit("\n\n", 1)[1]
    assert isinstance(open_checkpoint(note + line, key.public), Checkpoint)
    assert isinstance(open_checkpoint(note + line, other.public), Checkpoint)
    assert isinstance(open_checkpoint(note, other.public), NoteRejected)
    assert isinstance(open_checkpoint(note, generate_key("ledger.example").public), NoteRejected)


@pytest.mark.parametrize(
    "body",
    [
        "o\n07\n{r}\n",
        "o\n-1\n{r}\n",
        "o\n7\nAAAA\n",
        "o\n7\n",
        "o\n99999999999999999999\n{r}\n",
        "o\n\n{r}\n",
        "o\n٧\n{r}\n",
    ],
)
def test_signed_notes_that_are_no_checkpoints_are_refused(body: str) -> None:
    key = generate_key("ledger.example")
    root = "UySFmBwXN6SK5HRCRaTGA/jQ0zIPNPDGIl4vITxZgqo="
    note = sign_note(key, body.replace("{r}", root))
    assert isinstance(open_checkpoint(note, key.public), NoteRejected)


def test_what_cannot_be_signed() -> None:
    key = generate_key("ledger.example")
    for origin, size, root in (("", 1, ROOT), ("a\nb", 1, ROOT), ("a", -1, ROOT), ("a", 1, b"short")):
        with pytest.raises(ValueError, match=r"origin|checkpoint"):
            sign_checkpoint(key, origin, size, root)
    with pytest.raises(ValueError, match="newline"):
        sign_note(key, "no newline")
