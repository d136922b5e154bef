"""tenant.yaml and people.yaml: read and checked field by field; every fault names file, line, column and field."""

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from proofdesk.connectors.yamlfile import FieldPath, FileError, YamlFile
from proofdesk.core.contract import check_contract
from proofdesk.core.money import EXPONENTS
from proofdesk.flows.people import LOGIN_PATTERN, Role
from proofdesk.flows.tenancy import TenantSettings
from proofdesk.ports import Capability

MAX_PEOPLE = 1_000
MAX_LIMIT_MINOR = 10**15
MAX_WINDOW_H = 24 * 366


class TenantFile(msgspec.Struct, frozen=True, kw_only=True):
    """Checked settings, and the file they came from, to point at what turns out wrong later."""

    settings: TenantSettings
    source: YamlFile


class PersonEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of people.yaml: who may have a key, and as what. Holds no secret and makes no key."""

    login: str
    roles: tuple[Role, ...]


def read_tenant_file(path: Path) -> tuple[TenantFile, list[FileError]]:
    """The settings with every fault found in them. Raises FileError where they cannot be read at all."""
    source = YamlFile.read(path)
    settings = source.convert(source.mapping((), source.data), TenantSettings)
    found: list[tuple[FieldPath, str]] = [(("contract",), fault) for fault in check_contract(settings.contract)]
    if settings.currency not in EXPONENTS:
        found.append((("currency",), _no_currency(settings.currency)))
    if "default" not in settings.queues:
        found.append((("queues",), "`default` is missing; name the queue that owns what no other rule catches"))
    targets = ("first_response_min", "resolution_min")
    found += [
        (("sla", name), "`default` is missing") for name in targets if "default" not in getattr(settings.sla, name)
    ]
    found += _budget_faults(settings)
    return TenantFile(settings=settings, source=source), [source.error(at, what) for at, what in found]


def unknown_capabilities(file: TenantFile, capabilities: Mapping[str, Capability]) -> list[FileError]:
    """Budgets over what no connected system can do."""
    return [
        file.source.error(("budgets", number, "capabilities", place), f"no connected system has {name}")
        for number, budget in enumerate(file.settings.budgets)
        for place, name in enumerate(budget.capabilities)
        if name not in capabilities
    ]


def read_people(path: Path) -> tuple[PersonEntry, ...]:
    """Raises FileError."""
    file = YamlFile.read(path)
    if not isinstance(file.data, list) or len(file.data) > MAX_PEOPLE:
        raise file.error((), f"must be a list of at most {MAX_PEOPLE} entries such as {{login: ada, roles: [agent]}}")
    people = [file.convert(entry, PersonEntry, (number,)) for number, entry in enumerate(file.data)]
    seen: set[str] = set()
    for number, person in enumerate(people):
        if not re.fullmatch(LOGIN_PATTERN, person.login):
            raise file.error((number, "login"), f"a login matches {LOGIN_PATTERN}")
        if person.login in seen:
            raise file.error((number, "login"), f"{person.login} is listed twice; give all their roles in one entry")
        if not person.roles:
            raise file.error((number, "roles"), "at least one role is needed")
        seen.add(person.login)
    return tuple(people)


def _budget_faults(settings: TenantSettings) -> list[tuple[FieldPath, str]]:
    found: list[tuple[FieldPath, str]] = []
    scopes: set[str] = set()
    owners: dict[str, str] = {}
    for number, budget in enumerate(settings.budgets):
        at: FieldPath = ("budgets", number)
        if not budget.scope or budget.scope in scopes:
            found.append(((*at, "scope"), "every budget needs a name of its own"))
        scopes.add(budget.scope)
        if not budget.capabilities:
            found.append(((*at, "capabilities"), "name the capabilities whose money this budget limits"))
        for place, name in enumerate(budget.capabilities):
            if name in owners:
                found.append(((*at, "capabilities", place), f"{name} is under budget {owners[name]} already"))
            owners.setdefault(name, budget.scope)
        if not budget.limits_minor:
            found.append(((*at, "limits_minor"), "state an amount for each currency, such as {EUR: 50000}"))
        for currency, amount in budget.limits_minor.items():
            if currency not in EXPONENTS:
                found.append(((*at, "limits_minor", currency), _no_currency(currency)))
            if not 0 <= amount <= MAX_LIMIT_MINOR:
                found.append(((*at, "limits_minor", currency), f"must lie between 0 and {MAX_LIMIT_MINOR} minor units"))
        if not 1 <= budget.window_h <= MAX_WINDOW_H:
            found.append(((*at, "window_h"), f"must lie between 1 and {MAX_WINDOW_H} hours"))
    return found


def _no_currency(code: str) -> str:
    return f"{code!r} is not an active ISO 4217 code; write one such as EUR"
