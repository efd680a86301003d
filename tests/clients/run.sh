#!/bin/sh
# Runs clients that others wrote against a fresh sandbox. They know Box; if they are content, so may we be.
#
# usage: run.sh BOX_SANDBOX_BINARY [WORK_DIR]
# WORK_DIR keeps what has to be downloaded (default: clients/ in the Cargo target directory, else a temporary one).
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
sandbox=$(realpath -- "${1:?usage: run.sh BOX_SANDBOX_BINARY [WORK_DIR]}")
scratch=$(mktemp -d)
work=${2:-${CARGO_TARGET_DIR:+$CARGO_TARGET_DIR/clients}}
work=${work:-$scratch}
mkdir -p "$work"
pid=
trap 'if [ -n "$pid" ]; then kill "$pid" 2>/dev/null || true; fi; rm -rf "$scratch"' EXIT INT TERM

if [ ! -x "$work/venv/bin/python" ]; then
    python3 -m venv "$work/venv"
fi
"$work/venv/bin/python" -c 'import box_sdk_gen, jwt, cryptography' 2>/dev/null ||
    "$work/venv/bin/pip" -q install 'boxsdk[jwt]>=10'

if [ ! -d "$work/node/node_modules/box-node-sdk" ]; then
    mkdir -p "$work/node"
    npm --prefix "$work/node" install --silent --no-fund --no-audit --ignore-scripts box-node-sdk@3
fi

if ! command -v rclone >/dev/null; then
    if [ "$(id -u)" -ne 0 ]; then
        echo 'rclone is missing: install it (apt-get install rclone) or run this as root' >&2
        exit 1
    fi
    apt-get install -y -qq rclone >/dev/null
fi

# Each client has a sandbox of its own: they move its clock and read its journal.
with_sandbox() {
    : >"$scratch/ready.json"
    "$sandbox" serve >"$scratch/ready.json" &
    pid=$!
    tries=0
    until grep -q '}' "$scratch/ready.json"; do
        kill -0 "$pid" 2>/dev/null || { echo 'FAIL the sandbox did not start' >&2; exit 1; }
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || { echo 'FAIL the sandbox does not answer' >&2; exit 1; }
        sleep 0.1
    done
    "$@"
    kill "$pid"
    wait "$pid" 2>/dev/null || true
    pid=
}

# Downloads above may need the proxy of this network; the sandbox must not be looked for behind it.
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1

with_sandbox "$work/venv/bin/python" "$here/boxsdk_refresh.py" "$scratch/ready.json"
with_sandbox "$work/venv/bin/python" "$here/boxsdk_grants.py" "$scratch/ready.json"
cd "$work/node"
with_sandbox node "$here/node_refresh.mjs" "$scratch/ready.json"
with_sandbox node "$here/node_grants.mjs" "$scratch/ready.json"
cd "$here"
with_sandbox sh "$here/rclone_refresh.sh" "$scratch/ready.json" "$scratch"
echo 'PASS all foreign clients'
