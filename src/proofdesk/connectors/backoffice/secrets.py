"""`env:NAME` in connector files: secrets and addresses come from the environment that is passed in."""

import re
from collections.abc import Mapping

import msgspec

_ENV = re.compile(r"env:([A-Z][A-Z0-9_]*)")


class Auth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One header that proves who we are."""

    header: str = "Authorization"
    value: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", self.header):
            raise ValueError("header must be a header name of letters, digits and -")

    def __repr__(self) -> str:
        return f"Auth(header={self.header!r})"


class MissingVariable(ValueError):
    """An environment variable that a file names is not set."""


def fill(text: str, env: Mapping[str, str]) -> str:
    """`text` with every `env:NAME` replaced. Raises MissingVariable; a value never enters an error."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if not env.get(name):
            raise MissingVariable(f"environment variable {name} is not set")
        filled = env[name]
        if any(ord(char) < 32 for char in filled):
            raise MissingVariable(f"environment variable {name} contains control characters")
        return filled

    return _ENV.sub(value, text)
