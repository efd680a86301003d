#!/bin/sh
# Tests the HTTP API of a real boxd by its own OpenAPI document.
#
# usage: run.sh DIRECTORY_OF_BINARIES [WORK_DIR [SCHEMATHESIS OPTIONS]]
# WORK_DIR keeps what has to be downloaded (default: openapi/ in the Cargo target directory, else a temporary one).
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
binaries=$(realpath -- "${1:?usage: run.sh DIRECTORY_OF_BINARIES [WORK_DIR]}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT INT TERM
work=${2:-${CARGO_TARGET_DIR:+$CARGO_TARGET_DIR/openapi}}
work=${work:-$scratch}
shift $(($# < 2 ? $# : 2))
mkdir -p "$work"

if [ ! -x "$work/venv/bin/python" ]; then
    python3 -m venv "$work/venv"
fi
"$work/venv/bin/python" -c 'import schemathesis, prometheus_client' 2>/dev/null ||
    "$work/venv/bin/pip" -q install -r "$here/requirements.txt"
"$work/venv/bin/python" "$here/run.py" "$binaries" "$@"
