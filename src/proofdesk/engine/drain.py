"""Numbers and signs what is committed, once, on behalf of somebody who needs it now (the export)."""

from collections.abc import Callable

from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row

from proofdesk.engine.leader import holds
from proofdesk.engine.sequencer import LOCK_KEY, Sequencer, WitnessDiverged
from proofdesk.flows.export import Numbered
from proofdesk.ledger.witness import WitnessBusy, WitnessDamaged
from proofdesk.store.endpoint import Endpoint
from proofdesk.store.pool import ADAPTERS


async def drain_ledger(endpoint: Endpoint, make: Callable[[], Sequencer], *, tenant: str) -> Numbered:
    """Take the sequencer's lock and drain; not done where another process leads: it numbers within a second itself.

    The ledger of `tenant`, if it no longer extends its witness, is left as it is and said so: the export of it is the
    evidence.
    """
    conn = await AsyncConnection[DictRow].connect(
        endpoint.conninfo("engine", application="proofdesk-drain"),
        autocommit=True,
        row_factory=dict_row,
        context=ADAPTERS,
    )
    async with conn:
        if not await holds(conn, LOCK_KEY):
            return Numbered(done=False)
        sequencer = make()
        try:
            await sequencer.drain(conn, tenant=tenant)
        except WitnessBusy:
            return Numbered(done=False)
        except (WitnessDiverged, WitnessDamaged) as error:
            return Numbered(done=True, warning=str(error))
        finally:
            sequencer.close()
    return Numbered(done=True)
