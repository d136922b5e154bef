"""One key per data subject. Everything personal in the ledger is sealed under it; erasing destroys it."""

import hashlib
import hmac
import time
from collections import OrderedDict
from datetime import datetime
from uuid import UUID

from proofdesk.core.address import mailbox_key
from proofdesk.flows.ids import new_id
from proofdesk.ledger.shred import CannotOpen, new_key, open_sealed, unwrap_key, wrap_key
from proofdesk.store import tables as t
from proofdesk.store.pool import Connection, Pool, tenant_transaction

CACHED = 10_000
CACHE_S = 60.0
"""An erased subject's key is out of every worker's memory this many seconds later."""


class SubjectErased(Exception):
    """The data subject's key was destroyed: what was sealed under it cannot be read, nothing new may be written."""


class Subjects:
    def __init__(self, master: bytes, hmac_key: bytes) -> None:
        self._master = master
        self._hmac_key = hmac_key
        self._cache: OrderedDict[tuple[str, UUID], tuple[float, bytes]] = OrderedDict()

    def address_hmac(self, tenant: str, address: str) -> bytes:
        """What finds a subject again without storing the address in clear."""
        text = f"{tenant}\0{mailbox_key(address)}".encode()
        return hmac.new(self._hmac_key, text, hashlib.sha256).digest()

    def delivery_hmac(self, tenant: str, channel: str, delivery_id: str) -> str:
        """What a delivery is recognised by when it comes again, also after its sender was erased: under the
        installation's key, because the id may be made of the message's words."""
        text = f"\0delivery\0{tenant}\0{channel}\0{delivery_id}".encode("utf-8", "replace")
        return hmac.new(self._hmac_key, text, hashlib.sha256).hexdigest()

    async def ensure(self, conn: Connection, tenant: str, address: str, now: datetime) -> tuple[UUID, bytes]:
        """The subject of `address` and its key, made when it is new. Inside the caller's transaction."""
        digest = self.address_hmac(tenant, address)
        row = await t.subject_by_address(conn, tenant=tenant, address_hmac=digest)
        if row is None:
            key = new_key()
            await t.add_subject(
                conn,
                tenant=tenant,
                subject_ref=new_id(),
                address_hmac=digest,
                wrapped=wrap_key(self._master, key),
                now=now,
            )
            row = await t.subject_by_address(conn, tenant=tenant, address_hmac=digest)
        if row is None or row.wrapped is None:
            raise SubjectErased("the data subject was erased while the message came in")
        return row.subject_ref, self._unwrap(row.wrapped)

    async def key_of(self, pool: Pool, tenant: str, subject_ref: UUID) -> bytes:
        """The subject's key, from memory for up to a minute. Raises SubjectErased."""
        place = (tenant, subject_ref)
        cached = self._cache.get(place)
        if cached is not None and time.monotonic() - cached[0] < CACHE_S:
            return cached[1]
        async with tenant_transaction(pool, tenant) as conn:
            row = await t.subject_key(conn, tenant=tenant, subject_ref=subject_ref)
        if row is None or row.wrapped is None:
            self._cache.pop(place, None)
            raise SubjectErased(f"the key of data subject {subject_ref} was destroyed")
        key = self._unwrap(row.wrapped)
        self._cache[place] = (time.monotonic(), key)
        while len(self._cache) > CACHED:
            self._cache.popitem(last=False)
        return key

    async def key_in(self, conn: Connection, tenant: str, subject_ref: UUID) -> bytes | None:
        """The subject's key as the database has it now, inside the caller's transaction; None once it is erased."""
        row = await t.subject_key(conn, tenant=tenant, subject_ref=subject_ref)
        return None if row is None or row.wrapped is None else self._unwrap(row.wrapped)

    def forget(self, tenant: str, subject_ref: UUID) -> None:
        self._cache.pop((tenant, subject_ref), None)

    def _unwrap(self, wrapped: bytes) -> bytes:
        opened = unwrap_key(self._master, wrapped)
        if isinstance(opened, CannotOpen):
            raise SubjectErased(
                f"a subject key cannot be unwrapped: {opened.reason}. Is secrets/master.key the right one?"
            )
        return opened.plaintext


def unseal(key: bytes, ciphertext: bytes) -> bytes:
    opened = open_sealed(key, ciphertext)
    if isinstance(opened, CannotOpen):
        raise SubjectErased(f"sealed data cannot be opened: {opened.reason}")
    return opened.plaintext
