"""Acceptance vectors shared by all implementations; read by tests only."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).resolve().parents[2]
SHARED = (_ROOT / os.environ.get("PROOFDESK_SHARED", "../shared")).resolve()


@cache
def _load(name: str) -> Any:
    found = sorted((SHARED / "vectors" / "metrics").glob(f"{name}_*.json"))
    return json.loads(found[0].read_text(encoding="utf-8")) if found else None


def vector(name: str) -> Any:
    """The vector "E03"; skips the test where the shared folder is absent."""
    loaded = _load(name)
    if loaded is None:
        pytest.skip(f"acceptance vector {name} is absent: set PROOFDESK_SHARED to the shared folder")
    return loaded
