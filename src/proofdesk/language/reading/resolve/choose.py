"""Chooses the variant a change means: hard constraints, what stays, preferences in order, rank, least change."""

import re
from collections.abc import Callable, Mapping, Sequence

from proofdesk.core.records import Line, Product, Variant
from proofdesk.language.reading.plan.values import Change, Constraint
from proofdesk.language.reading.resolve.outcome import Failed, Unclear
from proofdesk.language.reading.tokens import phrase
from proofdesk.language.reading.variants import shown

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SCALE = {"tb": 1000.0, "k": 1.0}
_YES, _NO = ("yes", "true"), ("no", "none", "false")
Test = Callable[[Variant], bool]


class Chooser:
    """`ladders`: name -> values from least to most."""

    def __init__(self, ladders: Mapping[str, Sequence[str]]) -> None:
        self.ladders = [tuple(step.casefold() for step in ladder) for ladder in ladders.values()]

    def choose(self, product: Product, line: Line, change: Change, like: Line | None) -> Variant | Failed | Unclear:
        """The one other variant in stock; a failure where none fits; unclear where several do."""
        if change.foreign:
            return Failed(kind="change", why=f"a {line.name} cannot become something else")
        others = [v for v in product.variants if v.available and v.id != line.id]
        if change.variant_id:
            named = [v for v in others if v.id == change.variant_id]
            return named[0] if named else Failed(kind="change", why=f"{change.variant_id} cannot be had")
        if change.identical and not (change.hard or change.prefs or change.price or change.literal or change.like):
            return Failed(kind="change", why="an exchange needs another variant")
        tests, mentioned, trouble = self._tests(product, line, change, like)
        if trouble is not None:
            return trouble
        fitting = [v for v in others if all(test(v) for test in tests)]
        if change.keep == "rest":
            fitting = [v for v in fitting if not _drift(line, v, mentioned)]
        if change.cheaper:
            fitting = [v for v in fitting if v.price_minor < line.price_minor]
        if not fitting:
            return Failed(kind="change", why=f"no such {line.name} is available")
        return self._one(line, change, fitting, mentioned, product)

    def _one(
        self, line: Line, change: Change, fitting: list[Variant], mentioned: set[str], product: Product
    ) -> Variant | Failed | Unclear:
        for one in change.hard:
            if one.op in ("extreme", "nearest", "grade"):
                fitting = self._narrowed(product, line, one, fitting)
        for tiers in change.prefs:
            fitting = self._preferred(product, fitting, tiers)
            mentioned = mentioned | {sense.option for one in tiers for sense in one.senses}
        if change.price:
            best = min(v.price_minor * -change.price for v in fitting)
            fitting = [v for v in fitting if v.price_minor * -change.price == best]
            if not (change.hard or change.prefs) and (line.price_minor - fitting[0].price_minor) * change.price >= 0:
                return Failed(kind="change", why=f"your {line.name} already is the one with that price")
        if len(fitting) == 1:
            return fitting[0]
        if change.keep != "free" and not change.price:
            keeping = [v for v in fitting if not _drift(line, v, mentioned)]
            if len(keeping) == 1:
                return keeping[0]
        options = tuple(shown(v.options) for v in fitting[:6])
        return Unclear(kind="ambiguous", slot="changes", question=f"Which {line.name} do you want?", options=options)

    def _narrowed(self, product: Product, line: Line, one: Constraint, fitting: list[Variant]) -> list[Variant]:
        option = self._option(product, line, one)
        ranked = sorted({rank for v in fitting if (rank := self._rank(product, option, v.options[option])) is not None})
        if not ranked:
            return fitting
        aim = ranked[-1] if one.direction > 0 else ranked[0]
        if one.op == "nearest":
            aim = ranked[0] if one.direction > 0 else ranked[-1]
        if one.op == "grade":
            return fitting
        return [v for v in fitting if self._rank(product, option, v.options[option]) == aim]

    def _preferred(self, product: Product, fitting: list[Variant], tiers: Sequence[Constraint]) -> list[Variant]:
        for one in tiers:
            senses = [sense for sense in one.senses if sense.product_id == product.id]
            found = [v for v in fitting if any(v.options.get(s.option) == s.value for s in senses)]
            if found:
                return found
        return fitting

    def _tests(
        self, product: Product, line: Line, change: Change, like: Line | None
    ) -> tuple[list[Test], set[str], Failed | Unclear | None]:
        tests: list[Test] = []
        mentioned: set[str] = set()
        wanted: dict[str, set[str]] = {}
        if change.literal is not None:
            for name, value in change.literal.items():
                option = next((o for o in line.options if o.casefold() == name), "")
                values = {
                    v.options[option] for v in product.variants if option and phrase(v.options[option]) == phrase(value)
                }
                if not values:
                    return [], mentioned, Failed(kind="change", why=f"{line.name} does not come with {name} {value}")
                wanted.setdefault(option, set()).update(values)
        if like is not None:
            if like.product_id != product.id:
                return (
                    [],
                    mentioned,
                    Unclear(kind="ambiguous", slot="changes", question=f"Which {line.name} do you mean?"),
                )
            return [lambda v: v.id == like.id], set(line.options), None
        for one in change.hard:
            failure = self._test(product, line, one, tests, wanted, mentioned, change)
            if failure is not None:
                return [], mentioned, failure
        for option, values in wanted.items():
            tests.append(lambda v, option=option, values=frozenset(values): v.options.get(option) in values)  # type: ignore[misc]
        return tests, mentioned | set(wanted), None

    def _test(  # noqa: PLR0911, PLR0912 - one branch a kind of constraint
        self, product: Product, line: Line, one: Constraint, tests: list[Test], wanted: dict[str, set[str]],
        mentioned: set[str], change: Change,
    ) -> Failed | Unclear | None:  # fmt: skip
        senses = [sense for sense in one.senses if sense.product_id == product.id]
        options = list(dict.fromkeys(sense.option for sense in senses))
        unclear = Unclear(kind="ambiguous", slot="changes", question=f"Which {line.name} do you want instead?")
        match one.op:
            case "eq" | "keep_value" | "at_least" | "at_most" | "ne" if not senses:
                return unclear if one.op != "ne" else None
            case "eq" | "keep_value" if len(options) > 1:
                if one.op == "eq" and (free := [o for o in options if o not in wanted]) and len(free) == 1:
                    options, senses = free, [s for s in senses if s.option == free[0]]
                else:
                    return unclear
                wanted[options[0]] = {sense.value for sense in senses}
            case "eq" | "keep_value":
                values = {sense.value for sense in senses}
                if options[0] in wanted and not wanted[options[0]] & values:
                    return Unclear(kind="conflict", slot="changes", question=f"Which {options[0]} should it be?")
                wanted[options[0]] = values
            case "ne":
                mentioned.update(options)
                tests.append(lambda v, senses=tuple(senses): all(v.options.get(s.option) != s.value for s in senses))  # type: ignore[misc]
            case "at_least" | "at_most":
                floor = self._rank(product, options[0], senses[0].value)
                if len(options) > 1 or floor is None:
                    return unclear
                sign = 1 if one.op == "at_least" else -1
                mentioned.add(options[0])
                tests.append(self._compare(product, options[0], lambda r, f=floor, s=sign: (r - f) * s >= 0))  # type: ignore[misc]
            case "same":
                for option in one.options:
                    if option in line.options:
                        wanted[option] = {line.options[option]}
                if not set(one.options) & set(line.options):
                    return unclear
            case "other":
                named = [option for option in one.options if option in line.options]
                if len(named) != 1:
                    return unclear
                mentioned.add(named[0])
                tests.append(lambda v, o=named[0]: v.options.get(o) != line.options[o])  # type: ignore[misc]
            case "any":
                mentioned.update(set(one.options) & set(line.options))
            case "flag":
                return self._flag(product, line, one, wanted, change)
            case "grade" | "nearest" | "rung" | "delta" | "extreme":
                return self._graded(product, line, one, tests, mentioned)
            case _:
                return unclear
        return None

    def _flag(
        self, product: Product, line: Line, one: Constraint, wanted: dict[str, set[str]], change: Change
    ) -> Failed | Unclear | None:
        """A yes/no option said or denied; of other options "no" means the value for none."""
        for option in one.options:
            values = {v.options[option] for v in product.variants if option in v.options}
            plain = _YES if one.direction > 0 else _NO
            fitting = {value for value in values if value.casefold() in plain}
            if fitting:
                wanted[option] = fitting
                return None
        said = {sense.option for other in change.hard for sense in other.senses} | {
            o for other in change.hard if other is not one and other.op != "flag" for o in other.options
        }
        if one.direction > 0 and (set(one.options) & said or not set(one.options) & set(line.options)):
            return None
        return Unclear(
            kind="ambiguous", slot="changes", question=f"What {one.options[0]} should your {line.name} have?"
        )

    def _graded(
        self, product: Product, line: Line, one: Constraint, tests: list[Test], mentioned: set[str]
    ) -> Failed | Unclear | None:
        option = self._option(product, line, one)
        here = self._rank(product, option, line.options.get(option, "")) if option else None
        if here is None:
            return Unclear(kind="ambiguous", slot="changes", question=f"What exactly should your {line.name} become?")
        mentioned.add(option)
        if one.op == "extreme":
            return None
        if one.op == "delta":
            aim = here + one.direction * one.number
            tests.append(self._compare(product, option, lambda r: abs(r - aim) < 1e-9))
        elif one.op == "rung":
            ranks = sorted(
                {r for v in product.variants if (r := self._rank(product, option, v.options[option])) is not None}
            )
            ladder = self._ladder({v.options[option] for v in product.variants})
            aim = (
                here + one.direction * one.number
                if ladder
                else _neighbour(ranks, here, round(one.direction * one.number))
            )
            tests.append(self._compare(product, option, lambda r: abs(r - aim) < 1e-9))
        else:
            tests.append(self._compare(product, option, lambda r: (r - here) * one.direction > 0))
        return None

    def _option(self, product: Product, line: Line, one: Constraint) -> str:
        """The one option of the product that is graded, or ""."""
        own = [o for o in line.options if o in one.options]
        if not own:
            own = [o for o in line.options if any(o.split()[-1:] == name.split()[-1:] for name in one.options)]
        own = [o for o in own if self._rank(product, o, line.options[o]) is not None]
        return own[0] if len(own) == 1 else ""

    def _compare(self, product: Product, option: str, fits: Callable[[float], bool]) -> Test:
        def test(variant: Variant) -> bool:
            rank = self._rank(product, option, variant.options.get(option, ""))
            return rank is not None and fits(rank)

        return test

    def _ladder(self, values: set[str]) -> tuple[str, ...] | None:
        low = {value.casefold() for value in values}
        fitting = [ladder for ladder in self.ladders if low <= set(ladder)]
        return fitting[0] if fitting else None

    def _rank(self, product: Product, option: str, value: str) -> float | None:
        """How much of `option` the value is: its place on a ladder, else its number."""
        values = {v.options[option] for v in product.variants if option in v.options}
        ladder = self._ladder(values)
        if ladder is not None and value.casefold() in ladder:
            return float(ladder.index(value.casefold()))
        found = _NUMBER.search(value)
        if found is None:
            return None
        return float(found.group()) * (_SCALE["tb"] if "tb" in value.casefold() else 1.0)


def _neighbour(ranks: Sequence[float], here: float, steps: int) -> float:
    place = ranks.index(here) + steps
    return ranks[place] if 0 <= place < len(ranks) else here - 1e6


def _drift(line: Line, variant: Variant, mentioned: set[str]) -> bool:
    names = {*line.options, *variant.options}
    return any(o not in mentioned and line.options.get(o) != variant.options.get(o) for o in names)
