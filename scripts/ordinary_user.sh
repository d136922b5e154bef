#!/bin/sh
# The ordinary-user smoke: as root, run one command against a database started by the user nobody. Proves that nothing
# needs root. Where the virtual environment cannot be reached by that user, say so and end well.
set -eu

cd "$(dirname "$0")/.."
python=$PWD/.venv/bin/python
user=nobody

if [ "$(id -u)" -ne 0 ]; then
    echo "ordinary user: not root, every test already runs as one"
    exit 0
fi
if ! command -v setpriv >/dev/null 2>&1; then
    echo "ordinary user: skipped, setpriv is missing (package util-linux)"
    exit 0
fi
as_user() { setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups env -i PATH=/usr/bin:/bin HOME="$home" PYTHONDONTWRITEBYTECODE=1 "$@"; }
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
chown "$user" "$home"
if ! (cd / && as_user "$python" -c 'import proofdesk.cli') 2>/dev/null; then
    echo "ordinary user: skipped, $user cannot reach this folder (a folder above is closed to it)"
    exit 0
fi
cd "$home"
as_user "$python" -m proofdesk.cli tenant list --home "$home/data" --json
as_user "$python" -m proofdesk.cli tenant list --home "$home/data" --json
[ "$(stat -c %U "$home/data/pgdata")" = "$user" ]
echo "ordinary user: $user initialised, started and stopped a database of its own"
