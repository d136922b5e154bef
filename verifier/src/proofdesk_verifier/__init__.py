"""Verifies an exported proofdesk ledger offline and recomputes invoices from it.

Shares no code with the product: standard library and PyNaCl only, so that an auditor has little to read and the
product's mistakes are not repeated here. Nothing in this package writes a file or opens a connection.
"""

__version__ = "0.1.0"
