"""Rows of a table as sentences that stand alone: a figure is found with the name of its column."""

from collections.abc import Sequence


def lines_of(rows: Sequence[Sequence[str]], *, header: bool) -> list[str]:
    """With a header "Plan: Solo; Price: €9", else the cells with bars between them. Empty cells are left out."""
    if not header or len(rows) < 2:
        return [" | ".join(cell for cell in row if cell) for row in rows if any(row)]
    names = rows[0]
    lines = []
    for row in rows[1:]:
        named = [names[place] if place < len(names) else "" for place in range(len(row))]
        cells = [f"{name}: {cell}" if name else cell for name, cell in zip(named, row, strict=True) if cell]
        if cells:
            lines.append("; ".join(cells))
    return lines
