"""Decides what a plan means for one requester: goods, variants, payment, addresses from records; guards by trial.

Everything happens on values: a copy of the records' state, never a back office. What cannot be decided is a doubt.
"""
