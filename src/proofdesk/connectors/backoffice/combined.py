"""Several connectors behind one door, and narrower doors to it: least privilege per procedure, read-only."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from proofdesk.ports import Answer, BackOffice, Capability, ConnectorError, Refused


class DuplicateCapability(ValueError):
    """Two connectors offer a capability of the same name."""


class CombinedBackOffice:
    """All connectors of one tenant. Raises DuplicateCapability when two share a capability's name."""

    def __init__(self, offices: Sequence[BackOffice]) -> None:
        self._capabilities: dict[str, Capability] = {}
        self._offices: dict[str, BackOffice] = {}
        for office in offices:
            for name, capability in office.capabilities().items():
                if name in self._capabilities:
                    first = self._capabilities[name].connector
                    raise DuplicateCapability(
                        f"capability {name} is offered by {first} and by {capability.connector}; rename one"
                    )
                self._capabilities[name] = capability
                self._offices[name] = office

    def capabilities(self) -> Mapping[str, Capability]:
        return self._capabilities

    async def call(self, capability: str, args: Mapping[str, Any], *, key: str = "") -> Answer | Refused:
        office = self._offices.get(capability)
        if office is None:
            raise ConnectorError(f"no connected system has the capability {capability}", permanent=True)
        return await office.call(capability, args, key=key)

    def scoped(self, capabilities: Iterable[str]) -> "ScopedBackOffice":
        return scoped(self, capabilities)

    def read_only(self) -> "ScopedBackOffice":
        return read_only(self)


class ScopedBackOffice:
    """A view that knows only some capabilities; anything else is refused before it is sent."""

    def __init__(self, inner: BackOffice, names: frozenset[str], why: str) -> None:
        self._inner = inner
        self._why = why
        self._capabilities = {name: found for name, found in inner.capabilities().items() if name in names}

    def capabilities(self) -> Mapping[str, Capability]:
        return self._capabilities

    async def call(self, capability: str, args: Mapping[str, Any], *, key: str = "") -> Answer | Refused:
        if capability not in self._capabilities:
            raise ConnectorError(f"{capability} is not permitted here: {self._why}", permanent=True)
        return await self._inner.call(capability, args, key=key)

    def scoped(self, capabilities: Iterable[str]) -> "ScopedBackOffice":
        return scoped(self, capabilities)

    def read_only(self) -> "ScopedBackOffice":
        return read_only(self)


def scoped(office: BackOffice, capabilities: Iterable[str]) -> ScopedBackOffice:
    """Only the named capabilities of `office`. Unknown names are refused at once (ValueError)."""
    names = frozenset(capabilities)
    if missing := sorted(names - office.capabilities().keys()):
        raise ValueError(f"no connected system has the capability {missing[0]}")
    return ScopedBackOffice(office, names, "the procedure does not list it")


def read_only(office: BackOffice) -> ScopedBackOffice:
    """Only what writes nothing: for read-back and for shadow mode."""
    names = frozenset(name for name, found in office.capabilities().items() if not found.writes)
    return ScopedBackOffice(office, names, "only reading is allowed")
