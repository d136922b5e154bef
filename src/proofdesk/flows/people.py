"""People with roles, and their API keys: the secret is shown once, only its SHA-256 is kept."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from typing import Literal

import msgspec

from proofdesk.flows.context import Shell
from proofdesk.flows.ids import new_id
from proofdesk.flows.outcome import Refusal
from proofdesk.flows.settle import add_leaf
from proofdesk.store import tables as t
from proofdesk.store.pool import tenant_transaction
from proofdesk.store.rows import PersonRow

Role = Literal["manager", "agent", "approver", "finance", "auditor", "administrator", "requester_api"]
ROLES: tuple[Role, ...] = ("manager", "agent", "approver", "finance", "auditor", "administrator", "requester_api")
LOGIN_PATTERN = r"^[a-z0-9][a-z0-9._@+-]{0,126}$"
PREFIX_CHARS = 12
SECRET_CHARS = 64
_KEY = re.compile(rf"pd_([0-9a-f]{{{PREFIX_CHARS}}})_([0-9a-f]{{{SECRET_CHARS}}})", re.ASCII)


class Person(msgspec.Struct, frozen=True, kw_only=True):
    login: str
    roles: tuple[Role, ...]


class IssuedKey(msgspec.Struct, frozen=True, kw_only=True):
    """`key` is what the holder sends; it exists nowhere else and cannot be shown again."""

    login: str
    prefix: str
    key: str

    def __repr__(self) -> str:
        return f"IssuedKey(login={self.login!r}, prefix={self.prefix!r}, key=<hidden>)"


class Revoked(msgspec.Struct, frozen=True, kw_only=True):
    prefix: str


async def save_person(shell: Shell, tenant: str, login: str, roles: Sequence[Role], *, by: str) -> Person | Refusal:
    """Add a person, or give one other roles. `by` is the login (or command) that asked for it."""
    if not re.fullmatch(LOGIN_PATTERN, login):
        return Refusal(code="invalid", message=f"a login matches {LOGIN_PATTERN}", field="login")
    wanted = [role for role in ROLES if role in roles]
    if unknown := sorted(set(roles) - set(ROLES)):
        return Refusal(code="invalid", message=f"unknown role {unknown[0]}; use {', '.join(ROLES)}", field="roles")
    if by == login and "administrator" not in wanted:
        return Refusal(code="conflict", message="you cannot give up your own role of administrator", field="roles")
    now = shell.clock.now()
    async with tenant_transaction(shell.pool, tenant) as conn:
        await t.add_person(conn, tenant=tenant, person_id=new_id(), login=login, roles=wanted, now=now)
        row = await t.person_by_login(conn, tenant=tenant, login=login)
        if row is None:
            return Refusal(code="conflict", message=f"{login} is disabled", field="login")
        body: dict[str, object] = {"person_id": str(row.person_id), "roles": wanted, "by": by}
        await add_leaf(conn, tenant, now, "person.saved", body, None)
    return _person(row)


async def list_people(shell: Shell, tenant: str) -> list[Person]:
    async with tenant_transaction(shell.pool, tenant) as conn:
        return [_person(row) for row in await t.people(conn, tenant=tenant)]


async def issue_key(shell: Shell, tenant: str, login: str, *, by: str) -> IssuedKey | Refusal:
    """A new API key for the person; the ones they have stay good until they are revoked."""
    prefix, secret = secrets.token_hex(PREFIX_CHARS // 2), secrets.token_hex(SECRET_CHARS // 2)
    now = shell.clock.now()
    async with tenant_transaction(shell.pool, tenant) as conn:
        row = await t.person_by_login(conn, tenant=tenant, login=login)
        if row is None:
            return Refusal(code="not_found", message=f"there is no person {login}", field="login")
        await t.add_key(
            conn, tenant=tenant, prefix=prefix, person_id=row.person_id, secret_hash=hash_secret(secret), now=now
        )
        body: dict[str, object] = {"person_id": str(row.person_id), "prefix": prefix, "by": by}
        await add_leaf(conn, tenant, now, "key.issued", body, None)
    return IssuedKey(login=login, prefix=prefix, key=f"pd_{prefix}_{secret}")


async def revoke_key(shell: Shell, tenant: str, prefix: str, *, by: str) -> Revoked | Refusal:
    """Revoked keys stop working at once in this process, within the key cache's few seconds in others."""
    now = shell.clock.now()
    async with tenant_transaction(shell.pool, tenant) as conn:
        if await t.revoke_key(conn, tenant=tenant, prefix=prefix, now=now) != 1:
            return Refusal(code="not_found", message="there is no such key in use", field="prefix")
        await add_leaf(conn, tenant, now, "key.revoked", {"prefix": prefix, "by": by}, None)
    return Revoked(prefix=prefix)


def parse_key(text: str) -> tuple[str, str] | None:
    """(prefix, secret) of an API key, None when it has not the form of one."""
    found = _KEY.fullmatch(text)
    return (found[1], found[2]) if found else None


def hash_secret(secret: str) -> bytes:
    """SHA-256. A secret of 256 random bits needs no slow hash: it cannot be guessed."""
    return hashlib.sha256(secret.encode()).digest()


def _person(row: PersonRow) -> Person:
    return Person(login=row.login, roles=tuple(role for role in ROLES if role in row.roles))
