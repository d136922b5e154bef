"""Connectors of kind backoffice."""
