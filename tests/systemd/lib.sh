#!/bin/bash
# What the parts of driver.sh share. Its variables are set there.
# shellcheck disable=SC2154

pass() { echo "PASS systemd: $*"; }
fail() {
    {
        journalctl --no-pager -n 200 -o short-monotonic | grep -v ' systemd\[1\]: \|pam_unix' | tail -60 || true
        echo "FAIL systemd: $*"
    } >&2
    exit 1
}
# is WHAT FOUND EXPECTED
is() { [ "$2" = "$3" ] || fail "$1: expected '$3', found '$2'"; }
has() { grep -q -- "$3" <<<"$2" || fail "$1: no '$3' in: $2"; }
# Waits until a command succeeds, 20 s at most.
await() {
    local what=$1 tries=400
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || fail "$what"
        sleep 0.05
    done
}
# exits CODE COMMAND...: prints both outputs of the command.
exits() {
    local wanted=$1 found=0 output
    shift
    output=$("$@" 2>&1) || found=$?
    [ "$found" = "$wanted" ] || fail "$*: expected exit $wanted, found $found: $output"
    echo "$output"
}

as() { local who=$1; shift; runuser -u "$who" -- env -C / "$@"; }
mine() { as "$name" XDG_RUNTIME_DIR="$runtime" DBUS_SESSION_BUS_ADDRESS="unix:path=$runtime/bus" "$@"; }
user() { mine systemctl --user "$@"; }
boxctl() { mine "$home/.cargo/bin/boxctl" "$@"; }
property() { user show boxd.service -P "$1"; }
pid() { property MainPID; }
logged() { journalctl -o cat "--since=-${2}s" | grep -q -- "$1"; }
says() { property StatusText | grep -q -x -- "$1"; }
is_state() { [ "$(property ActiveState)" = "$1" ]; }
to_system() { local who=$1; shift; as "$who" /usr/bin/boxctl --socket /run/boxd/boxd.sock "$@"; }

control() { curl -sf "$sandbox/_sandbox/$1" "${@:2}"; }
hang() { control faults -o /dev/null -d "{\"fault\": \"hang\", \"when\": \"$1\"}"; }
hangs() { control faults | grep -q '"hung":[1-9]'; }
release() { control release -o /dev/null -X POST; }
# Box accepts the token that a command prints.
works() {
    local token
    token=$("$@") || fail "$*: exit $?"
    printf 'header = "Authorization: Bearer %s"\n' "$token" |
        curl -sf -K - -o /dev/null "$sandbox/2.0/users/me" || fail "$*: Box does not accept the token"
}
# The grant is not lost: a renewal works, and Box knows one living grant.
whole() {
    boxctl refresh >/dev/null || fail "the grant is lost: $1"
    works boxctl token
}
