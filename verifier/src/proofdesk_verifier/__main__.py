"""`python -m proofdesk_verifier` is `proofdesk-verify`."""

import sys

from proofdesk_verifier.cli import main

if __name__ == "__main__":
    sys.exit(main())
