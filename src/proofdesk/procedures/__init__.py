"""Loads procedures from YAML, checks every expression, compiles CEL. The core interprets what this room loads."""

from proofdesk.procedures.cel import evaluate
from proofdesk.procedures.document import json_schema
from proofdesk.procedures.load import Loaded, load, load_procedure, procedure_hash
from proofdesk.procedures.run_tests import CaseResult, DryRun, dry_run, run_tests
from proofdesk.procedures.yaml_source import ProcedureError

__all__ = [
    "CaseResult",
    "DryRun",
    "Loaded",
    "ProcedureError",
    "dry_run",
    "evaluate",
    "json_schema",
    "load",
    "load_procedure",
    "procedure_hash",
    "run_tests",
]
