#!/bin/bash
# `boxctl service`, as a person uses it.
# shellcheck disable=SC2154

units=$home/.config/systemd/user

# What a service could leave on this machine.
traces() {
    find "$home/.config/systemd" "$runtime/boxd" "$runtime/systemd" -name '*boxd*' 2>/dev/null | sort
    pgrep -u "$name" -x boxd || true
}
service() {
    rm -rf "$units"/boxd.* "$runtime/boxd"
    user daemon-reload
    prints
    in_a_read_only_home
    without_a_manager
    installs
    keeps_what_was_edited
    replaces_what_is_old
    controls
    without_variables
    uninstalls
}

prints() {
    local before shown
    before=$(traces)
    shown=$(exits 0 boxctl service install --print)
    has "the unit" "$shown" "ExecStart=$home/.cargo/bin/boxd"
    has "the socket" "$shown" 'ListenStream=%t/boxd/boxd.sock'
    is "after --print" "$(traces)" "$before"
    exits 1 boxctl service start | grep -q 'boxctl service install' || fail "start names no remedy"
    pass "install --print changes nothing"
}

in_a_read_only_home() {
    mount --bind "$home" "$home"
    mount -o remount,bind,ro "$home"
    has "a read-only home" "$(exits 1 boxctl service install)" 'next: '
    umount "$home"
    is "after a failed installation" "$(traces)" ""
    is "what the manager knows" "$(user show boxd.service -P LoadState)" not-found
    pass "where a home is read-only, nothing is done by halves, and it is said"
}

# Somebody who came by su, and for whom no manager runs.
without_a_manager() {
    install -D -o member -m 755 -t /home/member/bin "$test/boxd" "$test/boxctl"
    has "nobody's manager" "$(exits 1 as member /home/member/bin/boxctl service install)" 'enable-linger'
    [ ! -e /home/member/.config/systemd ] || fail "something was installed for nobody's manager"
    pass "without a manager nothing is installed, and the way out is told"
}

installs() {
    local before
    has "install" "$(exits 0 boxctl service install)" 'boxd is installed as a user service of systemd and running'
    is "the unit" "$(stat -c '%a %U' "$units/boxd.service")" "644 $name"
    works boxctl token
    before=$(pid)
    has "install again" "$(exits 0 boxctl service install)" 'already installed'
    is "the process" "$(pid)" "$before"
    has "that it lingers" "$(exits 0 boxctl service install --json)" '"lingers":true'
    pass "install installs, once"
}

keeps_what_was_edited() {
    local shown
    sed -i 's/^RestartSec=.*/RestartSec=7/' "$units/boxd.service"
    shown=$(exits 0 boxctl service install)
    has "an edited unit" "$shown" 'kept: .*boxd.service'
    has "its difference" "$shown" '^-RestartSec=7'
    has "what boxctl would write" "$shown" '^+RestartSec=2'
    is "the edit" "$(grep -c '^RestartSec=7' "$units/boxd.service")" 1
    exits 0 boxctl service install --force >/dev/null
    is "after --force" "$(grep -c '^RestartSec=2' "$units/boxd.service")" 1
    is "the old one" "$(grep -c '^RestartSec=7' "$units/boxd.service.orig")" 1
    rm "$units/boxd.service.orig"
    works boxctl token
    pass "a unit that was edited is kept until it is forced, and never lost"
}

replaces_what_is_old() {
    local before older
    before=$(pid)
    older=$(python3 "$test/stamp.py" <"$units/boxd.service")
    printf '%s\n' "$older" >"$units/boxd.service"
    user daemon-reload
    has "an older unit" "$(exits 0 boxctl service install)" "wrote $units/boxd.service"
    is "the newer one" "$(grep -c '^RestartSec=2' "$units/boxd.service")" 1
    [ ! -e "$units/boxd.service.orig" ] || fail "what boxctl wrote was kept as if a person had"
    [ "$(pid)" != "$before" ] || fail "a new unit, and the old process"
    works boxctl token
    pass "an older version's unit is replaced, and started anew"
}

controls() {
    local before
    before=$(pid)
    has "restart" "$(exits 0 boxctl service restart)" running
    [ "$(pid)" != "$before" ] || fail "a restart, and the same process"
    has "stop" "$(exits 0 boxctl service stop)" stopped
    is "the socket after a stop" "$(user is-active boxd.socket || true)" inactive
    has "status while stopped" "$(exits 3 boxctl service status)" stopped
    has "a client while stopped" "$(exits 3 boxctl token)" 'boxctl service start'
    has "start" "$(exits 0 boxctl service start)" running
    has "status" "$(exits 0 boxctl service status)" running
    has "logs" "$(exits 0 boxctl service logs)" 'boxd is ready'
    works boxctl token
    pass "stop, start, restart, status and logs"
}

# As cron, su and a bare ssh command call it.
without_variables() {
    has "status" "$(exits 0 as "$name" -i HOME="$home" PATH=/usr/bin:/bin "$home/.cargo/bin/boxctl" service status)" running
    works as "$name" -i HOME="$home" PATH=/usr/bin:/bin "$home/.cargo/bin/boxctl" token
    pass "without a session's variables it finds manager and socket"
}

uninstalls() {
    local watching shown
    boxctl watch >"$test/watched" 2>&1 &
    watching=$!
    await "somebody who watches" grep -q work "$test/watched"
    shown=$(exits 0 boxctl service uninstall)
    has "what stays" "$shown" "logins stay in $home/.local/state/boxd"
    is "what is left" "$(traces)" ""
    is "what the manager knows" "$(user show boxd.service -P LoadState)" not-found
    is "failed units" "$(user --failed --no-legend list-units '*boxd*')" ""
    [ ! -d "$runtime/boxd" ] || fail "the runtime directory is left"
    [ -e "$home/.local/state/boxd/accounts/work.grant" ] || fail "the login went along"
    kill "$watching" 2>/dev/null || true
    wait "$watching" 2>/dev/null || true
    has "uninstall again" "$(exits 0 boxctl service uninstall)" 'not installed'
    # The login is there for the next one.
    exits 0 boxctl service install >/dev/null
    works boxctl token
    exits 0 boxctl service uninstall >/dev/null
    is "what is left of the second one" "$(traces)" ""
    pass "uninstall leaves no file, link, lock or process, and no login is lost"
}
