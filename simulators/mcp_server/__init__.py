"""A small real MCP server with notes as its state, for the connector's tests."""
