#!/bin/bash
# The user's units.
# shellcheck disable=SC2154

first() {
    await "the user's manager" user is-system-running
    install_user
    activation
    sandboxing
    reload
    watchdog
    stop_in_a_refresh
    upgrade
    needs_a_person
    drop_ins
    system
}

install_user() {
    mine mkdir -p "$home/.config/systemd/user" "$home/.cargo/bin"
    mine mkdir -p -m 700 "$home/.config/boxd"
    install -o "$name" -m 755 "$test/boxd" "$test/boxctl" "$home/.cargo/bin/"
    install -o "$name" -m 644 "$test"/units/boxd.{service,socket} "$home/.config/systemd/user/"
    install -o "$name" -m 600 "$test/grant.json" "$home/grant.json"
    install -m 755 "$test/secret.py" /usr/local/bin/secret
    chmod a+r "$test/grant.json"
    python3 - >"$test/box.toml" <<'PYTHON'
import json
line = json.load(open("/opt/test/grant.json"))
print("[box]")
for key in ("authorize_url", "token_url", "revoke_url", "api_url"):
    print(key, "=", json.dumps(line[key]))
print('[accounts.work]\nauth = "oauth2"\nclient_id =', json.dumps(line["client_id"]))
print('client_secret = { command = ["/usr/local/bin/secret"] }')
PYTHON
    configure
    user daemon-reload
    user enable --quiet boxd.socket boxd.service
}

# The usual config, after the lines given.
configure() { { printf '%s\n' "$@"; cat "$test/box.toml"; } | install -o "$name" -m 600 /dev/stdin "$config"; }

activation() {
    user start boxd.socket
    is "before any client" "$(property ActiveState)" inactive
    is "the socket" "$(stat -c '%a %U' "$runtime/boxd/boxd.sock")" "600 $name"
    is "its directory" "$(stat -c '%a %U' "$runtime/boxd")" "700 $name"
    exits 4 boxctl token work >/dev/null
    is "after the first client" "$(property ActiveState)" active
    is "the state directory" "$(stat -c '%a %U' "$home/.local/state/boxd")" "700 $name"
    boxctl import -a work "$home/grant.json" >/dev/null || fail "import"
    works boxctl token
    await "the line of systemctl status" says '1 account healthy; next renewal ..:.. UTC'
    [ -e "$runtime/boxd/boxd.sock.lock" ] || fail "no lock beside the socket"
    pass "the first connection starts it, and it says how it is"
}

# What the unit asks for holds, and what boxd needs works within it.
sandboxing() {
    touch /tmp/outside
    boxctl refresh >/dev/null || fail "a renewal with the secret of a command"
    python3 "$test/check_notes.py" "$home/.local/state/boxd" "$uid" || fail "the sandbox"
    local status
    status=$(cat "/proc/$(pid)/status")
    has "seccomp" "$status" '^Seccomp:.2$'
    has "new privileges" "$status" '^NoNewPrivs:.1$'
    has "capabilities" "$status" '^CapBnd:.0000000000000000$'
    is "core files" "$(awk '/Max core file size/ { print $5 }' "/proc/$(pid)/limits")" 0
    [ "$(readlink "/proc/$(pid)/ns/user")" != "$(readlink /proc/1/ns/user)" ] || fail "no user namespace"
    # From in there root is nobody: a stranger. To this user itself all is as ever.
    has "root as a client" "$(exits 6 "$test/boxctl" --socket "$runtime/boxd/boxd.sock" accounts)" 65534
    pass "the sandbox is applied, and commands of secrets work in it"
}

reload() {
    local before
    before=$(pid)
    configure 'default_account = "work"'
    user reload boxd.service || fail "reload"
    configure 'nonsense = 1'
    user reload boxd.service 2>/dev/null && fail "a bad config was taken"
    is "after a bad config" "$(property ActiveState)" active
    works boxctl token
    configure
    user kill -s HUP boxd.service
    await "a reload by signal" logged 'the configuration was read anew' 1
    await "the state after a reload" is_state active
    is "the process after reloads" "$(pid)" "$before"
    pass "a reload keeps the process, waits, and tells of a bad config, which changes nothing"
}

# drop LINES...: replaces the drop-in.
drop() {
    mkdir -p "$dropin"
    printf '%s\n' '[Service]' "$@" >"$dropin/test.conf"
    user daemon-reload
}
drop_nothing() { rm -r "$dropin"; user daemon-reload; }

watchdog() {
    local before restarts
    drop WatchdogSec=1500ms TimeoutAbortSec=500ms RestartSec=200ms
    user restart boxd.service
    before=$(pid)
    sleep 4
    is "while all is well" "$(pid)" "$before"
    restarts=$(property NRestarts)
    kill -STOP "$before"
    # Somebody waits meanwhile.
    works boxctl token --wait 30s
    [ "$(pid)" != "$before" ] || fail "who stood still went on"
    [ "$(property NRestarts)" -gt "$restarts" ] || fail "not a restart"
    logged 'Watchdog timeout' 30 || fail "no word of the watchdog"
    whole "watchdog"
    # Killed outright.
    before=$(pid)
    kill -KILL "$before"
    works boxctl token --wait 30s
    [ "$(pid)" != "$before" ] || fail "kill -9 ended nothing"
    drop_nothing
    user restart boxd.service
    pass "a daemon that stands still is ended and comes back, with the grant"
}

