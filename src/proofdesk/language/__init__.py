"""Understanding text on a CPU: intents, requests, personal data. Pure over its inputs; no database, no network."""
