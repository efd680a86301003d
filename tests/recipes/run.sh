#!/bin/sh
# Runs every recipe of README.md against boxd and the sandbox.
#
# usage: run.sh DIRECTORY_OF_BINARIES [WORK_DIR]
# WORK_DIR keeps what has to be downloaded (default: recipes/ in the Cargo target directory, else a temporary one).
# Needs python3 with venv, node, npm, go, curl and jq, and `cargo build -p boxd-client --examples`.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
binaries=$(realpath -- "${1:?usage: run.sh DIRECTORY_OF_BINARIES [WORK_DIR]}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT INT TERM
work=${2:-${CARGO_TARGET_DIR:+$CARGO_TARGET_DIR/recipes}}
work=${work:-$scratch}
mkdir -p "$work/node" "$work/go"

if [ ! -x "$work/venv/bin/python" ]; then
    python3 -m venv "$work/venv"
fi
"$work/venv/bin/python" -c 'import box_sdk_gen' 2>/dev/null ||
    "$work/venv/bin/pip" -q install 'boxsdk>=10,<11'
if [ ! -d "$work/node/node_modules/box-node-sdk" ]; then
    npm --prefix "$work/node" install --silent --no-fund --no-audit --ignore-scripts box-node-sdk@10
fi
GOCACHE=$work/go GOFLAGS=-mod=mod go build -o "$work/go/recipe" "$here/main.go"

"$work/venv/bin/python" "$here/run.py" "$binaries" "$work"
