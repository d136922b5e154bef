"""`python -m proofdesk.cli`: the same as the command `proofdesk`."""

import sys

from proofdesk.cli import main

if __name__ == "__main__":
    sys.exit(main())
