"""The back office as it was: it answers what the export recorded and knows nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any

from proofdesk.flows.simulation.past import PastLookup
from proofdesk.flows.transition import hash_of
from proofdesk.ports import Answer, Capability, ConnectorError, Refused


class NotRecorded(ConnectorError):
    """What the system answered then is not in the export; inventing an answer would invent a result."""

    def __init__(self, capability: str) -> None:
        super().__init__(f"would look up {capability}: unknown", permanent=True)
        self.capability = capability


class WouldWrite(RuntimeError):
    """A write was about to leave a simulation: a fault that ends it at once."""


class PastOffice:
    """Implements BackOffice for one ticket. It reads only: a simulation never writes anywhere."""

    def __init__(self, capabilities: Mapping[str, Capability], lookups: Sequence[PastLookup]) -> None:
        self._capabilities = capabilities
        self._answers = {(each.capability, hash_of(each.args)): each for each in lookups}

    def capabilities(self) -> Mapping[str, Capability]:
        return self._capabilities

    async def call(self, capability: str, args: Mapping[str, Any], *, key: str = "") -> Answer | Refused:
        if key or self._capabilities[capability].writes:
            raise WouldWrite(f"a simulation was about to write through {capability}")
        found = self._answers.get((capability, hash_of(dict(args))))
        if found is None:
            raise NotRecorded(capability)
        if found.refused:
            return Refused(code=found.refused, message=found.refused)
        return Answer(value=found.value)
