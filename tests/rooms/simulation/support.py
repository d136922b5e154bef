"""Small configurations for the simulation's tests."""

from proofdesk.core.procedure import Procedure, Understand


def procedure(name: str, examples: tuple[str, ...]) -> Procedure:
    return Procedure(
        id=name, version=1, title=name, kind="action", procedure_hash="0" * 64, understand=Understand(examples=examples)
    )
