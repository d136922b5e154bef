"""Any service with an OpenAPI 3 document as a back office, declared in connector.yaml. No vendor's name in here."""

from proofdesk.connectors.backoffice.openapi.connector import OpenApiConnector

__all__ = ["OpenApiConnector"]
