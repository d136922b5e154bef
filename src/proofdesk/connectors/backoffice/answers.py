"""Reading a refusal: other systems say no in many shapes, all become `Refused(code, message, status)`."""

from typing import Any

import msgspec

from proofdesk.connectors.http import HttpAnswer
from proofdesk.ports import Refused

MAX_CODE_CHARS = 80
MAX_MESSAGE_CHARS = 500
_BY_STATUS = {
    400: "bad_request", 403: "forbidden", 404: "not_found", 409: "conflict", 410: "gone", 412: "stale",
    422: "unprocessable",
}  # fmt: skip


def refusal(answer: HttpAnswer) -> Refused:
    """Looks for code/error/type and message/detail/title, also one level down (RFC 9457 and common habits)."""
    try:
        body: Any = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        body = answer.body.decode("utf-8", "replace")
    return read_refusal(body, answer.status)


def read_refusal(body: Any, status: int) -> Refused:
    code = _BY_STATUS.get(status, f"status_{status}")
    message = body if isinstance(body, str) else ""
    if isinstance(body, dict):
        inner = next((body[name] for name in ("error", "detail") if isinstance(body.get(name), dict)), body)
        code = _first(inner, ("code", "error", "type")) or code
        message = _first(inner, ("message", "detail", "title", "error_description", "error")) or ""
    return Refused(code=code[:MAX_CODE_CHARS], message=message[:MAX_MESSAGE_CHARS], status=status)


def _first(body: dict[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        value = body.get(name)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return ""
