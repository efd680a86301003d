#!/bin/bash
# Runs as root in the booted container: inside.sh first|second
set -euo pipefail
PATH=/opt/bin:$PATH
uid=4321
runtime=/run/user/$uid

as_user() { runuser -u boxtest -- env XDG_RUNTIME_DIR=$runtime DBUS_SESSION_BUS_ADDRESS=unix:path=$runtime/bus "$@"; }
user() { as_user systemctl --user "$@"; }
boxctl() { as_user /opt/bin/boxctl "$@"; }
state() { user show boxd.service -P "$1"; }
pass() { echo "PASS systemd: $*"; }
fail() {
    echo "FAIL systemd: $*"
    as_user journalctl --user --no-pager -n 60 -o cat 2>/dev/null || true
    journalctl --no-pager -n 60 -o cat -u boxd.service -u boxd.socket || true
    exit 1
}
is() { [ "$2" = "$3" ] || fail "$1: expected $3, found $2"; }
# Waits until a command succeeds, 20 s at most.
until_() {
    local what=$1 tries=200
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || fail "$what"
        sleep 0.1
    done
}
sandbox_says() { curl -sf "$(cat /opt/sandbox.url)/_sandbox/$1"; }
start_sandbox() {
    systemd-run --quiet --unit=sandbox --property=StandardOutput=truncate:/opt/grant.json \
        /opt/bin/box-sandbox serve --listen 127.0.0.1:48443
    until_ "the sandbox says where it is" test -s /opt/grant.json
    python3 - <<'PYTHON'
import json
line = json.loads(open("/opt/grant.json").readline())
open("/opt/sandbox.url", "w").write(line["url"])
urls = "".join(f"{key} = {json.dumps(line[key])}\n" for key in ("authorize_url", "token_url", "revoke_url", "api_url"))
open("/opt/box.toml", "w").write("[box]\n" + urls)
PYTHON
}
# A token of the user's boxd is one that Box accepts.
works() {
    local token
    token=$("$@") || fail "$*: exit $?"
    [ -n "$token" ] || fail "$*: no token"
    printf 'header = "Authorization: Bearer %s"\n' "$token" |
        curl -sf -K - -o /dev/null "$(cat /opt/sandbox.url)/2.0/users/me" || fail "$*: Box does not accept the token"
}
hangs() { sandbox_says faults | grep -q '"hung":[1-9]'; }
test_state() { [ "$(state ActiveState)" = "$1" ]; }

