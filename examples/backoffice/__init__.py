"""Larkfield's back office: a separate HTTP service with its own consistent state. Nothing of proofdesk is used."""
