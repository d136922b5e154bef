"""The composition root: one frozen Settings becomes a database, pools, rooms and flows."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache, partial
from pathlib import Path

import msgspec
import structlog

from proofdesk.engine.drain import drain_ledger
from proofdesk.engine.feeder import LOCK_KEY as FEED_LOCK
from proofdesk.engine.feeder import Feeder
from proofdesk.engine.leader import lead
from proofdesk.engine.mail import LOCK_KEY as MAIL_LOCK
from proofdesk.engine.mail import MailPoller
from proofdesk.engine.queue import Queue, install_queue, keep_delivering
from proofdesk.engine.sequencer import LOCK_KEY as SEQUENCE_LOCK
from proofdesk.engine.sequencer import Sequencer
from proofdesk.flows.clock import Clock
from proofdesk.flows.context import Limits, Shell
from proofdesk.flows.export import export_ledger
from proofdesk.flows.keys import Keys, load_keys
from proofdesk.flows.registry import Registry
from proofdesk.flows.resolve import advance
from proofdesk.flows.subjects import Subjects
from proofdesk.language.intents.encoder import Encoder
from proofdesk.language.intents.tiers import find_encoders
from proofdesk.ledger.export import ExportSummary
from proofdesk.settings import Settings
from proofdesk.store.embedded import EmbeddedServer
from proofdesk.store.endpoint import Endpoint
from proofdesk.store.external import use_external
from proofdesk.store.migrate import migrate
from proofdesk.store.pool import Pool, open_pool

log = structlog.get_logger("app")


class House(msgspec.Struct, frozen=True, kw_only=True):
    """What one process holds while it runs."""

    settings: Settings
    endpoint: Endpoint
    keys: Keys
    shell: Shell
    registry: Registry
    encoder: Encoder | None
    env: Mapping[str, str] = {}
    """Where `env:NAME` in a tenant's files is looked up."""


def open_database(settings: Settings) -> tuple[Endpoint, EmbeddedServer | None]:
    """Start or attach to the database and bring its schema up to date. Blocks. Raises StoreError."""
    server: EmbeddedServer | None = None
    if settings.database_url:
        endpoint = use_external(settings.database_url, settings.home)
    else:
        server = EmbeddedServer.start(settings.home)
        endpoint = server.endpoint
    try:
        migrate(endpoint)
        install_queue(endpoint)
    except BaseException:
        if server is not None:
            server.stop()
        raise
    return endpoint, server


@cache
def load_encoder() -> Encoder | None:
    """The sentence encoder, one per process, or None with a notice: TF-IDF alone must work."""
    found = find_encoders(rows=256)
    if found.notice:
        log.warning("working without a sentence encoder", reason=found.notice)
    return found.fast


@asynccontextmanager
async def open_house(
    settings: Settings,
    endpoint: Endpoint,
    *,
    env: Mapping[str, str] | None = None,
    pool_size: int = 12,
    clock: Clock | None = None,
) -> AsyncIterator[House]:
    """Pools, keys, clock and tenants of one process, released when the block ends.

    `clock`: another one than the settings'.
    """
    keys = load_keys(settings.home)
    env = dict(os.environ) if env is None else env
    encoder = load_encoder()
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(endpoint, "app", max_size=pool_size))
        registry = Registry(pool, env, encoder)
        stack.push_async_callback(registry.close)
        shell = Shell(
            pool=pool,
            tenants=registry,
            subjects=Subjects(keys.master, keys.codes),
            keys=keys,
            clock=clock or Clock(settings.clock_speed, settings.clock_anchor),
            limits=Limits(
                lease_s=settings.lease_s,
                max_transitions_per_job=settings.max_transitions_per_job,
                max_effect_attempts=settings.max_effect_attempts,
            ),
        )
        yield House(
            settings=settings, endpoint=endpoint, keys=keys, shell=shell, registry=registry, encoder=encoder, env=env
        )


async def run_worker(house: House, name: str) -> None:
    """Deliver and advance tickets until cancelled; feed and number when this process leads."""
    settings, shell = house.settings, house.shell
    feeder = Feeder(
        make_queue(house),
        shell.clock,
        depth=settings.feed_depth,
        lease_s=settings.lease_s,
        every_s=settings.feed_every_s,
    )
    sequencer = make_sequencer(house)
    mail = MailPoller(shell, house.env, every_s=settings.poll_mail_s)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(lead(house.endpoint, "mail", MAIL_LOCK, mail.turn))
            group.create_task(lead(house.endpoint, "feeder", FEED_LOCK, feeder.turn))
            group.create_task(lead(house.endpoint, "sequencer", SEQUENCE_LOCK, sequencer.turn))
            group.create_task(keep_delivering(lambda: make_queue(house), name))
    finally:
        sequencer.close()
        await mail.close()


def make_queue(house: House) -> Queue:
    shell = house.shell
    return Queue(
        house.endpoint,
        lambda tenant, ticket_id: advance(shell, tenant, ticket_id),
        concurrency=house.settings.concurrency,
    )


def make_sequencer(house: House) -> Sequencer:
    settings = house.settings
    witness = settings.witness_dir or settings.home / "witness"
    return Sequencer(
        house.keys.log,
        witness,
        house.shell.clock,
        every_s=settings.sequence_every_s,
        checkpoint_every_s=settings.checkpoint_every_s,
    )


async def export(house: House, tenant: str, directory: Path) -> ExportSummary:
    """Write the tenant's ledger, everything committed numbered and signed. Raises ExportError, StoreUnavailable."""
    number = partial(drain_ledger, house.endpoint, partial(make_sequencer, house), tenant=tenant)
    return await export_ledger(house.shell, tenant, directory, number)


async def engine_pool(house: House, stack: AsyncExitStack) -> Pool:
    """A small pool as the engine role: API key look-ups."""
    return await stack.enter_async_context(open_pool(house.endpoint, "engine", max_size=4))
