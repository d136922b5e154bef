"""Reads messages in free prose into a plan: steps with goods, wanted changes, preferences, guards and alternatives.

Clauses are read one after the other into plan values with the spans and rules that explain them; what no rule
explains stays unread. What the values mean is decided by `proofdesk.language.reading.resolve`.
"""
