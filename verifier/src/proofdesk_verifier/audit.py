"""The audit of one export: which leaves are as they were signed, and which is the first that is not.

How the first bad leaf is found: every signed size is checked against the root of the recomputed leaves, so a bad one
lies between the last size that agrees and the first that does not. Within that stretch the witness's leaf hashes name
it exactly; failing these, the hashes stated in the export do, where they still give the signed root; failing both,
the first seq of the stretch is named and the reason says so.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from proofdesk_verifier.leaves import BadLeaf, Leaf, read_leaves
from proofdesk_verifier.notes import Head
from proofdesk_verifier.order import DecisionOrder
from proofdesk_verifier.tree import GrowingTree, HashList

MAX_PROBLEMS = 100


@dataclass(frozen=True)
class Problem:
    """`seq` None: not about one leaf. `exact` False: the first bad leaf is `seq` or a little after it."""

    seq: int | None
    reason: str
    exact: bool = True


@dataclass(frozen=True)
class Witnessed:
    """What a witness remembers: its checkpoints, and leaf hashes proven to be the ones these cover."""

    heads: tuple[Head, ...] = ()
    hashes: HashList = field(default_factory=HashList)


@dataclass(frozen=True)
class Audit:
    ok: bool
    size: int
    root: str
    """Base64, as in a checkpoint; over the leaves before the first line that could not be read."""
    first_bad_seq: int | None
    reason: str
    problems: tuple[Problem, ...]
    checkpoints: int
    erased: int


@dataclass
class _Scan:
    digests: HashList = field(default_factory=HashList)
    restated: dict[int, bytes | None] = field(default_factory=dict)
    """Leaves whose stated hash is not the recomputed one."""
    problems: list[Problem] = field(default_factory=list)
    stopped: bool = False
    erased: int = 0

    def add(self, problem: Problem) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)


def audit_export(
    leaves: Path,
    heads: Sequence[Head],
    kept: Sequence[Head] = (),
    witness: Witnessed | None = None,
    tenant: str = "",
    watch: Callable[[Leaf], None] | None = None,
) -> Audit:
    """Check `leaves` against the export's own `heads`, those `kept` from earlier and the witness's.

    `watch` is shown every leaf that could be read. Raises OSError.
    """
    witness = witness or Witnessed()
    every = sorted((*heads, *kept, *witness.heads), key=lambda head: head.size)
    scan = _scan(leaves, tenant, watch)
    count = len(scan.digests)
    _check_origins(every, scan)
    root = _check_heads(every, witness.hashes, scan)
    _check_restated(scan, every)
    _check_cover(every, count, scan)
    first = min((item for item in scan.problems if item.seq is not None), key=lambda item: item.seq or 0, default=None)
    chosen = first or (scan.problems[0] if scan.problems else None)
    return Audit(
        ok=not scan.problems,
        size=count,
        root=base64.b64encode(root).decode(),
        first_bad_seq=first.seq if first else None,
        reason=chosen.reason if chosen else "",
        problems=tuple(scan.problems),
        checkpoints=len(every),
        erased=scan.erased,
    )


def trusted_hashes(data: bytes, heads: Sequence[Head]) -> HashList:
    """The leaf hashes of a witness file as far as its signed heads prove them; a torn or altered tail is left out."""
    hashes, tree, proven = HashList(data), GrowingTree(), 0
    for head in sorted(heads, key=lambda item: item.size):
        if head.size > len(hashes):
            break
        while tree.size < head.size:
            tree.add(hashes[tree.size])
        if tree.root() == head.root:
            proven = head.size
    return HashList(data[: proven * 32])


def _scan(path: Path, tenant: str, watch: Callable[[Leaf], None] | None) -> _Scan:
    scan, order = _Scan(), DecisionOrder()
    try:
        for leaf in read_leaves(path):
            scan.digests.add(leaf.digest)
            scan.erased += leaf.erased
            if leaf.stated != leaf.digest:
                scan.restated[leaf.seq] = leaf.stated
            tenant = tenant or leaf.tenant
            faults = [leaf.fault, order.see(leaf)]
            if leaf.tenant != tenant:
                faults.append(f"it belongs to tenant {leaf.tenant!r:.60}, the export to {tenant!r:.60}")
            for fault in filter(None, faults):
                scan.add(Problem(leaf.seq, f"leaf {leaf.seq}: {fault}"))
            if watch:
                watch(leaf)
    except BadLeaf as error:
        scan.stopped = True
        scan.add(Problem(len(scan.digests), str(error)))
    return scan


def _check_origins(heads: Sequence[Head], scan: _Scan) -> None:
    for head in heads[1:]:
        if head.origin != heads[0].origin:
            reason = f"{head.source} is of the log {head.origin}, {heads[0].source} of {heads[0].origin}"
            scan.add(Problem(None, reason))


def _check_heads(heads: Sequence[Head], witnessed: HashList, scan: _Scan) -> bytes:
    """Compare every signed root with that of the recomputed leaves; give the root over all of them."""
    tree, good = GrowingTree(), 0
    failed = False
    for head in heads:
        if head.size > len(scan.digests):
            break
        while tree.size < head.size:
            tree.add(scan.digests[tree.size])
        if tree.root() == head.root:
            good = good if failed else head.size
        elif not failed:
            failed = True
            scan.add(_locate(head, good, witnessed, scan, heads))
    while tree.size < len(scan.digests):
        tree.add(scan.digests[tree.size])
    if not failed:
        differs = scan.digests.first_difference(witnessed, len(witnessed))
        if differs is not None:
            scan.add(Problem(differs, f"leaf {differs}: it is not the leaf whose hash the witness holds"))
    return tree.root()


def _locate(head: Head, good: int, witnessed: HashList, scan: _Scan, heads: Sequence[Head]) -> Problem:
    """The first bad leaf in [good, head.size)."""
    what = f"the leaves do not give the root that {head.source} signed at size {head.size}"
    if any(other.size == head.size and other.root != head.root for other in heads):
        what += " (the log signed two different roots for this size)"
    differs = scan.digests.first_difference(witnessed, head.size)
    if differs is not None:
        return Problem(differs, f"leaf {differs}: it is not the leaf whose hash the witness holds; {what}")
    stretch = [seq for seq in scan.restated if good <= seq < head.size]
    if stretch and _stated_root(scan, head.size) == head.root:
        return Problem(stretch[0], f"leaf {stretch[0]}: it was altered after its hash was signed; {what}")
    end = stretch[0] if stretch else head.size - 1
    known = min(len(witnessed), head.size)
    good = max(good, known)
    if good >= head.size:
        return Problem(None, f"{what}, though they agree with the witness: {head.source} is of another history")
    return Problem(
        good, f"{what}; the first bad leaf lies in seq {good}..{max(end, good)}, not known exactly", exact=False
    )


def _stated_root(scan: _Scan, size: int) -> bytes | None:
    tree = GrowingTree()
    for seq in range(size):
        stated = scan.restated.get(seq, scan.digests[seq])
        if stated is None:
            return None
        tree.add(stated)
    return tree.root()


def _check_restated(scan: _Scan, heads: Sequence[Head]) -> None:
    if scan.restated:
        seq = min(scan.restated)
        covered = any(head.size > seq for head in heads)
        where = "" if covered else ", and no signed checkpoint covers it"
        scan.add(Problem(seq, f"leaf {seq}: its stated leaf_hash is not the hash of its fields{where}"))


def _check_cover(heads: Sequence[Head], count: int, scan: _Scan) -> None:
    """Nothing signed is missing and nothing unsigned is there."""
    if not heads:
        scan.add(Problem(0 if count else None, "no signed checkpoint covers the leaves"))
        return
    last = heads[-1]
    if last.size > count and not scan.stopped:
        scan.add(
            Problem(count, f"the export ends after {count} leaves, but {last.source} signed {last.size}: truncated")
        )
    if last.size < count:
        scan.add(Problem(last.size, f"leaf {last.size} and those after it are covered by no signed checkpoint"))
