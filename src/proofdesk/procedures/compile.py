"""Compile the steps of a document into forward-only instructions, checking every path a run may take."""

import msgspec

from proofdesk.core.procedure import (
    MAX_NESTING,
    MAX_STEPS,
    ActStep,
    Amount,
    AskStep,
    BranchStep,
    Call,
    CloseStep,
    ConfirmStep,
    Ending,
    EndStep,
    Instruction,
    JumpStep,
    Kind,
    LookupStep,
    ReplyStep,
    RequireStep,
    SetStep,
    Text,
)
from proofdesk.procedures.document import VERBS, ActDoc, CompensateDoc, ReadBackDoc, StepDoc
from proofdesk.procedures.parts import Parts
from proofdesk.procedures.scope import RECORD, UNUSABLE_NAMES, Scope, merge
from proofdesk.procedures.yaml_source import Path

_COMPANIONS = {
    "else": ("require",),
    "on_refused": ("lookup",),
    "say": ("ask", "refuse", "escalate"),
    "declined": ("confirm",),
}
_DECLINED = Text(parts=("All right. I have changed nothing.",))


class Compiler:
    def __init__(self, parts: Parts, kind: Kind) -> None:
        self.parts = parts
        self.kind = kind
        self.instructions: list[Instruction] = []
        self._ids: dict[str, Path] = {}
        self._count = 0

    def compile(self, docs: list[StepDoc], scope: Scope) -> tuple[Instruction, ...]:
        """All instructions. Faults are in the parts' source; with faults the result must not be run."""
        end = self._block(docs, ("steps",), scope, "", 0)
        if end is not None:
            path: Path = ("steps", len(docs) - 1)
            self._fault(path, "the procedure can end here without an end", "end with close, refuse or escalate")
        return self._with_confirmed_needs()

    def _block(self, docs: list[StepDoc], path: Path, scope: Scope | None, prefix: str, depth: int) -> Scope | None:
        """Compile a list of steps; the scope after it, or None when no way leads out of it."""
        if depth > MAX_NESTING:
            self._fault(path, f"branches are nested deeper than {MAX_NESTING}", "split the procedure")
            return None
        for index, doc in enumerate(docs):
            here = (*path, index)
            self._count += 1
            if self._count > MAX_STEPS:
                if self._count == MAX_STEPS + 1:
                    self._fault(here, f"more than {MAX_STEPS} steps", "split the procedure")
                return None
            if scope is None:
                self._fault(here, "this step is never reached", "the step before it always ends the procedure")
                return None
            scope = self._step(doc, here, scope, f"{prefix}{index + 1}", depth)
        return scope

    def _step(self, doc: StepDoc, path: Path, scope: Scope, number: str, depth: int) -> Scope | None:
        verbs = [verb for verb in VERBS if getattr(doc, verb) is not None]
        if len(verbs) != 1:
            found = f"found {' and '.join(verbs)}" if verbs else "found none"
            self._fault(path, f"a step does exactly one thing, {found}", f"one of: {', '.join(VERBS)}")
            return scope
        verb = verbs[0]
        for name, owners in _COMPANIONS.items():
            if getattr(doc, "else_" if name == "else" else name) is not None and verb not in owners:
                self._fault((*path, name), f"{name} belongs to {' or '.join(owners)}, not to {verb}", on_key=True)
        step = self._id(doc, path, number)
        match verb:
            case "lookup":
                return self._lookup(doc, step, path, scope)
            case "require":
                return self._require(doc, step, path, scope)
            case "branch":
                return self._branch(doc, step, path, scope, depth)
            case "set":
                return self._set(doc, step, path, scope)
            case "act":
                assert doc.act is not None
                return self._act(doc.act, step, path, scope)
            case "confirm" | "reply" | "ask":
                return self._say(doc, verb, step, path, scope)
            case _:
                self._end(doc, verb, step, path, scope)
                return None

    def _lookup(self, doc: StepDoc, step: str, path: Path, scope: Scope) -> Scope:
        assert doc.lookup is not None
        call, shape = self.parts.call(doc.lookup, (*path, "lookup"), scope, reads=True)
        needs = self.parts.take_needs()
        refused = self.parts.ending(doc.on_refused, (*path, "on_refused"), scope) if doc.on_refused else None
        self.parts.take_needs()
        name = doc.lookup.as_
        self.instructions.append(LookupStep(step=step, call=call, save_as=name, on_refused=refused, needs=needs))
        self._new_name(name, (*path, "lookup", "as"), scope)
        return scope.define(name, shape, RECORD)

    def _require(self, doc: StepDoc, step: str, path: Path, scope: Scope) -> Scope:
        assert doc.require is not None
        self.parts.expression(doc.require, (*path, "require"), scope, want="bool")
        if doc.else_ is None:
            self._fault(path, "require needs an else", 'e.g. else: {refuse: not_yours, say: "…"}')
            self.parts.take_needs()
            return scope
        ending = self.parts.ending(doc.else_, (*path, "else"), scope)
        needs = self.parts.take_needs()
        self.instructions.append(RequireStep(step=step, when=doc.require, otherwise=ending, needs=needs))
        return scope

    def _branch(self, doc: StepDoc, step: str, path: Path, scope: Scope, depth: int) -> Scope | None:
        assert doc.branch is not None
        branch, here = doc.branch, (*path, "branch")
        self.parts.expression(branch.when, (*here, "when"), scope, want="bool")
        needs = self.parts.take_needs()
        at = len(self.instructions)
        self.instructions.append(BranchStep(step=step, when=branch.when, otherwise=0, needs=needs))
        yes = self._block(branch.then, (*here, "then"), scope, f"{step}.then.", depth + 1)
        jump_at = len(self.instructions)
        if branch.else_ and yes is not None:
            self.instructions.append(JumpStep(step=step, to=0))
        self.instructions[at] = BranchStep(step=step, when=branch.when, otherwise=len(self.instructions), needs=needs)
        no = self._block(branch.else_, (*here, "else"), scope, f"{step}.else.", depth + 1) if branch.else_ else scope
        if branch.else_ and yes is not None:
            self.instructions[jump_at] = JumpStep(step=step, to=len(self.instructions))
        return merge(yes, no) if yes is not None and no is not None else yes if yes is not None else no

    def _set(self, doc: StepDoc, step: str, path: Path, scope: Scope) -> Scope:
        values = {}
        for name, value in (doc.set or {}).items():
            here = (*path, "set", name)
            part = self.parts.argument(value, here, scope)
            self._new_name(name, here, scope)
            values[name] = part.argument
            scope = scope.define(name, part.shape, part.origin)
        if not values:
            self._fault((*path, "set"), "set names nothing", 'e.g. set: {total: "=order.total_minor"}')
        self.instructions.append(SetStep(step=step, values=values, needs=self.parts.take_needs()))
        return scope

    def _act(self, doc: ActDoc, step: str, path: Path, scope: Scope) -> Scope:
        here = (*path, "act")
        if not self.parts.auth:
            self._fault(here, "an act without authentication", "add `authenticate:` with at least one way")
        call, answer = self.parts.call(doc, here, scope, reads=False)
        amount = self._amount(doc, here, scope)
        writes = self._writes(doc.capability)
        if doc.read_back is None and (writes or amount is not None):
            why = "moves money" if amount is not None else "writes"
            hint = "add read_back with a capability that reads what changed, and expect"
            self._fault(here, f"{doc.capability} {why} and is never read back", hint)
        if writes and self.kind == "information":
            self._fault(here, "a procedure of kind information must not write", "use kind: action")
        known = scope.define(step, answer, RECORD)
        after = known.define("answer", answer, RECORD)
        read_back, expect = None, ""
        if doc.read_back is not None:
            read_back, expect = self._read_back(doc.read_back, (*here, "read_back"), after), doc.read_back.expect
        # What undoes the act may not look at `answer`: by then it is that of a later act.
        undo_scope = msgspec.structs.replace(known, shapes={k: v for k, v in known.shapes.items() if k != "answer"})
        undo, undo_read_back = None, None
        if doc.compensate is not None:
            undo, undo_read_back = self._compensation(doc.compensate, (*here, "compensate"), undo_scope)
        self.instructions.append(
            ActStep(
                step=step,
                call=call,
                amount=amount,
                read_back=read_back,
                expect=expect,
                compensate=undo,
                undo_read_back=undo_read_back,
                undo_expect=doc.compensate.read_back.expect if doc.compensate and doc.compensate.read_back else "",
                needs=self.parts.take_needs(),
            )
        )
        self._new_name(step, (*path, "id"), scope)
        proven = read_back is not None
        return msgspec.structs.replace(after, may_have_acted=True, must_have_acted=scope.must_have_acted or proven)

    def _read_back(self, doc: ReadBackDoc, here: Path, scope: Scope) -> Call:
        call, read = self.parts.call(doc, here, scope, reads=True)
        where = (*here, "expect")
        if "read" not in doc.expect:
            self._fault(where, "expect does not look at what was read", "e.g. read.status == 'cancelled'")
        self.parts.expression(doc.expect, where, scope.define("read", read, RECORD), want="bool")
        return call

    def _compensation(self, doc: CompensateDoc, here: Path, scope: Scope) -> tuple[Call, Call | None]:
        """The call that undoes, and the read-back of its own where it declares one (`answer` is then its answer)."""
        undo, answer = self.parts.call(doc, here, scope, reads=False)
        if doc.read_back is None:
            return undo, None
        return undo, self._read_back(doc.read_back, (*here, "read_back"), scope.define("answer", answer, RECORD))

    def _amount(self, doc: ActDoc, here: Path, scope: Scope) -> Amount | None:
        if doc.amount is None:
            return None
        minor = self.parts.argument(doc.amount.minor, (*here, "amount", "minor"), scope)
        currency = self.parts.argument(doc.amount.currency, (*here, "amount", "currency"), scope)
        for name, part, want in (("minor", minor, "int"), ("currency", currency, "string")):
            if part.type not in (want, "dyn"):
                self._fault(
                    (*here, "amount", name), f"expected {want}, found {part.type}", "money is whole minor units"
                )
        return Amount(minor=minor.argument, currency=currency.argument)

    def _say(self, doc: StepDoc, verb: str, step: str, path: Path, scope: Scope) -> Scope:
        text = getattr(doc, verb)
        if verb == "ask":
            say = self.parts.text(doc.say, (*path, "say"), scope) if doc.say else Text()
            ending = self.parts.checked_ending(Ending(kind="ask", target=text, say=say), path, scope)
            self.instructions.append(AskStep(step=step, ending=ending, needs=self.parts.take_needs()))
            return scope
        words = self.parts.text(text, (*path, verb), scope)
        if verb == "reply":
            self.instructions.append(ReplyStep(step=step, text=words, needs=self.parts.take_needs()))
            return scope
        declined = self.parts.text(doc.declined, (*path, "declined"), scope) if doc.declined else _DECLINED
        needs = self.parts.take_needs()
        self.instructions.append(ConfirmStep(step=step, summary=words, declined=declined, needs=needs))
        return scope

    def _end(self, doc: StepDoc, verb: str, step: str, path: Path, scope: Scope) -> None:
        if doc.close is not None:
            self._check_close(doc.close, path, scope)
            self.instructions.append(CloseStep(step=step, outcome=doc.close))
            return
        if verb == "refuse" and doc.say is None:
            self._fault(path, "a refusal must say why", "add `say:` with the words for the requester")
        say = self.parts.text(doc.say, (*path, "say"), scope) if doc.say else Text()
        kind = "refuse" if verb == "refuse" else "escalate"
        ending = Ending(kind=kind, target=getattr(doc, verb), say=say)  # type: ignore[arg-type]
        self.parts.checked_ending(ending, path, scope)
        self.instructions.append(EndStep(step=step, ending=ending, needs=self.parts.take_needs()))

    def _check_close(self, outcome: str, path: Path, scope: Scope) -> None:
        if outcome == "resolved" and not scope.must_have_acted:
            self._fault((*path, "close"), "closed as resolved, but not every way here acts", "use close: informed")
        if outcome == "informed" and scope.may_have_acted:
            self._fault((*path, "close"), "closed as informed after an act", "use close: resolved")

    def _with_confirmed_needs(self) -> tuple[Instruction, ...]:
        """Let every confirm ask beforehand for the slots of the acts it covers."""
        slots = self.parts.slots
        done: list[Instruction] = []
        for index, instruction in enumerate(self.instructions):
            if isinstance(instruction, ConfirmStep):
                covered = self._needs_after(index + 1) | set(instruction.needs)
                needs = tuple(name for name in slots if name in covered)
                done.append(msgspec.structs.replace(instruction, needs=needs))
            else:
                done.append(instruction)
        return tuple(done)

    def _needs_after(self, first: int) -> set[str]:
        needs: set[str] = set()
        todo, seen = [first], set()
        while todo:
            at = todo.pop()
            if at in seen or at >= len(self.instructions):
                continue
            seen.add(at)
            match self.instructions[at]:
                case ConfirmStep() | EndStep() | CloseStep():
                    continue
                case JumpStep() as jump:
                    todo.append(jump.to)
                    continue
                case BranchStep() as branch:
                    todo.append(branch.otherwise)
                case ActStep() as act:
                    needs.update(act.needs)
                case _:
                    pass
            todo.append(at + 1)
        return needs

    def _id(self, doc: StepDoc, path: Path, number: str) -> str:
        if doc.id is None and doc.act is not None:
            self._fault(path, "an act needs an id", "add `id:`; later steps use it to name the act's answer")
        step = doc.id or (doc.lookup.as_ if doc.lookup else number)
        if step in self._ids:
            self._fault((*path, "id"), f"the id {step} is used twice", "give every step its own id")
        self._ids[step] = path
        return step

    def _new_name(self, name: str, path: Path, scope: Scope) -> None:
        if name in UNUSABLE_NAMES:
            self._fault(path, f"{name} has a fixed meaning in expressions", "choose another name", on_key=True)
        elif name in scope.shapes:
            self._fault(path, f"{name} is already defined", "every name is given once", on_key=True)

    def _writes(self, name: str) -> bool:
        known = (self.parts.capabilities or {}).get(name)
        return known is None or known.writes

    def _fault(self, path: Path, message: str, hint: str = "", *, on_key: bool = False) -> None:
        self.parts.source.fault(path, message, hint, on_key=on_key)
