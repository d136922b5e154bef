"""The functional core: every judgement as a pure function over frozen values.

No input or output, no clock, no randomness, no logging may enter: the shell (`flows`) passes facts in
and carries decisions out. Import-linter holds this room to it.
"""