first() {
    until_ "the user's manager" user is-system-running
    start_sandbox

    # Installed as `boxctl service install` does it.
    install -d -o boxtest -g boxtest -m 755 /home/boxtest/.config /home/boxtest/.config/systemd \
        /home/boxtest/.config/systemd/user
    install -d -o boxtest -g boxtest -m 700 /home/boxtest/.config/boxd
    install -o boxtest -m 600 /opt/box.toml /home/boxtest/.config/boxd/config.toml
    install -o boxtest -m 600 /opt/grant.json /home/boxtest/grant.json
    for unit in boxd.service boxd.socket; do
        sed 's#%h/.cargo/bin/boxd#/opt/bin/boxd#' "/opt/units/$unit" >"/home/boxtest/.config/systemd/user/$unit"
    done
    user daemon-reload
    user enable --quiet boxd.service boxd.socket
    user start boxd.socket
    is "before any client" "$(state ActiveState)" inactive
    is "the socket" "$(stat -c '%a %U' $runtime/boxd/boxd.sock)" "600 boxtest"
    is "its directory" "$(stat -c '%a %U' $runtime/boxd)" "700 boxtest"

    boxctl import /home/boxtest/grant.json >/dev/null || fail "the first client"
    is "after the first client" "$(state ActiveState)" active
    works boxctl token
    is "the line of systemctl status" "$(state StatusText)" "1 account, with a token at hand"
    pass "the first connection starts it, and it says that it is ready"

    # What the unit asks for is really applied.
    local pid
    pid=$(state MainPID)
    grep -q '^NoNewPrivs:.*1$' /proc/"$pid"/status || fail "NoNewPrivileges"
    grep -q '^Seccomp:.*2$' /proc/"$pid"/status || fail "SystemCallFilter"
    [ "$(readlink /proc/"$pid"/ns/mnt)" != "$(readlink /proc/1/ns/mnt)" ] || fail "no mount namespace"
    [ "$(readlink /proc/"$pid"/ns/user)" != "$(readlink /proc/1/ns/user)" ] || fail "no user namespace"
    nsenter -t "$pid" -U -m --preserve-credentials touch /etc/boxd-was-here 2>/dev/null && fail "/etc is writable"
    grep -q ' /usr ro\| / ro' /proc/"$pid"/mountinfo || grep -q ' ro,' /proc/"$pid"/mountinfo || fail "nothing is read-only"
    is "core dumps" "$(awk '/Max core file size/ { print $5 }' /proc/"$pid"/limits)" 0
    pass "the sandboxing is applied, not only written down"

    # Reload: the same process, a new configuration.
    printf 'default_account = "default"\n' | cat - /opt/box.toml >/home/boxtest/.config/boxd/config.toml
    user reload boxd.service || fail "reload"
    is "the process after a reload" "$(state MainPID)" "$pid"
    is "after a reload" "$(state ActiveState)" active
    echo 'nonsense = 1' | cat - /opt/box.toml >/home/boxtest/.config/boxd/config.toml
    user reload boxd.service || true
    works boxctl token
    is "the process after a bad config" "$(state MainPID)" "$pid"
    cp /opt/box.toml /home/boxtest/.config/boxd/config.toml
    user reload boxd.service || fail "reload of the old config"
    pass "a reload keeps the process, and a bad config the old one"

    # The watchdog: a daemon that stands still is ended and started again; the grant is whole.
    mkdir -p /home/boxtest/.config/systemd/user/boxd.service.d
    printf '[Service]\nWatchdogSec=3\nTimeoutAbortSec=2\n' >/home/boxtest/.config/systemd/user/boxd.service.d/fast.conf
    user daemon-reload
    user restart boxd.service
    pid=$(state MainPID)
    sleep 5
    is "under a watchdog" "$(state MainPID)" "$pid"
    kill -STOP "$pid"
    until_ "the watchdog ends what stands still" test ! -e "/proc/$pid"
    until_ "it is started again" test_state active
    works boxctl token --wait 20s
    [ "$(state NRestarts)" -ge 1 ] || fail "the watchdog restarted nothing"
    rm -r /home/boxtest/.config/systemd/user/boxd.service.d
    user daemon-reload
    pass "the watchdog ends a daemon that stands still, and clients are served again"

    # Killed: clients that come meanwhile wait at the socket.
    pid=$(state MainPID)
    kill -KILL "$pid"
    works boxctl token --wait 20s
    [ "$(state MainPID)" != "$pid" ] || fail "kill -9 ended nothing"
    pass "after kill -9 the next client is served"

    # Stop in the middle of a refresh: Box has spent the refresh token, and its answer comes during the stop.
    curl -sf -X POST -d '{"fault": "hang", "when": "after"}' "$(cat /opt/sandbox.url)/_sandbox/faults" >/dev/null ||
        fail "no fault could be set"
    boxctl refresh >/dev/null 2>&1 &
    until_ "the refresh hangs" hangs
    user stop boxd.service &
    local stopping=$!
    until_ "it stops" test_state deactivating
    curl -sf -X POST "$(cat /opt/sandbox.url)/_sandbox/release" >/dev/null || fail "the answer could not be released"
    wait "$stopping" || fail "stop"
    is "the result of a stop" "$(state Result)" success
    works boxctl token --wait 20s
    boxctl refresh >/dev/null || fail "the grant is lost after a stop in the middle of a refresh"
    works boxctl token
    is "grants alive at Box" "$(sandbox_says grants | grep -c '"alive":true')" 1
    pass "a stop in the middle of a refresh loses nothing"

    # The binary is replaced in place.
    cp /opt/bin/boxd /opt/bin/boxd.new
    mv /opt/bin/boxd.new /opt/bin/boxd
    user restart boxd.service
    works boxctl token
    is "the binary that runs" "$(readlink /proc/"$(state MainPID)"/exe)" /opt/bin/boxd
    pass "a new binary takes over"

    # 78 is for a person: it is not tried again.
    echo 'nonsense = 1' >/home/boxtest/.config/boxd/config.toml
    user stop boxd.service
    user start boxd.service 2>/dev/null && fail "it started with a bad config"
    sleep 3
    is "exit status" "$(state ExecMainStatus)" 78
    is "restarts after 78" "$(state NRestarts)" 0
    cp /opt/box.toml /home/boxtest/.config/boxd/config.toml
    user reset-failed boxd.service boxd.socket 2>/dev/null || true
    user restart boxd.socket
    works boxctl token --wait 20s
    pass "a config that needs a person is not tried again and again"

    system
}

# The machine's boxd, for clients of other users.
system() {
    install -m 644 /opt/units/system/boxd.service /opt/units/system/boxd.socket /etc/systemd/system/
    sed -i 's#^ExecStart=/usr/bin/boxd#ExecStart=/opt/bin/boxd#' /etc/systemd/system/boxd.service
    install -m 644 /opt/units/system/boxd.sysusers.conf /usr/lib/sysusers.d/boxd.conf
    systemd-sysusers boxd.conf
    install -d -m 755 /etc/boxd
    install -m 640 -g boxd /opt/box.toml /etc/boxd/config.toml
    systemctl daemon-reload
    systemctl enable --quiet boxd.service boxd.socket
    systemctl start boxd.socket
    is "the system's socket" "$(stat -c '%a %U %G' /run/boxd/boxd.sock)" "660 boxd boxd"
    /opt/bin/boxctl --socket /run/boxd/boxd.sock accounts >/dev/null || fail "root is no client of the system's boxd"
    is "the system's boxd" "$(systemctl show boxd.service -P ActiveState)" active
    is "its user" "$(ps -o user= -p "$(systemctl show boxd.service -P MainPID)")" boxd
    is "its state" "$(stat -c '%a %U' /var/lib/boxd)" "700 boxd"
    as_user /opt/bin/boxctl --socket /run/boxd/boxd.sock accounts >/dev/null 2>&1 &&
        fail "somebody outside the group reached the system's boxd"
    pass "the system's boxd runs as its own user, and strangers do not reach it"
    systemctl stop boxd.service
    is "the result of its stop" "$(systemctl show boxd.service -P Result)" success
}

second() {
    until_ "the user's manager" user is-system-running
    is "the socket after a reboot" "$(user is-active boxd.socket)" active
    until_ "boxd after a reboot" test "$(state ActiveState)" = active
    # Box is away: the token of before is valid, and memory can answer.
    [ -n "$(boxctl token)" ] || fail "no token after a reboot"
    is "the system's boxd after a reboot" "$(systemctl is-active boxd.socket)" active
    pass "after a reboot both are there again"

    user disable --quiet --now boxd.service boxd.socket
    [ ! -e $runtime/boxd/boxd.sock ] || fail "the socket outlived its unit"
    pass "nothing is left at the end"
}

"$1"
