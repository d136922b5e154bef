"""Where a database is and who may log in: host, port, database and one password per role."""

import secrets
from pathlib import Path
from typing import Any, Literal

import msgspec
from psycopg.conninfo import make_conninfo

from proofdesk.store.errors import StoreError
from proofdesk.store.secret_file import read_or_make

Role = Literal["app", "engine", "owner"]
ROLES: tuple[Role, ...] = ("app", "engine", "owner")
DATABASE = "proofdesk"
CONNECT_TIMEOUT_S = 10
PASSWORD_BYTES = 32


def role_name(role: Role) -> str:
    """The PostgreSQL name of a role: `proofdesk_app`, `proofdesk_engine`, `proofdesk_owner`."""
    return f"proofdesk_{role}"


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A reachable database.

    `base` and `admin` are libpq connection strings without and with administrator rights; `passwords` by role.
    """

    base: str
    admin: str
    passwords: dict[Role, str]
    database: str = DATABASE

    def conninfo(self, role: Role, *, application: str = "proofdesk") -> str:
        """The libpq connection string of `role`. Holds its password: never log it."""
        return make_conninfo(
            self.base,
            user=role_name(role),
            password=self.passwords[role],
            dbname=self.database,
            application_name=application,
            connect_timeout=CONNECT_TIMEOUT_S,
        )

    def admin_conninfo(self, database: str = "") -> str:
        """The administrator's connection string, to this endpoint's database unless another is named."""
        return make_conninfo(self.admin, dbname=database or self.database, connect_timeout=CONNECT_TIMEOUT_S)

    def __repr__(self) -> str:
        return f"Endpoint(database={self.database!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("database", self.database)]


def load_passwords(folder: Path) -> dict[Role, str]:
    """One random password (32 bytes, hex) per role from `folder`, written once with mode 0600."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {role: _load_password(folder / f"{role}.password") for role in ROLES}


def _load_password(path: Path) -> str:
    password = read_or_make(path, lambda: secrets.token_hex(PASSWORD_BYTES).encode()).decode("ascii")
    if len(password) < PASSWORD_BYTES:
        raise StoreError(f"{path}: the password is missing or cut off; delete the file to have a new one made")
    return password
