"""Items of `bench/language.py`, one module each; this file finds and runs them.

To add an item write a module here with `ITEMS: dict[str, Item]`; import what is heavy inside the function.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy loads

import argparse
import importlib
import json
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

Item = Callable[[], dict[str, Any]]


def items() -> dict[str, Item]:
    """Every item of every module here, in the order of the modules' names."""
    found: dict[str, Item] = {}
    for module in sorted(info.name for info in pkgutil.iter_modules(__path__)):
        named = getattr(importlib.import_module(f"{__name__}.{module}"), "ITEMS", {})
        twice = set(named) & set(found)
        if twice:
            raise ValueError(f"bench/language/{module}.py: item {sorted(twice)} is there already")
        found |= named
    return found


def main() -> None:
    known = items()
    parser = argparse.ArgumentParser(prog="python bench/language.py")
    parser.add_argument("--items", default=",".join(known), help="default: all of them")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    unknown = set(args.items.split(",")) - set(known)
    if unknown:
        parser.error(f"unknown items {sorted(unknown)}; known: {', '.join(known)}")
    result = {name: known[name]() for name in args.items.split(",")}
    text = json.dumps(result, default=lambda v: round(float(v), 4), indent=None if args.json else 1)
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(text)
    print(text)
