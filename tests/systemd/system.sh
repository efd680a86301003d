#!/bin/bash
# The system's units.
# shellcheck disable=SC2154

of_system() { systemctl show boxd.service -P "$1"; }

system() {
    install -m 755 "$test/boxd" "$test/boxctl" /usr/bin/
    install -m 644 "$test"/units/system/boxd.{service,socket} /etc/systemd/system/
    install -m 644 "$test/units/system/boxd.sysusers.conf" /usr/lib/sysusers.d/boxd.conf
    systemd-sysusers boxd.conf
    usermod -aG boxd member
    systemctl daemon-reload
    systemctl enable --quiet boxd.socket boxd.service
    systemctl start boxd.socket
    is "before any client" "$(of_system ActiveState)" inactive
    is "the system's socket" "$(stat -c '%a %U %G' /run/boxd/boxd.sock)" "660 boxd boxd"
    is "its directory" "$(stat -c '%a %U %G' /run/boxd)" "750 boxd boxd"
    # Started by somebody of the group, who has no rights by that alone.
    has "a member of the group" "$(exits 6 to_system member accounts)" "uid 4322"
    is "the system's boxd" "$(of_system ActiveState)" active
    is "its user" "$(stat -c %U "/proc/$(of_system MainPID)")" boxd
    is "its state" "$(stat -c '%a %U' /var/lib/boxd)" "700 boxd"
    # A container may be without CAP_SYS_RESOURCE (24); then nobody can lower it.
    if ((0x$(awk '/^CapBnd/ { print $2 }' /proc/1/status) >> 24 & 1)); then
        is "its oom score" "$(cat "/proc/$(of_system MainPID)/oom_score_adj")" -500
    fi
    [ -e /run/boxd/boxd.sock.lock ] || fail "no lock beside the system's socket"
    exits 3 to_system "$name" accounts >/dev/null
    exits 0 to_system boxd accounts >/dev/null
    exits 0 to_system root accounts >/dev/null

    # An account of its own, which needs nobody, with a secret by a command.
    python3 - "$test/box.toml" >"$test/system.toml" <<'PYTHON'
import json, sys
line = json.load(open("/opt/test/grant.json"))
text = open(sys.argv[1]).read().replace("[accounts.work]", "[accounts.bot]").replace('"oauth2"', '"ccg"')
print(text + "subject = { enterprise =", json.dumps(line["enterprise_id"]), "}")
PYTHON
    install -m 640 -g boxd "$test/system.toml" /etc/boxd/config.toml
    systemctl reload boxd.service || fail "reload of the system's boxd"
    works to_system root token bot
    python3 "$test/check_notes.py" /var/lib/boxd "$(id -u boxd)" || fail "the system's sandbox"
    pass "the system's boxd runs as its own user, and tells its peers apart"

    # The key of the store as an encrypted credential, where there is one.
    [ ! -e /run/credentials/boxd.service/store-key ] || fail "a key out of nowhere"
    install -d -m 700 /etc/credstore.encrypted
    head -c 32 /dev/urandom >"$test/key"
    systemd-creds encrypt --with-key=host --name=store-key "$test/key" /etc/credstore.encrypted/boxd.key
    systemctl restart boxd.service
    cmp -s "$test/key" /run/credentials/boxd.service/store-key || fail "the key does not reach boxd"
    exits 0 to_system root accounts >/dev/null
    systemctl stop boxd.service
    is "its stop" "$(of_system Result)" success
    [ -d /run/boxd ] || fail "the runtime directory went with the service"
    pass "a key from an encrypted credential reaches the system's boxd, and none is needed"
}

system_second() {
    await "the system's boxd after a reboot" systemctl -q is-active boxd.service
    is "its socket" "$(stat -c '%a %U %G' /run/boxd/boxd.sock)" "660 boxd boxd"
    works to_system root token bot
    exits 3 to_system "$name" accounts >/dev/null
}
