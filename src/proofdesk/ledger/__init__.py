"""The proof: RFC 6962 tree, canonical leaves, signed checkpoints, export. Knows nothing of tickets."""
