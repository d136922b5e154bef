"""The installation's secrets: made once, kept in files only the server's account can read."""

import secrets
from pathlib import Path

import msgspec

from proofdesk.ledger.notes import PrivateKey, encode_skey, encode_vkey, generate_key, parse_skey
from proofdesk.store.secret_file import read_or_make

LOG_NAME = "proofdesk"


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """`log` signs checkpoints, `master` wraps the keys of data subjects, `codes` makes one-time codes and HMACs."""

    log: PrivateKey
    master: bytes
    codes: bytes

    def __repr__(self) -> str:
        return f"Keys(log={encode_vkey(self.log.public)}, master=<hidden>, codes=<hidden>)"


def load_keys(home: Path) -> Keys:
    """Read the keys below `home`/secrets, making those that are missing.

    Every machine working on one database needs the same three files; copy them, never make new ones.
    """
    folder = home / "secrets"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = parse_skey(
        read_or_make(folder / "ledger.skey", lambda: encode_skey(generate_key(LOG_NAME)).encode()).decode()
    )
    master = bytes.fromhex(read_or_make(folder / "master.key", lambda: secrets.token_hex(32).encode()).decode())
    codes = bytes.fromhex(read_or_make(folder / "codes.key", lambda: secrets.token_hex(32).encode()).decode())
    vkey = folder / "ledger.vkey"
    if not vkey.exists():
        vkey.write_text(encode_vkey(log.public) + "\n", encoding="utf-8")
    return Keys(log=log, master=master, codes=codes)
