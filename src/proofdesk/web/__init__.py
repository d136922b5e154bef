"""The HTTP side: the API (see /api/v1/openapi.json), health, and a plain result page. Thin: flows do the work."""

from proofdesk.web.app import create_app

__all__ = ["create_app"]
