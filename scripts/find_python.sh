#!/bin/sh
# Print a Python 3.11 to 3.13 that can make virtual environments: $PYTHON when it is set, else the newest found.
set -eu

good='import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
    if command -v "$candidate" >/dev/null 2>&1 && "$candidate" -c "$good" >/dev/null 2>&1; then
        command -v "$candidate"
        exit 0
    fi
done
{
    echo "setup: no usable Python found (tried: ${PYTHON:-python3.13 python3.12 python3.11 python3})."
    echo "proofdesk needs Python 3.11, 3.12 or 3.13 with the modules venv and ensurepip."
    echo "Debian, Ubuntu: apt install python3 python3-venv.  Fedora: dnf install python3.12.  macOS: brew install python@3.13."
    echo "Another one can be named: make setup PYTHON=/path/to/python3.12"
} >&2
exit 2
