"""Loads procedures from YAML, checks every expression, compiles CEL. The core interprets what this room loads."""
