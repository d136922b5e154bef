"""records.yaml: how a tenant's requesters and their records are found, loaded and mapped into core/records.py."""

import asyncio
import hashlib
import itertools
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any

import msgspec

from proofdesk.connectors.backoffice.lookups import (
    Access,
    FindStep,
    LoadStep,
    args_hash,
    bindings,
    fill_args,
    read_find,
    read_load,
)
from proofdesk.connectors.backoffice.mapping import Compiler, Make, MappingError
from proofdesk.connectors.backoffice.paths import MISSING, PathError, Scope, value, values
from proofdesk.connectors.http import Clock
from proofdesk.connectors.yamlfile import YamlFile
from proofdesk.core.reading import Claim
from proofdesk.core.records import Order, Plan, Product, Records, Requester, Subscription
from proofdesk.ports import Answer, BackOffice, Capability, ConnectorError

MAX_FIND_CALLS = 12
MAX_LOAD_CALLS = 300
MAX_RECORDS = 2_000
MAX_CONCURRENT = 8
MAX_KEPT = 5_000
_LISTS: dict[str, type[msgspec.Struct]] = {
    "orders": Order, "subscriptions": Subscription, "products": Product, "plans": Plan,
}  # fmt: skip
_PARTS = ("minor_digits", "find", "load", "map")


class Found(msgspec.Struct, frozen=True, kw_only=True, tag="found"):
    """Every lookup that answered names the same requester. `by`: find entries; `proofs`: what they prove."""

    requester_id: str
    by: tuple[str, ...]
    proofs: tuple[str, ...] = ()
    accesses: tuple[Access, ...] = ()


class NotFound(msgspec.Struct, frozen=True, kw_only=True, tag="not_found"):
    """No lookup answered. `tried` is empty when the claims fit none of the lookups."""

    tried: tuple[str, ...] = ()
    accesses: tuple[Access, ...] = ()


class Conflict(msgspec.Struct, frozen=True, kw_only=True, tag="conflict"):
    """The claims lead to different requesters: nobody is authenticated."""

    requester_ids: tuple[str, ...]
    by: tuple[str, ...]
    accesses: tuple[Access, ...] = ()


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    records: Records
    accesses: tuple[Access, ...]


