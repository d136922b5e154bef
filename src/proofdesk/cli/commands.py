"""The tree of commands. The rooms behind a command are imported when it runs: --help must be instant."""

from typing import Annotated

import typer

from proofdesk import __version__
from proofdesk.cli import (
    baseline,
    files,
    knowledge,
    ledger,
    mails,
    people,
    proofs,
    redaction,
    restoring,
    rollout,
    running,
    simulate,
    status,
    tenants,
    tickets,
    topic,
    topics,
    triage,
)
from proofdesk.cli.output import say

app = typer.Typer(
    help="proofdesk: autonomous customer support that is paid only for resolutions it can prove.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        say(f"proofdesk {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False,
) -> None:
    """Exit codes: 0 done, 1 a check failed, 2 wrong use or input."""


app.command()(running.up)
app.command()(running.web)
app.command()(running.worker)
app.command()(status.status)
app.add_typer(tenants.app, name="tenant", help="Load and list tenants.")
app.add_typer(people.app, name="key", help="API keys of people.")
app.command()(people.approve)
tickets.app.command()(restoring.redacted)
tickets.app.command()(restoring.restore)
app.add_typer(tickets.app, name="ticket", help="Send, list, show, redact and restore tickets.")
app.command()(tickets.handoffs)
app.add_typer(mails.app, name="mail", help="Mails that became no ticket.")
app.command()(proofs.replay)
app.command()(proofs.check)
app.command()(proofs.erase)
app.add_typer(ledger.app, name="ledger", help="Export the ledger; show its signed checkpoints.")
app.add_typer(proofs.invoice_app, name="invoice", help="Invoices from the ledger.")
app.add_typer(files.procedure_app, name="procedure", help="Check, test and try procedure files.")
app.add_typer(files.policy_app, name="policy", help="Check policy files.")
app.add_typer(rollout.app, name="rollout", help="KPI contract, cohorts, gates, and the switch that stops all actions.")
app.command()(redaction.redact)
app.command()(baseline.audit)
app.command()(baseline.roi)
app.command()(simulate.simulate)
app.command()(topics.topics)
app.add_typer(topic.app, name="topic", help="Topics of a tenant's tickets: find, list, confirm, name, merge, split.")
app.add_typer(triage.app, name="triage", help="Train, use, evaluate and certify intent models.")
app.add_typer(knowledge.app, name="knowledge", help="Documents: take in, list, show, remove, search, answer from.")
