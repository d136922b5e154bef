"""A stateful back office of a small shop, for tests and the benchmark: state, the seven writes, and an HTTP face.

`world.py` and `writes.py` hold the rules and no input or output; `api.py` serves them. Not part of the product.
"""
