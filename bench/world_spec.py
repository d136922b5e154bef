"""What a bench needs to know of a world: its tenant, its state, how its requester answers, how it is perturbed."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from proofdesk.language.reading import TenantWords
from simulators.world.state import Record, World, WriteRefused

Row = dict[str, Any]
Tables = dict[str, Any]

WORLDS = Path(__file__).parent / "worlds"


class BenchWorld(msgspec.Struct, frozen=True, kw_only=True):
    """`kinds`: slot -> what an answer about it looks like, where the question offers nothing to choose from.

    `now`: the instant at which the world stands still, None where time does not matter to it.
    """

    name: str
    base: Callable[[Tables], Any]
    world: Callable[[Any], World]
    api: Callable[[Any], Any]
    writes: Mapping[str, Callable[..., Record]]
    kinds: dict[str, re.Pattern[str]]
    perturb: Callable[[str, Tables, list[Row], TenantWords, int], tuple[Tables, list[Row], TenantWords]]
    """The world, its rows and the tenant's words after a perturbation (its name, a seed): all three alike."""
    empty_target: Callable[[Row], bool]
    now: datetime | None = None

    @property
    def folder(self) -> Path:
        return WORLDS / self.name


def gold_changes(world: World, writes: Mapping[str, Callable[..., Record]], row: Row) -> dict[str, Any]:
    """The leaf paths the expected calls of a row change, with their values. Changes `world`."""
    for action in row["actions"]:
        if action["name"] in writes:
            try:
                world.carry_out(writes, action["name"], action["arguments"])
            except WriteRefused:
                continue
    return world.diff()
