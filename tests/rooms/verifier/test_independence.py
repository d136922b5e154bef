"""The verifier's own parts: keys, canonical JSON, wrong use; and that it needs nothing of the product."""

import base64
import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

import proofdesk_verifier
from proofdesk.ledger.canonical import MAX_SAFE_INT
from proofdesk_verifier.canonical import BadJson, canonical_bytes, read_json
from proofdesk_verifier.cli import main
from proofdesk_verifier.notes import BadKey, parse_vkey, verify_ed25519
from tests.rooms.ledger.support import json_lines, sample_book, vectors

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_SAFE_INT, MAX_SAFE_INT) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_its_own_writer_follows_rfc_8785(value: Any) -> None:
    assert canonical_bytes(value) == rfc8785.dumps(value)
    assert read_json(json.dumps(value)) == value


@pytest.mark.parametrize(
    "text", ["1.0", "1e3", "NaN", "9007199254740992", "9" * 5000, '{"a":1,"a":1}', "[" * 100000, "", b"\xff", "{"]
)
def test_json_that_no_ledger_holds_is_refused(text: str | bytes) -> None:
    with pytest.raises(BadJson):
        canonical_bytes(read_json(text))


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
    keys = {
        case["key"]
        for case in json_lines(vectors("ed25519_cctv") / "ed25519vectors.jsonl")
        if "low_order_A" in (case["flags"] or [])
    }
    assert len(keys) == 14
    for raw in map(bytes.fromhex, keys):
        key_id = sha256(b"log\n\x01" + raw).hexdigest()[:8]
        with pytest.raises(BadKey, match="low order"):
            parse_vkey(f"log+{key_id}+{base64.b64encode(bytes([1]) + raw).decode()}")


def test_it_runs_alone_with_the_standard_library_and_pynacl(tmp_path: Path) -> None:
    book = sample_book(12)
    export = book.write(tmp_path / "export")
    source = Path(proofdesk_verifier.__file__).parents[1]
    program = (
        "import sys; from proofdesk_verifier.cli import main; code = main(sys.argv[1:]);"
        "foreign = {'proofdesk', 'msgspec', 'rfc8785'} & set(sys.modules); print(sorted(foreign)); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(export), "--vkey", book.vkey],
        env={"PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("ok: 12 leaves")
    assert done.stdout.splitlines()[1] == "[]"


def test_wrong_use_exits_with_2_and_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book = sample_book(8)
    export = book.write(tmp_path / "export")
    key_file = tmp_path / "pinned.vkey"
    key_file.write_text(book.vkey)
    assert main([str(export), "--vkey", str(key_file)]) == 0
    kept = tmp_path / "kept.txt"
    kept.write_text(sample_book(8).notes[0])
    for words, said in (
        ([str(tmp_path / "none"), "--vkey", book.vkey], "No such file"),
        ([str(export), "--vkey", "log+00000000+AAAA"], "--vkey"),
        ([str(export), "--vkey", str(tmp_path / "absent")], "No such file"),
        ([str(export), "--vkey", book.vkey, "--witness", str(tmp_path)], "no witness"),
        ([str(export), "--vkey", book.vkey, "--checkpoint", str(kept)], "as it was saved"),
        (["invoice", str(export), "--invoice", str(key_file)], "not JSON"),
    ):
        capsys.readouterr()
        assert main([*words, "--json"]) == 2, words
        out = capsys.readouterr()
        assert said in out.err, out.err
        assert json.loads(out.out)["ok"] is False
    with pytest.raises(SystemExit) as stopped:
        main([str(export)])
    assert stopped.value.code == 2


def test_the_plain_output_names_the_leaf(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book = sample_book(8)
    export = book.write(tmp_path / "export")
    path = export / "leaves.jsonl"
    path.write_text(path.read_text().replace('"amount_minor":105', '"amount_minor":106'))
    assert main([str(export), "--vkey", book.vkey]) == 1
    assert "leaf 5: " in capsys.readouterr().out
