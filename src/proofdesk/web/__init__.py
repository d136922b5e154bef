"""The HTTP face. No decisions."""
