"""`simulate`: a file of past tickets, a tenant's folder, perhaps a candidate folder; out come figures and a page."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from proofdesk.connectors.yamlfile import YamlFile
from proofdesk.core.confidence import Gate, loss_minor, threshold
from proofdesk.core.simulation import figures
from proofdesk.core.simulation.compare import bias, compare
from proofdesk.core.simulation.result import Configured, Simulation, Wrong
from proofdesk.core.simulation.values import Case, verdict
from proofdesk.core.triage import TriageConfig
from proofdesk.flows.clock import iso
from proofdesk.flows.folder import TenantFolderError, build, read_folder
from proofdesk.flows.look import MAX_READ_CHARS, triage_config
from proofdesk.flows.simulation.batch import NEAR_PPM
from proofdesk.flows.simulation.decider import (
    Decider,
    Place,
    Progress,
    decide_all,
    encoders_of,
    environment,
    saved,
    scratch,
)
from proofdesk.flows.simulation.first import Replayed
from proofdesk.flows.simulation.knowledge import Epoch, epochs_of
from proofdesk.flows.simulation.past import Past, PastTicket, TicketFileError, read_past
from proofdesk.language.intents import Encoders, StackedIntentModel, train

MAX_WRONG = 10_000
NOTES = (
    "Only the first decision is replayed: what the requester wrote later answered what a person had said.",
    "The policy and the day's budgets are judged at the write itself, and are not part of the first decision.",
    "What the back office held is taken from the export; what it does not hold counts as unknown, never as empty.",
)


class GateFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """gates.yaml: what an intent's decisions cost and the policy's floor."""

    default: Gate = Gate()
    intents: dict[str, Gate] = {}


class SimulationOrder(msgspec.Struct, frozen=True, kw_only=True):
    tickets: Path
    tenant: Path
    as_of: datetime
    candidate: Path | None = None
    gates: Path | None = None
    target: float = 0.95
    delta: float = 0.05
    margin: float = 0.03
    workers: int = 1
    cache: Path | None = None
    """Where encodings are kept across runs."""


class Simulated(msgspec.Struct, frozen=True, kw_only=True):
    simulation: Simulation
    present: tuple[Replayed, ...]
    candidate: tuple[Replayed, ...]


class _Side(msgspec.Struct, frozen=True, kw_only=True):
    configured: Configured
    replayed: tuple[Replayed, ...]
    currency: str


class _By(msgspec.Struct, frozen=True, kw_only=True):
    """What one side was decided by."""

    name: str
    digest: str
    epochs: tuple[Epoch, ...]
    models: tuple[StackedIntentModel, ...]
    config: TriageConfig
    silent: tuple[str, ...]
    """Procedures that no example is left of."""


async def simulate(order: SimulationOrder, progress: Progress) -> Simulated:
    """Raises TicketFileError, TenantFolderError or yamlfile.FileError, each naming file, line and field."""
    past = read_past(order.tickets)
    tickets = tuple(ticket for ticket in past.tickets if ticket.at <= order.as_of)
    immature = len(past.tickets) - len(tickets)
    if not tickets:
        newest = iso(max(ticket.at for ticket in past.tickets))
        raise TicketFileError(f"{order.tickets.name}: no ticket up to {iso(order.as_of)}; the newest is of {newest}")
    gates = _gates(order.gates)
    encoders = encoders_of(order.cache)
    taken = Past(tickets=tickets, examples=past.examples)
    present = await _side(order, order.tenant, taken, immature, gates, encoders, progress)
    other = order.candidate
    candidate = await _side(order, other, taken, immature, gates, encoders, progress) if other else None
    times = [ticket.at for ticket in tickets]
    simulation = Simulation(
        file=order.tickets.name,
        as_of=iso(order.as_of),
        since=iso(min(times)),
        until=iso(max(times)),
        tickets=len(tickets),
        excluded=sum(ticket.human is None for ticket in tickets),
        immature=immature,
        labelled=sum(ticket.human is not None for ticket in tickets),
        currency=present.currency,
        encoding="batch",
        target=order.target,
        delta=order.delta,
        present=present.configured,
        candidate=candidate.configured if candidate else None,
        comparison=compare(_cases(present.replayed), _cases(candidate.replayed), margin=order.margin)
        if candidate
        else None,
        notes=NOTES,
    )
    return Simulated(simulation=simulation, present=present.replayed, candidate=candidate.replayed if candidate else ())


async def _side(
    order: SimulationOrder, root: Path, past: Past, immature: int, gates: GateFile, encoders: Encoders,
    progress: Progress,
) -> _Side:  # fmt: skip
    """One configuration over all tickets."""
    folder = read_folder(root)
    built = await build(folder, environment())
    try:
        procedures = {name: each.procedure for name, each in built.loaded.items()}
        epochs = epochs_of(procedures, past.examples, past.tickets)
        titles = {name: each.title for name, each in procedures.items()}
        progress(f"{root.name}: learning from {len(epochs[-1].examples)} examples")
        models = [_model(root, epoch, encoders, titles) for epoch in epochs]
        config = msgspec.structs.replace(triage_config(built.settings), gates=gates.intents, default=gates.default)
        limits = _limits(config, built.settings.thresholds.intent_ppm)
        decider = Decider(built, models, config, limits)
        with scratch() as space:
            place = Place(
                folder=root, models=saved(models, Path(space)), config=config, limits_ppm=limits,
                cache=order.cache,
            )  # fmt: skip
            spans = [[past.tickets[at] for at in epoch.places] for epoch in epochs]
            found = await decide_all(decider, place, spans, workers=order.workers, progress=progress)
        replayed: list[Replayed | None] = [None] * len(past.tickets)
        for epoch, rows in zip(epochs, found, strict=True):
            for at, row in zip(epoch.places, rows, strict=True):
                replayed[at] = row
        rows = _exactly([row for row in replayed if row is not None], past.tickets, epochs, decider, order)
    finally:
        await built.close()
    silent = tuple(sorted(set(procedures) - {each.intent for epoch in epochs for each in epoch.examples}))
    by = _By(name=root.name, digest=folder.hash, epochs=epochs, models=tuple(models), config=config, silent=silent)
    configured = _configured(order, by, rows, immature)
    return _Side(configured=configured, replayed=tuple(rows), currency=built.settings.currency)


def _model(root: Path, epoch: Epoch, encoders: Encoders, titles: dict[str, str]) -> StackedIntentModel:
    model = train(epoch.examples, (), encoders.fast, titles)
    if not isinstance(model, StackedIntentModel):
        why = f"; {len(epoch.left_out)} examples were left out because they leak" if epoch.left_out else ""
        raise TenantFolderError(f"{root.name}/procedures: {model.reason}{why}")
    return model


def _limits(config: TriageConfig, hint_ppm: int) -> tuple[int, ...]:
    """Every confidence at which a decision could turn."""
    gates = (config.default, *config.gates.values())
    chosen = {threshold(gate, 0).ppm for gate in gates}
    return tuple(sorted({config.in_scope_ppm, hint_ppm, *chosen}))


def _exactly(
    rows: list[Replayed], tickets: Sequence[PastTicket], epochs: Sequence[Epoch], decider: Decider,
    order: SimulationOrder,
) -> list[Replayed]:  # fmt: skip
    """With those near the certified threshold, which is known only now, encoded singly."""
    certified = figures.certified_ppm(_cases(rows), target=order.target, delta=order.delta)
    if certified is None:
        return rows
    for number, epoch in enumerate(epochs):
        for at in epoch.places:
            guess = rows[at].case.guess
            if guess.encoding != "batch" or abs(guess.score_ppm - certified) > NEAR_PPM:
                continue
            seen = decider.models[number].singly(tickets[at].text[:MAX_READ_CHARS])
            best = seen.scores[0]
            again = msgspec.structs.replace(
                guess, intent=best.intent, score_ppm=best.score_ppm, in_scope_ppm=seen.in_scope_ppm, encoding="single"
            )
            case = msgspec.structs.replace(rows[at].case, guess=again)
            rows[at] = msgspec.structs.replace(rows[at], case=case)
    return rows


def _configured(order: SimulationOrder, by: _By, rows: Sequence[Replayed], immature: int) -> Configured:
    cases = _cases(rows)
    certified = figures.certified_ppm(cases, target=order.target, delta=order.delta)
    unknown = Counter(what for case in cases if case.decided.kind == "unknown" for what in case.decided.unknown)
    notes = [each.notice for each in by.models[:1] if each.notice]
    if faults := sum(case.decided.reason == "internal_fault" for case in cases):
        notes.append(f"{faults} tickets ended with a fault of our own and would go to a person; the replays name it.")
    if by.silent:
        notes.append(f"No example is left of: {', '.join(by.silent)}. The model cannot recognise them.")
    return Configured(
        name=by.name,
        files_sha256=by.digest,
        model_hashes=tuple(model.model_hash for model in by.models),
        rates=figures.decision_rates(cases, excluded=0, immature=immature),
        decision_confusion=figures.decision_confusion(cases),
        intent_confusion=figures.intent_confusion(cases),
        curve=figures.curve(cases),
        certified_ppm=certified,
        thresholds=figures.thresholds(cases, by.config, certified),
        money=figures.money(cases, by.config.gates, by.config.default),
        wrong=_wrong(cases, by.config),
        unknown=dict(unknown.most_common()),
        bias=bias(cases),
        left_out=tuple(each for epoch in by.epochs for each in epoch.left_out),
        encodings=Counter(case.guess.encoding for case in cases),
        notes=tuple(notes),
    )


def _wrong(cases: Sequence[Case], config: TriageConfig) -> tuple[Wrong, ...]:
    """The dearest first."""
    found = [
        Wrong(
            id=case.id, at=case.at, human=case.human, decided=case.decided, guess=case.guess,
            cost_minor=round(loss_minor(config.gates.get(_first(case), config.default).costs, case.amount_minor)),
        )
        for case in cases
        if case.human is not None and verdict(case) == "wrong"
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda each: (-each.cost_minor, each.id))[:MAX_WRONG])


def _first(case: Case) -> str:
    return next(iter(case.human.intents), "") if case.human else ""


def _gates(path: Path | None) -> GateFile:
    if path is None:
        return GateFile()
    file = YamlFile.read(path)
    return file.convert(file.data, GateFile)


def _cases(rows: Sequence[Replayed]) -> list[Case]:
    return [row.case for row in rows]


def instant_of(text: str) -> datetime:
    """The end of a day, or an instant. Raises ValueError."""
    found = datetime.fromisoformat(text)
    if len(text.strip()) <= len("2026-01-01"):
        found = found.replace(hour=23, minute=59, second=59, microsecond=999_999)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