class RecordsMapping:
    """A checked records.yaml. One per tenant; safe for several tasks of one event loop."""

    def __init__(
        self,
        *,
        minor_digits: int,
        find: tuple[FindStep, ...],
        waves: tuple[tuple[LoadStep, ...], ...],
        makes: Mapping[str, Make],
        mapping_hash: str,
        clock: Clock,
    ) -> None:
        self.minor_digits = minor_digits
        self.mapping_hash = mapping_hash
        """SHA-256 of the file: what a decision leaf records beside the records."""
        self._find = find
        self._waves = waves
        self._makes = makes
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], tuple[float, Any]] = OrderedDict()

    @classmethod
    def load(
        cls, path: FilePath, capabilities: Mapping[str, Capability], *, clock: Clock | None = None
    ) -> "RecordsMapping":
        """Raises FileError (file, line, column, field) for anything the capabilities cannot give."""
        file = YamlFile.read(path)
        data = file.mapping((), file.data)
        for key in data:
            if key not in _PARTS:
                raise file.error((key,), f"unknown key; known keys: {', '.join(_PARTS)}")
        digits = data.get("minor_digits", 2)
        if isinstance(digits, bool) or not isinstance(digits, int) or not 0 <= digits <= 4:
            raise file.error(("minor_digits",), "must be a whole number from 0 to 4")
        compiler = Compiler(file, digits)
        find = read_find(file, data.get("find", {}), capabilities, compiler)
        waves, schemas = read_load(file, data.get("load"), capabilities, compiler)
        parts = file.mapping(("map",), data.get("map"))
        if "requester" not in parts:
            raise file.error(("map",), "requester is missing")
        makes: dict[str, Make] = {}
        for name, node in parts.items():
            at = ("map", name)
            if name == "requester":
                makes[name] = compiler.struct(Requester, node, at, schemas)
            elif name in _LISTS:
                makes[name] = compiler.each(_LISTS[name], node, at, schemas)
            else:
                raise file.error(at, f"unknown key; known keys: requester, {', '.join(_LISTS)}")
        return cls(
            minor_digits=digits,
            find=find,
            waves=waves,
            makes=makes,
            mapping_hash=hashlib.sha256(path.read_bytes()).hexdigest(),
            clock=clock or Clock(),
        )

    async def find(self, back_office: BackOffice, claims: Sequence[Claim]) -> Found | NotFound | Conflict:
        """Try every lookup whose claims are given; all that answer must agree. Raises ConnectorError."""
        tasks = list(itertools.islice(_candidates(self._find, bindings(claims)), MAX_FIND_CALLS))
        run = _Run(back_office, self._clock, self._kept)
        answers = await _all([run.once(step.capability, args, 0.0) for step, args, _ in tasks])
        by: dict[str, list[str]] = {}
        for (step, _, scope), answer in zip(tasks, answers, strict=True):
            if answer is not MISSING and (found := _agreed(step, answer, scope)):
                by.setdefault(found, []).append(step.name)
        accesses = tuple(run.accesses)
        names = tuple(dict.fromkeys(name for all_of in by.values() for name in all_of))
        if not by:
            return NotFound(tried=tuple(dict.fromkeys(step.name for step, _, _ in tasks)), accesses=accesses)
        if len(by) > 1:
            return Conflict(requester_ids=tuple(sorted(by)), by=names, accesses=accesses)
        proofs = tuple(step.proves for step in self._find if step.name in names and step.proves)
        return Found(requester_id=next(iter(by)), by=names, proofs=proofs, accesses=accesses)

    async def load_records(self, back_office: BackOffice, requester_id: str) -> Loaded:
        """Everything the file names for this requester. Raises ConnectorError, also for an answer that does not fit."""
        run = _Run(back_office, self._clock, self._kept)
        names: dict[str, Any] = {"requester_id": requester_id}
        try:
            for wave in self._waves:
                for step, found in zip(wave, await _all([run.step(step, names) for step in wave]), strict=True):
                    names[step.name] = found
            return Loaded(records=self.from_answers(names), accesses=tuple(run.accesses))
        except (MappingError, PathError) as error:
            raise ConnectorError(f"records.yaml: {error}", permanent=True) from error

    def from_answers(self, answers: Mapping[str, Any]) -> Records:
        """Pure: `answers` by the names of `load`, with "requester_id". Raises MappingError."""
        scope = Scope(names=answers)
        made = {name: make(scope) for name, make in self._makes.items()}
        requester: Requester = made.pop("requester")
        expected = answers.get("requester_id")
        if expected is not None and requester.id != expected:
            raise MappingError("map.requester.id: is not the requester that was asked for")
        if sum(len(items) for items in made.values()) > MAX_RECORDS:
            raise MappingError(f"map: gives more than {MAX_RECORDS} records")
        return Records(requester=requester, minor_digits=self.minor_digits, **made)