stop_in_a_refresh() {
    # Box has spent the refresh token; its answer comes while boxd stops.
    hang after
    boxctl refresh >/dev/null 2>&1 &
    await "a refresh that hangs" hangs
    user stop boxd.service &
    local stopping=$!
    await "the stop" is_state deactivating
    release
    wait "$stopping" || fail "stop"
    is "the stop" "$(property Result)" success
    whole "stop in a refresh"
    # And one that never comes.
    hang after
    boxctl refresh >/dev/null 2>&1 &
    await "another refresh that hangs" hangs
    user kill -s KILL boxd.service
    await "the end" is_state activating
    release
    works boxctl token --wait 30s
    whole "kill in a refresh"
    is "grants that Box knows to be alive" "$(control grants | grep -o '"alive":true' | wc -l)" 1
    pass "neither a stop nor a kill in the middle of a refresh loses the grant"
}

upgrade() {
    local before client clients=()
    before=$(pid)
    mine cp "$home/.cargo/bin/boxd" "$home/.cargo/bin/boxd.new"
    mine mv "$home/.cargo/bin/boxd.new" "$home/.cargo/bin/boxd"
    has "the old program" "$(readlink "/proc/$before/exe")" '(deleted)'
    user restart boxd.service &
    for _ in 1 2 3 4 5 6 7 8; do
        mine curl -sSf -o /dev/null --unix-socket "$runtime/boxd/boxd.sock" http://boxd/v1/token &
        clients+=($!)
        sleep 0.05
    done
    for client in "${clients[@]}"; do wait "$client" || fail "a client was dropped in a restart"; done
    wait
    is "the new program" "$(readlink "/proc/$(pid)/exe")" "$home/.cargo/bin/boxd"
    whole "upgrade"
    pass "a new program takes over, and clients wait for it"
}

needs_a_person() {
    user stop boxd.service
    configure 'nonsense = 1'
    # The client that would start it is told why it does not, and is the only one that starts it.
    has "the client" "$(exits 4 boxctl token)" nonsense
    await "the end" is_state failed
    is "exit status" "$(property ExecMainStatus)" 78
    is "restarts after 78" "$(property NRestarts)" 0
    is "the socket" "$(user is-active boxd.socket)" active
    configure
    works boxctl token --wait 10s

    # Somebody runs a boxd by hand.
    user stop boxd.service
    mine "$home/.cargo/bin/boxd" --socket "$home/by-hand.sock" 2>/dev/null &
    local by_hand=$!
    await "a boxd by hand" boxctl --socket "$home/by-hand.sock" accounts
    user start boxd.service 2>/dev/null && fail "two of them have one store"
    sleep 2.5
    is "exit status" "$(property ExecMainStatus)" 73
    is "restarts after 73" "$(property NRestarts)" 0
    kill "$(pgrep -P "$by_hand")" 2>/dev/null || kill "$by_hand"
    wait "$by_hand" || true
    works boxctl token --wait 10s
    pass "what needs a person is not tried again, and clients are told"
}

# What the unit's comments tell people to write.
drop_ins() {
    # Another place for the state.
    drop 'Environment=XDG_STATE_HOME=%h/elsewhere'
    user stop boxd.service
    mine mkdir -p -m 700 "$home/elsewhere/boxd"
    has "the client" "$(exits 4 boxctl token)" 'ReadWritePaths='
    await "the end" is_state failed
    drop 'Environment=XDG_STATE_HOME=%h/elsewhere' 'ReadWritePaths=%h/elsewhere'
    exits 0 boxctl accounts >/dev/null
    [ -e "$home/elsewhere/boxd/lock" ] || fail "the state is not elsewhere"

    # A key.
    head -c 32 /dev/urandom | install -o "$name" -m 600 /dev/stdin "$home/.config/boxd/store-key"
    drop 'LoadCredential=store-key:%h/.config/boxd/store-key'
    user restart boxd.service
    mine cmp "$home/.config/boxd/store-key" "$runtime/credentials/boxd.service/store-key" || fail "no key"

    # No user namespaces.
    drop PrivateUsers=no PrivateDevices=no 'CapabilityBoundingSet=~' ProtectKernelModules=no ProtectClock=no
    user restart boxd.service || fail "it needs a user namespace"
    whole "without a user namespace"
    drop_nothing
    user restart boxd.service
    pass "the drop-ins that are told to people work"
}

second() {
    await "the user's manager" user is-system-running
    await "boxd after a reboot" is_state active
    is "the socket after a reboot" "$(user is-active boxd.socket)" active
    is "clients before this one" "$(property NRestarts)" 0
    works boxctl token
    whole "reboot"
    pass "after a reboot it is there again, and the grant with it"
    system_second

    user disable --quiet --now boxd.socket boxd.service
    [ ! -e "$runtime/boxd/boxd.sock" ] || fail "the socket outlived its unit"
    exits 3 boxctl token >/dev/null
    pass "disabled, it is gone"
    service
}
