"""The baseline of a support desk from its ticket export, before anything is connected.

Reads files, recognises columns, computes in an in-process analytical database. No network and none of our own tables;
what the figures mean is in core, how they are printed is in documents.
"""
