"""Bodies are decoded strictly: no text becomes a number, no unknown field passes, no NUL reaches the database."""

from typing import Any

import msgspec
from litestar import Request

from proofdesk.web.access import Caller
from proofdesk.web.faults import ApiError, invalid_body

MAX_DEPTH = 64


class StrictRequest(Request[Caller, Any, Any]):
    """Litestar decodes bodies leniently ("5" becomes 5) and names only the parent of a faulty field; this does not."""

    async def json(self) -> Any:
        kind = self.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise ApiError(415, "unsupported_media_type", "send application/json")
        body = await self.body()
        field = self.route_handler.parsed_data_field
        assert field is not None, "only a handler with a body reads one"
        try:
            value = msgspec.json.decode(body, type=field.annotation)
        except msgspec.DecodeError as error:
            raise invalid_body(error) from error
        except (UnicodeDecodeError, RecursionError) as error:
            raise ApiError(400, "invalid", "the body is not UTF-8 JSON of reasonable depth") from error
        # JSON can write NUL only as an escape, so nearly every body passes by this one look.
        if b"u0000" in body and (place := _nul(msgspec.to_builtins(value), "")) is not None:
            raise ApiError(400, "invalid", "a text holds the character NUL", field=place)
        return value


def _nul(value: Any, place: str) -> str | None:
    """Where the first NUL is."""
    if isinstance(value, str):
        return place if "\x00" in value else None
    items: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        items = [(f"{place}.{key}" if place else str(key), item) for key, item in value.items()]
    elif isinstance(value, list | tuple):
        items = [(f"{place}[{number}]", item) for number, item in enumerate(value)]
    for inner, item in items:
        if (found := _nul(item, inner)) is not None:
            return found
    return None