class _Run:
    """The calls of one find or load: counted, bounded, noted for the ledger."""

    def __init__(self, office: BackOffice, clock: Clock, kept: OrderedDict[tuple[str, str], tuple[float, Any]]) -> None:
        self.accesses: list[Access] = []
        self._office = office
        self._clock = clock
        self._kept = kept
        self._turns = asyncio.Semaphore(MAX_CONCURRENT)

    async def once(self, capability: str, args: Mapping[str, Any], keep_s: float) -> Any:
        """The answer's value, or MISSING where the other system said no."""
        if len(self.accesses) >= MAX_LOAD_CALLS:
            raise ConnectorError(f"records.yaml: more than {MAX_LOAD_CALLS} calls for one requester", permanent=True)
        hashed = args_hash(args)
        kept = self._kept.get((capability, hashed)) if keep_s else None
        fresh = kept is not None and kept[0] > self._clock.now()
        self.accesses.append(Access(capability=capability, args_hash=hashed, cached=fresh))
        if kept is not None and fresh:
            return kept[1]
        async with self._turns:
            answer = await self._office.call(capability, args)
        if not isinstance(answer, Answer):
            return MISSING
        if keep_s:
            self._kept[capability, hashed] = (self._clock.now() + keep_s, answer.value)
            while len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        return answer.value

    async def step(self, step: LoadStep, names: Mapping[str, Any]) -> Any:
        if step.each is None:
            return await self._needed(step, Scope(names=names))
        items = values(step.each, Scope(names=names))
        if not step.each.many and len(items) == 1 and isinstance(items[0], list):
            items = items[0]
        if step.distinct:
            items = list({args_hash({"item": item}): item for item in items}.values())
        if len(items) > MAX_LOAD_CALLS:
            raise ConnectorError(f"records.yaml: load.{step.name}: more than {MAX_LOAD_CALLS} calls", permanent=True)
        found = await _all([self._needed(step, Scope(names={**names, "item": item})) for item in items])
        return [item for item in found if item is not MISSING]

    async def _needed(self, step: LoadStep, scope: Scope) -> Any:
        args = fill_args(step.args, scope)
        found = MISSING if args is None else await self.once(step.capability, args, step.keep_s)
        if found is MISSING and not step.optional:
            why = "has no value for an argument" if args is None else "was refused"
            raise ConnectorError(f"records.yaml: load.{step.name}: {step.capability} {why}", permanent=True)
        return found


async def _all(calls: list[Any]) -> list[Any]:
    """All results in order; on the first ConnectorError the others are cancelled and it is raised."""
    if len(calls) == 1:
        return [await calls[0]]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call) for call in calls]
    except ExceptionGroup as group_error:
        expected, rest = group_error.split(ConnectorError)
        if expected is None or rest is not None:
            raise
        raise _first(expected) from group_error
    return [task.result() for task in tasks]


def _first(errors: Any) -> ConnectorError:
    while isinstance(errors, BaseExceptionGroup):
        errors = errors.exceptions[0]
    assert isinstance(errors, ConnectorError)
    return errors


def _candidates(
    steps: Sequence[FindStep], bound: Mapping[str, list[tuple[str, ...]]]
) -> Iterator[tuple[FindStep, dict[str, Any], Scope]]:
    """Every combination of claims that a lookup can be tried with."""
    for step in steps:
        kinds = sorted({"name" if name in ("given_name", "family_name") else name for name in step.uses})
        if not all(kind in bound for kind in kinds):
            continue
        for chosen in itertools.product(*(bound[kind] for kind in kinds)):
            names: dict[str, Any] = {}
            for kind, given in zip(kinds, chosen, strict=True):
                names.update({"given_name": given[0], "family_name": given[1]} if kind == "name" else {kind: given[0]})
            scope = Scope(names=names)
            args = fill_args(step.args, scope)
            if args is not None:
                yield step, args, scope


def _agreed(step: FindStep, answer: Any, scope: Scope) -> str:
    """The id the answer gives, "" when a `match` of the step does not hold."""
    inner = Scope(names=scope.names, item=answer)
    for left, right in step.match:
        if _folded(value(left, inner)) != _folded(value(right, scope)):
            return ""
    found = value(step.id, inner)
    if isinstance(found, bool) or not isinstance(found, (str, int)) or found == "":
        raise ConnectorError(f"records.yaml: find.{step.name}.id: the answer has no such id", permanent=True)
    return str(found)


def _folded(item: Any) -> str:
    return "".join(str(item).casefold().split()) if isinstance(item, (str, int)) else ""
