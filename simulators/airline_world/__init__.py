"""A stateful back office of a small airline, for tests and the benchmark: state, the six writes, and an HTTP face.

`world.py`, `writes.py`, `search.py`, `views.py` and `quotes.py` hold the rules and no input or output; `api.py` serves
them. The writes enforce what a booking system enforces, never the airline's policy. Not part of the product.
"""
