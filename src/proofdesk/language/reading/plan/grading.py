"""Reads comparisons: "bigger", "less bright", "slightly lower resolution", "one size smaller", "1000 more pieces"."""

from proofdesk.language.reading.plan.cursor import Cursor
from proofdesk.language.reading.plan.values import Change, Constraint


class Grading:
    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor

    def _grade(self, change: Change) -> None:
        """ "bigger", "less bright", "slightly lower resolution", "larger frame size", "one size smaller",
        "fewest pieces".
        """
        cursor = self.cursor
        start = cursor.peek().start
        slight = cursor.peek().has("slightly")
        if slight:
            cursor.take()
        atom = cursor.peek()
        if not atom.has("more", "less", "most", "least", "graded"):
            cursor.puzzle()
            return
        taken = cursor.take()
        factor, most = 1, taken.has("most", "least")
        options: tuple[str, ...] = ()
        if taken.has("graded"):
            degree, options, direction = taken.get("graded")[0]
            for _, others, _ in taken.get("graded")[1:]:
                options = (*options, *others)
            most = degree == "most"
            factor = direction
        elif taken.has("less", "least"):
            factor = -1
        if cursor.peek().has("unknown") and cursor.peek(1).has("option"):
            # "A more elegant pattern": which one is a matter of taste, but another one than now.
            cursor.take()
            named = cursor.take()
            change.hard.append(Constraint(op="other", options=named.get("option"), start=start, end=named.end))
            return
        if not taken.has("graded") and cursor.peek().has("graded"):
            _, options, direction = cursor.take().get("graded")[0]
            factor *= direction
        named = cursor.peek()
        if named.has("option"):
            options = cursor.take().get("option")
        while cursor.peek().has("option", "placeholder", "possible") and not cursor.peek().has("value"):
            cursor.take()
        op = "extreme" if most else "nearest" if slight else "grade"
        change.hard.append(
            Constraint(op=op, options=options, direction=factor, start=start, end=cursor.before().end)  # type: ignore[arg-type]
        )

    def _is_amount(self) -> bool:
        """A number with more, less or an option's rung behind it."""
        return (
            self.cursor.ahead("more", "less", "graded", through=("amount", "number", "option", "placeholder", "to"))
            >= 0
        )

    def _amount(self, change: Change) -> None:
        """ "1000 more pieces", "500 pieces less", "one size smaller"."""
        cursor = self.cursor
        start = cursor.peek().start
        first = cursor.peek()
        number = first.get("amount") if first.has("amount") else float(first.get("number"))
        options: tuple[str, ...] = ()
        direction, graded = 0, False
        while cursor.peek().has("amount", "number", "more", "less", "graded", "option") and not (
            cursor.peek().has("value") and not cursor.peek().has("amount", "number", "option")
        ):
            atom = cursor.take()
            if atom.has("option"):
                options = atom.get("option")
            if atom.has("more", "less"):
                direction = 1 if atom.has("more") else -1
            elif atom.has("graded"):
                _, graded_options, direction = atom.get("graded")[0]
                options, graded = options or graded_options, True
        op = "rung" if graded or not first.has("amount") else "delta"
        change.hard.append(
            Constraint(op=op, options=options, number=number, direction=direction, start=start, end=cursor.before().end)  # type: ignore[arg-type]
        )
