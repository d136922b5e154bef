"""One operation of a world's HTTP face, and what every refusal looks like."""

from collections.abc import Callable
from typing import Any

import msgspec

Handler = Callable[[Any, dict[str, Any]], Any]
"""Takes the world and the arguments; raises WriteRefused."""


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Method, path, least scope, shapes, and the function that carries it out.

    `query`: names of required query parameters; path parameters stand in `path` as {name}.
    """

    operation: str
    method: str
    path: str
    scope: str
    answer: Any
    handler: Handler
    body: Any = None
    query: tuple[str, ...] = ()
    writes: bool = False


class Refusal(msgspec.Struct, kw_only=True):
    code: str
    message: str
