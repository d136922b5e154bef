"""Every failure as one JSON shape: {"error": {"code", "message", "field"?}}. Input never gives a 500."""

import math
import re
from typing import Any

import msgspec
import psycopg
import structlog
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, ValidationException

from proofdesk.flows.folder import TenantFolderError
from proofdesk.flows.outcome import Refusal
from proofdesk.flows.proofs import LedgerInconsistent
from proofdesk.flows.registry import UnknownTenant
from proofdesk.flows.subjects import SubjectErased
from proofdesk.store.errors import StoreUnavailable

log = structlog.get_logger("web")

_STATUS = {"not_found": 404, "conflict": 409, "forbidden": 403, "invalid": 400}
_CODES = {
    400: "invalid",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
}
_MESSAGES = {
    404: "there is nothing here",
    405: "this path does not know this method",
    413: "the body is larger than this server allows",
}
_PLACE = re.compile(r" - at `(?:key in )?\$\.?(?P<path>[^`]*)`$")
_NAMED = re.compile(r"field `(?P<name>[^`]+)`")
_MISSING = re.compile(r"Missing required \w+ parameter '(?P<name>[^']+)'")


class ErrorDetail(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`code` is stable, for programs; `message` says what to do; `field` names the input at fault ("a.b[1]")."""

    code: str
    message: str
    field: str | msgspec.UnsetType = msgspec.UNSET


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    error: ErrorDetail


class ApiError(Exception):
    """An answer other than success, raised from anywhere in a request."""

    def __init__(self, status: int, code: str, message: str, *, field: str = "", retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.field, self.retry_after_s = field, retry_after_s


def refused(refusal: Refusal) -> ApiError:
    """A flow's refusal as an answer."""
    return ApiError(_STATUS[refusal.code], refusal.code, refusal.message, field=refusal.field)


def invalid_body(error: msgspec.DecodeError) -> ApiError:
    """msgspec names the parent of a missing or unknown field; the field's own name is in its message."""
    message = str(error)
    place = _PLACE.search(message)
    path = place["path"] if place else ""
    if place:
        message = message[: place.start()]
    if named := _NAMED.search(message):
        path = f"{path}.{named['name']}" if path else named["name"]
    return ApiError(400, "invalid", message, field=path)


def answer(error: ApiError) -> Response[ErrorBody]:
    headers: dict[str, str] = {}
    if error.retry_after_s:
        headers["Retry-After"] = str(math.ceil(error.retry_after_s))
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    detail = ErrorDetail(code=error.code, message=error.message, field=error.field or msgspec.UNSET)
    return Response(ErrorBody(error=detail), status_code=error.status, media_type=MediaType.JSON, headers=headers)


def handle(_: Request[Any, Any, Any], error: Exception) -> Response[ErrorBody]:
    """The application's only exception handler."""
    return answer(_as_api_error(error))


def _as_api_error(error: Exception) -> ApiError:
    match error:
        case ApiError():
            return error
        case ValidationException():
            return _parameter(error)
        case HTTPException() if error.status_code < 500:
            status = error.status_code
            return ApiError(status, _CODES.get(status, "refused"), _MESSAGES.get(status, error.detail))
        case StoreUnavailable():
            log.error("database unavailable", uncertain=error.uncertain)
            said = "the database went away; whether this was carried out is unknown: repeat it with the same ids"
            return ApiError(503, "unavailable", said if error.uncertain else "the database is away; try again later")
        case psycopg.OperationalError():
            log.error("database refused", sqlstate=error.sqlstate)
            return ApiError(503, "unavailable", "the database could not do this now; try again")
        case UnknownTenant() | TenantFolderError() | SubjectErased() | LedgerInconsistent():
            return _of_the_house(error)
        case _:
            # Only the kind of fault is logged: its text may hold what a requester wrote.
            log.error("request failed", error=type(error).__name__, at=_where(error))
            return ApiError(500, "internal", "an internal error; the server's log has its kind and place")


def _of_the_house(error: UnknownTenant | TenantFolderError | SubjectErased | LedgerInconsistent) -> ApiError:
    match error:
        case UnknownTenant():
            return ApiError(409, "conflict", "the tenant has no configuration: load it first")
        case TenantFolderError():
            log.error("tenant configuration cannot be used", error=str(error))
            return ApiError(503, "unavailable", "the tenant's configuration no longer fits its connected systems")
        case SubjectErased():
            return ApiError(409, "conflict", "this requester's data was erased; nothing new can be recorded for them")
        case LedgerInconsistent():
            log.critical("ledger does not match its checkpoint", error=str(error))
            said = "the ledger does not match its signed checkpoint: stop and check it"
            return ApiError(500, "ledger_inconsistent", said)


def _parameter(error: ValidationException) -> ApiError:
    """A path or query parameter of the wrong form."""
    extra = error.extra if isinstance(error.extra, list) else []
    first = extra[0] if extra and isinstance(extra[0], dict) else {}
    missing = _MISSING.match(error.detail)
    if missing:
        return ApiError(400, "invalid", "this parameter is required", field=missing["name"])
    message = _PLACE.sub("", str(first.get("message", "a parameter cannot be used")))
    return ApiError(400, "invalid", message, field=str(first.get("key", "")))


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_globals.get('__name__', '')}:{trace.tb_lineno}"
