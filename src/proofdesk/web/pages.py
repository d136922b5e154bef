"""Placeholder replaced below."""

HANDLERS = ()
