"""Connectors of kind channel."""
