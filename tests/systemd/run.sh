#!/bin/bash
# The units in a real systemd: run.sh BINARIES (the folder with boxd, boxctl and box-sandbox).
#
# systemd runs as process 1 of a container whose files are a throw-away overlay of this machine's. It is booted twice on the
# same overlay; driver.sh runs inside. Needs root and Debian's systemd-container, dbus-user-session and libpam-systemd.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
units=$(cd "$here/../../systemd" && pwd)
binaries=$(cd "$1" && pwd)
[ "$(id -u)" = 0 ] || { echo "FAIL systemd: run this as root" >&2; exit 1; }
# One at a time: the container's control groups have fixed names.
exec 9>/run/boxd-sdtest.lock
flock 9
scratch=$(mktemp -d)
at_exit() {
    rm -rf "$scratch"
    local group
    for group in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
        rmdir "$group"/payload/init.scope "$group"/payload "$group"/supervisor 2>/dev/null || true
    done
}
trap at_exit EXIT
export here units binaries scratch

# Lays the container's files over this machine's.
lay() {
    tree=$scratch/tree
    local memory=$scratch/memory unit
    mkdir -p "$tree" "$memory"
    mount -t tmpfs -o size=2g tmpfs "$memory"
    mkdir -p "$memory/upper" "$memory/work"
    mount -t overlay overlay -o "lowerdir=/,upperdir=$memory/upper,workdir=$memory/work" "$tree"
    # None of the machine's own services; what stays is D-Bus and logind.
    find "$tree/etc/systemd/system" -mindepth 1 \( -path '*.wants/*' -o -path '*.requires/*' \) -delete
    for unit in console-getty.service getty@tty1.service systemd-networkd.service systemd-resolved.service \
        systemd-timesyncd.service apt-daily.timer apt-daily-upgrade.timer; do
        ln -sf /dev/null "$tree/etc/systemd/system/$unit"
    done
    : >"$tree/etc/fstab"
    rm -f "$tree/etc/machine-id"
    systemd-id128 new >"$tree/etc/machine-id"
    rm -rf "$tree/etc/boxd" "$tree/var/lib/boxd" "$tree/run/boxd"

    mkdir -p "$tree/opt/test"
    cp -r "$units" "$tree/opt/test/units"
    cp "$here"/*.sh "$here"/*.py "$tree/opt/test/"
    install -m 755 "$binaries/boxd" "$binaries/boxctl" "$tree/opt/test/"
    cp "$scratch/grant.json" "$tree/opt/test/"
    local name
    for name in boxtest:4321 member:4322; do
        chroot "$tree" useradd -m -s /bin/bash -u "${name#*:}" "${name%:*}"
    done
    mkdir -p "$tree/var/lib/systemd/linger"
    : >"$tree/var/lib/systemd/linger/boxtest"
    cat >"$tree/etc/systemd/system/driver.service" <<'UNIT'
[Unit]
After=multi-user.target user@4321.service dbus.service
Wants=user@4321.service
[Service]
Type=oneshot
TimeoutStartSec=110
ExecStart=/bin/bash -c 'bash /opt/test/driver.sh $(cat /opt/test/stage) >/opt/test/output 2>&1; echo $? >/opt/test/code; sync'
ExecStopPost=/bin/systemctl --no-block poweroff
UNIT
    cat >"$tree/etc/systemd/system/driver.target" <<'UNIT'
[Unit]
Requires=multi-user.target
After=multi-user.target
Wants=driver.service
AllowIsolate=yes
UNIT
    ln -sf driver.target "$tree/etc/systemd/system/default.target"
}

boot() {
    local stage=$1 tree=$scratch/tree
    echo "$stage" >"$tree/opt/test/stage"
    rm -f "$tree/opt/test/code" "$tree/opt/test/output"
    timeout -k 5 130 systemd-nspawn -D "$tree" --boot --quiet --register=no --keep-unit -M "boxdtest$$" \
        --link-journal=no --console=pipe </dev/null >"$scratch/$stage.log" 2>&1 || true
    cat "$tree/opt/test/output" 2>/dev/null || true
    if [ "$(cat "$tree/opt/test/code" 2>/dev/null)" != 0 ]; then
        tail -40 "$scratch/$stage.log" >&2
        echo "FAIL systemd: the $stage boot" >&2
        return 1
    fi
}

# In namespaces of its own: what is mounted goes with them, and the network has nothing but the sandbox, which outlives a boot.
within() {
    set -euo pipefail
    ip link set lo up
    "$binaries/box-sandbox" serve >"$scratch/grant.json" &
    local sandbox=$!
    # shellcheck disable=SC2064
    trap "kill $sandbox" EXIT
    local tries=100
    until [ -s "$scratch/grant.json" ]; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { echo "FAIL systemd: no sandbox" >&2; return 1; }
        sleep 0.1
    done
    lay
    boot first
    boot second
}
export -f lay boot within
unshare --mount --net --propagation private bash -c within 9>&-
echo "PASS systemd: all in $SECONDS s"
