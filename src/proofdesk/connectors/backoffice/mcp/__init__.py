"""Any MCP server as a back office: listed tools only, each pinned by hash, every write with a read-back.

What a server says about its tools (annotations, descriptions) is never believed, only compared.
"""

from proofdesk.connectors.backoffice.mcp.connector import McpConnector

__all__ = ["McpConnector"]
