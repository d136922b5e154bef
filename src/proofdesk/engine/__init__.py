"""Delivery: feeds due tickets to workers, numbers the ledger, signs checkpoints. Holds no truth of its own.

Everything here may be killed, paused or truncated at any moment: the rows of the tickets decide what happens next.
"""
