"""What a support desk measures, as pure functions over facts: each rate with what was counted and what was not.

No file, clock or database here: the flows bring the facts, `as_of` and the calendar.
"""
