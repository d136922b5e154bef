"""Requests that are refused whatever the answer to what is still open: nobody is asked in vain.

Only look-ups are made. A request counts as refused only when its procedure says no before it needs anything doubtful.
"""

from collections.abc import Sequence

from proofdesk.core.directive import Refuse
from proofdesk.core.interpreter import start
from proofdesk.core.reading import Request
from proofdesk.flows.context import Desk, access_leaf
from proofdesk.flows.drive import Accessed, drive
from proofdesk.flows.in_force import InForce, in_force
from proofdesk.flows.prepare import facts_for
from proofdesk.flows.state import RequestState
from proofdesk.flows.transition import Transition


async def foresee(desk: Desk, tr: Transition, wanted: Sequence[Request]) -> tuple[RequestState, ...]:
    """All of `wanted` as refused, or none where one of them may still come to something. Raises ConnectorError."""
    ended: list[RequestState] = []
    accesses: list[Accessed] = []
    for request in wanted:
        state = RequestState(request=request, run=start(desk.runtime.procedures[request.procedure]))
        rules = await in_force(desk, state.run)
        if not isinstance(rules, InForce):
            break
        facts = facts_for(desk, tr, state)
        given, output, reads = await drive(rules.procedure, state.run, facts, None, desk.runtime.evaluate, rules.office)
        accesses += reads
        if not isinstance(output.directive, Refuse):
            break
        tr.decided("procedure", given, output)
        no = output.directive
        ended.append(
            RequestState(
                request=request,
                run=output.run,
                status="refused",
                reason=no.reason,
                replies=(*output.replies, no.text),
            )
        )
    access_leaf(tr, accesses)
    return tuple(ended) if len(ended) == len(wanted) else ()
