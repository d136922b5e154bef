"""The procedure a run goes by: the version it was started with, also after another one was loaded."""

import msgspec

from proofdesk.core.directive import Run
from proofdesk.core.procedure import Procedure
from proofdesk.flows.context import Desk
from proofdesk.flows.folder import TenantFolderError
from proofdesk.flows.registry import UnknownTenant
from proofdesk.flows.tenancy import Runtime, procedure_capabilities
from proofdesk.ports import BackOffice


class InForce(msgspec.Struct, frozen=True, kw_only=True):
    """A run's procedure, and the view of the back office that can do nothing else than it names."""

    procedure: Procedure
    office: BackOffice


class NotUsable(msgspec.Struct, frozen=True, kw_only=True):
    """The run cannot go on: its procedure is lost, or names what no connected system can do any more."""

    why: str


async def in_force(desk: Desk, run: Run) -> InForce | NotUsable:
    """By hash: what was agreed with the requester is carried out by the rules it was agreed under."""
    runtime = desk.runtime
    current = runtime.procedures.get(run.procedure)
    if current is not None and current.procedure_hash == run.procedure_hash:
        procedure = current
    else:
        try:
            found = await desk.shell.tenants.rules(runtime.tenant, "procedure", run.procedure_hash)
        except (UnknownTenant, TenantFolderError):
            return NotUsable(why=f"{run.procedure} version {run.version} cannot be loaded any more")
        if not isinstance(found, Procedure):
            return NotUsable(why=f"{run.procedure} version {run.version} is no procedure")
        procedure = found
    return usable(runtime, procedure)


def usable(runtime: Runtime, procedure: Procedure) -> InForce | NotUsable:
    """A procedure with no more rights than it names."""
    names = procedure_capabilities(procedure)
    missing = sorted(names - runtime.back_office.capabilities().keys())
    if missing:
        why = f"{procedure.id} version {procedure.version} needs {', '.join(missing)}, no longer connected"
        return NotUsable(why=why)
    return InForce(procedure=procedure, office=runtime.scoped(names))
