"""Reads the mailboxes of all tenants, in the one process that leads this loop."""

import asyncio
from collections.abc import Mapping

import structlog

from proofdesk.connectors.channel.email.imap import ImapReader
from proofdesk.flows.context import Shell
from proofdesk.flows.folder import TenantFolderError
from proofdesk.flows.mail import load_cursor, poll_mailbox, reader_of
from proofdesk.flows.registry import UnknownTenant
from proofdesk.flows.tenancy import Email
from proofdesk.ports import ConnectorError
from proofdesk.store import tables as t
from proofdesk.store.pool import Connection

LOCK_KEY = 7_201_431_013
POLL_LIMIT_S = 120.0
"""One mailbox may take this long in one turn; the others are polled at the same time."""
log = structlog.get_logger("mail")


class MailPoller:
    """One reader for each tenant with a mailbox, built anew when its settings change."""

    def __init__(self, shell: Shell, env: Mapping[str, str], *, every_s: float) -> None:
        self._shell = shell
        self._env = env
        self._every_s = every_s
        self._readers: dict[str, tuple[Email, ImapReader]] = {}

    async def turn(self, conn: Connection) -> float:
        """Poll every mailbox once; a `Turn` of the leader. A mailbox that fails is tried again at the next turn."""
        tenants = [row.tenant for row in await t.all_tenants(conn)]
        await asyncio.gather(*(self._tenant(tenant) for tenant in tenants))
        return self._every_s

    async def close(self) -> None:
        readers, self._readers = list(self._readers.values()), {}
        for _, reader in readers:
            await reader.close()

    async def _tenant(self, tenant: str) -> None:
        try:
            async with asyncio.timeout(POLL_LIMIT_S):
                await self._poll(tenant)
        except (ConnectorError, TenantFolderError, UnknownTenant, ValueError, TimeoutError) as error:
            log.warning("mailbox not read", tenant=tenant, error=str(error) or type(error).__name__)
        except Exception as error:  # noqa: BLE001 - one tenant's mail must not stop the mail of the others
            # Only the type: the text may quote the mail.
            log.error("mailbox not read, a fault of our own", tenant=tenant, error=type(error).__name__)

    async def _poll(self, tenant: str) -> None:
        runtime = await self._shell.tenants.get(tenant)
        reader = await self._reader(tenant, runtime.settings.email)
        if reader is None:
            return
        polled = await poll_mailbox(self._shell, runtime, reader, await load_cursor(self._shell, tenant))
        if polled.received or polled.not_taken:
            log.info("mail", tenant=tenant, received=polled.received, not_taken=polled.not_taken)

    async def _reader(self, tenant: str, email: Email | None) -> ImapReader | None:
        held = self._readers.get(tenant)
        if held is not None and held[0] == email:
            return held[1]
        if held is not None:
            del self._readers[tenant]
            await held[1].close()
        reader = reader_of(email, self._env) if email else None
        if email is not None and reader is not None:
            self._readers[tenant] = (email, reader)
        return reader
