"""proofdesk: autonomous customer support that is paid only for resolutions it can prove."""

__version__ = "0.1.0"
