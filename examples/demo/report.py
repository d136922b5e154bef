"""What the demonstration found, as a value and as one self-contained page."""

import html
from pathlib import Path
from typing import Any

import msgspec

from examples.demo.play import Played
from examples.tickets.ticket import Ticket

MAX_TEXT_CHARS = 220


class Result(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    took_s: float
    tickets: list[Ticket]
    played: Played
    score: dict[str, Any]
    doubled: list[Any]
    summary: dict[str, Any]
    closed: dict[str, int]
    """Tickets by status after the verification windows."""
    invoices: list[dict[str, Any]]
    invoices_verified: list[dict[str, Any]]
    verified: dict[str, Any]
    """What proofdesk-verify said about the export, with the key pinned at the start."""
    replays: list[dict[str, Any]]
    books: dict[str, Any]
    vkey: str

    @property
    def checks(self) -> dict[str, bool]:
        """What must hold for exit code 0."""
        return {
            "no wrong write in the back office": self.score["wrong_writes"] == 0,
            "no effect done twice": not self.doubled,
            "every ticket ended or waits for its requester": self.score["unfinished"] == 0,
            "the ledger export verifies offline": bool(self.verified["ok"]),
            "the invoices recompute offline to zero variance": bool(self.invoices_verified)
            and all(each["ok"] and each["variance_minor"] == 0 for each in self.invoices_verified),
            "replayed decisions agree": all(each["agrees"] for each in self.replays),
            "the books agree with each other": bool(self.books["ok"]),
        }

    @property
    def proven(self) -> bool:
        return all(self.checks.values())

    @property
    def figures(self) -> dict[str, str]:
        """The summary's lines, in order."""
        score, times = self.score, sorted(self.played.answer_ms)
        outcomes = ("resolved", "informed", "refused", "asked", "escalated")
        reasons = ", ".join(f"{reason} {n}" for reason, n in score["escalated_by_reason"].items())
        total = sum(invoice["total_minor"] for invoice in self.invoices)
        currency = self.invoices[0]["currency"] if self.invoices else ""
        months = ", ".join(invoice["month"] for invoice in self.invoices)
        correct, every = score["correct_outcomes"], score["tickets"]
        return {
            "tickets": f"{every}: " + ", ".join(f"{score[name]} {name}" for name in outcomes),
            "escalated, by reason": reasons or "none",
            "approved by a second person": str(self.played.approvals),
            "as expected (gold)": f"{correct} of {every} ({100 * correct / max(1, every):.1f} %)",
            "writes in the back office": f"{score['writes']}, of them wrong: {score['wrong_writes']}",
            "expected writes left to a person": str(score["missed"]),
            "verified resolutions": f"{self.summary['verified']} (charged {self.summary['charged']}, "
            f"credited {self.summary['credited']})",
            "invoice": f"{total / 100:.2f} {currency} ({months or 'nothing to bill'})",
            "time to answer": f"p50 {percentile(times, 50):.0f} ms, p99 {percentile(times, 99):.0f} ms "
            f"({len(times)} answers, from a message's arrival to the record of our answer)",
            "ledger": f"{self.verified['size']} leaves, root {self.verified['root']}",
            "whole demonstration": f"{self.took_s:.0f} s",
        }


def percentile(ordered: list[float], percent: int) -> float:
    """Nearest rank; 0 for no values."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else 0.0


def write_report(result: Result, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(result), encoding="utf-8")


def page(result: Result) -> str:
    checks = "".join(
        f'<li class="{"ok" if good else "bad"}">{"✓ proven" if good else "✗ NOT so"}: {html.escape(name)}</li>'
        for name, good in result.checks.items()
    )
    figures = "".join(
        f"<tr><th scope=row>{html.escape(name)}<td>{html.escape(text)}" for name, text in result.figures.items()
    )
    rows = "".join(_row(result, ticket) for ticket in result.tickets)
    verified = html.escape(msgspec.json.format(msgspec.json.encode(result.verified)).decode())
    wrong = "".join(f"<li>{html.escape(text)}" for text in result.score["wrong"])
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>proofdesk: what the demonstration found</title><style>{STYLE}</style>
<main><h1>What the demonstration found</h1>
<p>Larkfield is an invented company. Its tickets came over the REST API, the effects are judged by its back office's own
log of writes and end state. Product time ran faster than the wall clock while the verification windows passed.</p>
<ul class=checks>{checks}</ul><table class=figures><tbody>{figures}</table>
{f"<h2>Wrong writes</h2><ul>{wrong}</ul>" if wrong else ""}
<h2>Ledger, verified offline by proofdesk-verify</h2><p>Pinned key <code>{html.escape(result.vkey)}</code></p>
<pre>{verified}</pre>
<h2>Every ticket</h2><div class=wide><table><thead>
<tr><th>Ticket<th>What they wrote<th>Expected<th>Happened<th>As expected
<tbody>{rows}</table></div></main></html>
"""


def _row(result: Result, ticket: Ticket) -> str:
    found = result.played.happened.get(ticket.id)
    gold = ticket.gold
    accepted = (gold.outcome, *gold.also)
    same = found is not None and (found.outcome in accepted or (gold.approval and found.waits_for_approval))
    happened = "still under way" if found is None else f"{found.outcome} {found.reason}".strip()
    text = ticket.text if len(ticket.text) <= MAX_TEXT_CHARS else ticket.text[:MAX_TEXT_CHARS] + " …"
    cells = (
        f"{ticket.id} {result.played.ids.get(ticket.id, '')}",
        text,
        f"{' or '.join(accepted)} {gold.reason}".strip(),
        happened,
    )
    mark = '<td class="ok">✓ yes' if same else '<td class="bad">✗ no'
    return "<tr>" + "".join(f"<td>{html.escape(cell)}" for cell in cells) + mark


STYLE = """
:root{color-scheme:light dark;--bg:#f7f8fa;--surface:#fff;--text:#14171c;--muted:#59616e;--ok:#1a6b3c;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--bg:#0e1116;--surface:#161a21;--text:#e8eaee;--muted:#a2abb9;--ok:#7fd6a0;
--bad:#ff9d94}}
body{margin:0;background:var(--bg);color:var(--text);font:14px/20px Inter,system-ui,sans-serif;
font-variant-numeric:tabular-nums}
main{max-width:1200px;margin:0 auto;padding:24px 16px}h1{font-size:24px;line-height:32px}h2{margin-top:32px}
table{border-collapse:collapse;background:var(--surface);width:100%}th,td{text-align:left;vertical-align:top;
padding:8px 12px;border-bottom:1px solid color-mix(in srgb,var(--muted) 25%,transparent)}
.figures th{width:16em;color:var(--muted);font-weight:500}.wide{overflow-x:auto}
td{overflow-wrap:anywhere}.wide td:first-child{min-width:9em}pre,code{overflow-wrap:anywhere;white-space:pre-wrap}
pre{background:var(--surface);padding:12px;border-radius:8px}.checks{list-style:none;padding:0}
.ok{color:var(--ok)}.bad{color:var(--bad);font-weight:600}
"""
