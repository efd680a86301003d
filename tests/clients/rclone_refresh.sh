#!/bin/sh
# rclone against a sandbox: it tries HTTP Basic first, repeats with the credentials in the body, and rewrites its
# config. rclone can't be pointed at another API host, so a closed proxy keeps it from looking for Box's.
#
# usage: rclone_refresh.sh READY_LINE_FILE WORK_DIR
set -eu
ready=$1
work=$2/rclone
mkdir -p "$work"
member() { python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$ready" "$1"; }
fail() { echo "FAIL rclone: $1" >&2; exit 1; }

old=$(member refresh_token)
cat >"$work/rclone.conf" <<CONF
[mybox]
type = box
client_id = $(member client_id)
client_secret = $(member client_secret)
token_url = $(member token_url)
token = {"access_token":"long-gone","token_type":"bearer","refresh_token":"$old","expiry":"2020-01-01T00:00:00Z"}
CONF

# The listing itself has to fail: its host is a constant and the proxy is closed.
HTTPS_PROXY=http://127.0.0.1:9 NO_PROXY=127.0.0.1 \
    rclone --config "$work/rclone.conf" --retries 1 --low-level-retries 1 --contimeout 5s lsd mybox: \
    >"$work/out" 2>&1 && fail 'reached the API'

new=$(sed -n 's/^token = .*"refresh_token":"\([^"]*\)".*/\1/p' "$work/rclone.conf")
[ -n "$new" ] && [ "$new" != "$old" ] || { cat "$work/out" >&2; fail 'rclone.conf still has the old refresh token'; }
echo 'PASS rclone: the refreshed pair is in rclone.conf'

python3 - "$ready" <<'CHECK' || fail 'the journal does not show Basic refused, then the body accepted'
import json, sys, urllib.request
ready = json.load(open(sys.argv[1]))
with urllib.request.urlopen(ready["control_url"] + "/journal", timeout=10) as answer:
    entries = json.load(answer)["entries"]
outcomes = [e["outcome"] for e in entries if e["event"] == "handled" and e["grant"] == 1]
assert outcomes == ["invalid_client: The client credentials are invalid", "ok"], outcomes
CHECK
echo 'PASS rclone: HTTP Basic is refused without spending the refresh token, the body is accepted'
