"""Requests that are refused whatever the answer to what is still open: nobody is asked in vain.

Only look-ups are made. A request counts as refused only when its procedure says no before it needs anything doubtful.
"""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from proofdesk.core.directive import Facts, Refuse, Run
from proofdesk.core.interpreter import start
from proofdesk.core.procedure import Evaluate
from proofdesk.core.reading import Request
from proofdesk.flows.context import Desk, access_leaf
from proofdesk.flows.drive import Accessed, DriveFacts, DriveOutput, drive
from proofdesk.flows.in_force import InForce, NotUsable, in_force
from proofdesk.flows.prepare import facts_for
from proofdesk.flows.state import RequestState
from proofdesk.flows.transition import Transition


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """`refused`: each of the wanted requests with its drive, or none where one may still come to something."""

    refused: tuple[tuple[Request, DriveFacts, DriveOutput, Refuse], ...]
    seen: tuple[tuple[DriveFacts, DriveOutput], ...]
    """The refusals found until then."""
    accesses: tuple[Accessed, ...]


async def foresee(desk: Desk, tr: Transition, wanted: Sequence[Request]) -> tuple[RequestState, ...]:
    """All of `wanted` as refused, or none where one of them may still come to something. Raises ConnectorError."""

    def begun(request: Request) -> tuple[Run, Facts]:
        state = RequestState(request=request, run=start(desk.runtime.procedures[request.procedure]))
        return state.run, facts_for(desk, tr, state)

    found = await refusals(wanted, begun, lambda run: in_force(desk, run), desk.runtime.evaluate)
    for given, output in found.seen:
        tr.decided("procedure", given, output)
    access_leaf(tr, list(found.accesses))
    return tuple(
        RequestState(
            request=request,
            run=output.run,
            status="refused",
            reason=no.reason,
            replies=(*output.replies, no.text),
        )
        for request, _, output, no in found.refused
    )


async def refusals(
    wanted: Sequence[Request],
    begun: Callable[[Request], tuple[Run, Facts]],
    rules_of: Callable[[Run], Awaitable[InForce | NotUsable]],
    evaluate: Evaluate,
) -> Foreseen:
    """`begun` gives a request's run and facts, `rules_of` what the run goes by. Raises ConnectorError."""
    refused: list[tuple[Request, DriveFacts, DriveOutput, Refuse]] = []
    accesses: list[Accessed] = []
    for request in wanted:
        run, facts = begun(request)
        rules = await rules_of(run)
        if not isinstance(rules, InForce):
            break
        given, output, reads = await drive(rules.procedure, run, facts, None, evaluate, rules.office)
        accesses += reads
        if not isinstance(output.directive, Refuse):
            break
        refused.append((request, given, output, output.directive))
    whole = len(refused) == len(wanted)
    return Foreseen(
        refused=tuple(refused) if whole else (),
        seen=tuple((given, output) for _, given, output, _ in refused),
        accesses=tuple(accesses),
    )
