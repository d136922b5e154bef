"""The demonstration's summary on the terminal."""

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from examples.demo.report import Result


def show(console: Console, result: Result) -> None:
    """Figures, what was proven and what was not, and the verifier's own words."""
    figures = Table(title="\nWhat happened", title_justify="left", show_header=False, show_edge=False, pad_edge=False)
    figures.add_column(style="bold")
    figures.add_column(overflow="fold")
    for name, text in result.figures.items():
        figures.add_row(escape(name), escape(text))
    console.print(figures)
    console.print("\nproofdesk-verify on the ledger export, with the key pinned at the start:")
    console.print(msgspec.json.encode(result.verified).decode(), markup=False, soft_wrap=True)
    for each in result.invoices_verified:
        console.print(msgspec.json.encode(each).decode(), markup=False, soft_wrap=True)
    console.print()
    for name, good in result.checks.items():
        mark, style = ("proven", "green") if good else ("NOT SO", "bold red")
        console.print(f"  {mark}  {name}", style=style, markup=False)
    for text in result.score["wrong"]:
        console.print(f"    wrong: {text}", markup=False, soft_wrap=True)
    for tenant, faults in result.books.get("tenants", {}).items():
        for fault in faults:
            console.print(f"    books of {tenant}: {fault}", markup=False, soft_wrap=True)
    console.print()
