"""What is proven and what it costs: invoice, ledger, totals."""

from typing import Annotated

from litestar import get
from litestar.params import PathParameter, QueryParameter

from proofdesk.core.money import EXPONENTS
from proofdesk.flows import invoice, proofs, totals
from proofdesk.flows.outcome import Refusal
from proofdesk.web.access import roles
from proofdesk.web.body import StrictRequest
from proofdesk.web.faults import ApiError, refused
from proofdesk.web.state import web_of

Month = Annotated[str, QueryParameter(pattern=invoice.MONTH_PATTERN, description="UTC month, 2026-03")]
Currency = Annotated[
    str, QueryParameter(pattern=r"^([A-Z]{3})?$", description="Refuse unless the contract is in this ISO 4217 currency")
]
MAX_SEQ = 2**53 - 1
Seq = Annotated[int, PathParameter(ge=0, le=MAX_SEQ)]
LEDGER = roles("agent", "manager", "finance", "auditor", "administrator")


@get(
    "/invoice/preview",
    opt=roles("finance", "manager", "auditor", "administrator"),
    summary="The invoice of a month as it stands now",
    tags=["billing"],
)
async def preview_invoice(request: StrictRequest, month: Month, currency: Currency = "") -> invoice.Invoice:
    """Recomputed from the ledger's resolution events; `proofdesk-verify invoice` recomputes it without this server."""
    if currency and currency not in EXPONENTS:
        raise ApiError(400, "invalid", f"unknown currency {currency}: use an ISO 4217 code", field="currency")
    made = await invoice.preview(web_of(request).shell, request.user.tenant, month)
    if isinstance(made, Refusal):
        raise refused(made)
    if currency and made.currency != currency:
        raise ApiError(409, "conflict", f"the contract is in {made.currency}", field="currency")
    return made


@get("/ledger/checkpoint", opt=LEDGER, summary="The newest signed checkpoint", tags=["ledger"])
async def checkpoint(request: StrictRequest) -> proofs.CheckpointView:
    found = await web_of(request).proofs.checkpoint(request.user.tenant)
    if isinstance(found, Refusal):
        raise refused(found)
    return found


@get("/ledger/leaves/{seq:str}/proof", opt=LEDGER, summary="Proof that a leaf is in the ledger", tags=["ledger"])
async def prove(request: StrictRequest, seq: Seq) -> proofs.ProofView:
    """RFC 9162 inclusion proof to the newest checkpoint."""
    found = await web_of(request).proofs.prove(request.user.tenant, seq)
    if isinstance(found, Refusal):
        raise refused(found)
    return found


@get(
    "/summary",
    opt=roles("agent", "approver", "manager", "finance", "auditor", "administrator"),
    summary="The tenant's totals",
    tags=["summary"],
)
async def get_summary(request: StrictRequest) -> totals.Summary:
    return await totals.summary(web_of(request).shell, request.user.tenant)


HANDLERS = (preview_invoice, checkpoint, prove, get_summary)
