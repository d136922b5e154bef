"""What a company has written down: reading documents into sections, finding sections, answering from them.

Beside language and connectors; never touches store or ledger. Flows keep what this room reads.
"""
