#!/bin/bash
# Boots a real systemd (pid 1 of a container on a throw-away copy of this machine's root) and lets `inside.sh` put the
# units of this project through what happens to services: tests/systemd/run.sh BINARIES
# BINARIES is the folder with boxd, boxctl and box-sandbox. Needs root and Debian's systemd-container and dbus-user-session.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
binaries=$(cd "$1" && pwd)
[ "$(id -u)" = 0 ] || { echo "FAIL systemd: run this as root" >&2; exit 1; }
# One at a time: the container's control groups have fixed names.
exec 9>/run/boxd-systemd-test.lock
flock 9
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export here root binaries scratch

# Everything below happens in a mount namespace of its own; what is mounted goes with it.
boot() {
    set -euo pipefail
    local tree=$scratch/tree work=$scratch/memory
    mkdir -p "$tree" "$work"
    mount -t tmpfs -o size=2g tmpfs "$work"
    mkdir -p "$work/upper" "$work/work"
    mount -t overlay overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/work" "$tree"
    # None of the machine's own services: only basics, dbus and logind.
    find "$tree/etc/systemd/system" -mindepth 1 \( -path '*.wants/*' -o -path '*.requires/*' \) -delete
    local unit
    for unit in console-getty.service getty@tty1.service systemd-networkd.service systemd-resolved.service \
        systemd-timesyncd.service apt-daily.timer apt-daily-upgrade.timer; do
        ln -sf /dev/null "$tree/etc/systemd/system/$unit"
    done
    : >"$tree/etc/fstab"
    rm -f "$tree/etc/machine-id"
    systemd-id128 new >"$tree/etc/machine-id"
    mkdir -p "$tree/opt/units/system" "$tree/opt/bin"
    install -m 755 "$binaries/boxd" "$binaries/boxctl" "$binaries/box-sandbox" "$tree/opt/bin/"
    cp "$root"/systemd/*.service "$root"/systemd/*.socket "$tree/opt/units/"
    cp "$root"/systemd/system/* "$tree/opt/units/system/"
    cp "$here/inside.sh" "$tree/opt/inside.sh"
    chroot "$tree" useradd -m -s /bin/bash -u 4321 boxtest
    mkdir -p "$tree/var/lib/systemd/linger"
    : >"$tree/var/lib/systemd/linger/boxtest"
    cat >"$tree/etc/systemd/system/inside.service" <<'UNIT'
[Unit]
After=multi-user.target user@4321.service dbus.service
Wants=user@4321.service
[Service]
Type=oneshot
TimeoutStartSec=120
ExecStart=/bin/bash -c 'bash /opt/inside.sh $(cat /opt/stage) >>/opt/output 2>&1; echo $? >/opt/code; sync'
ExecStopPost=/bin/systemctl --no-block poweroff
UNIT
    cat >"$tree/etc/systemd/system/inside.target" <<'UNIT'
[Unit]
Requires=multi-user.target
After=multi-user.target
Wants=inside.service
AllowIsolate=yes
UNIT
    ln -sf inside.target "$tree/etc/systemd/system/default.target"
    # Two boots of the same machine: what is enabled must come back by itself.
    local stage
    for stage in first second; do
        echo "$stage" >"$tree/opt/stage"
        rm -f "$tree/opt/code"
        timeout -k 5 150 systemd-nspawn -D "$tree" --boot --quiet --register=no --keep-unit -M "boxdtest$$" \
            --private-network --link-journal=no --console=pipe </dev/null >"$scratch/boot-$stage.log" 2>&1 || true
        if [ "$(cat "$tree/opt/code" 2>/dev/null)" != 0 ]; then
            cat "$tree/opt/output" 2>/dev/null || true
            tail -40 "$scratch/boot-$stage.log"
            echo "FAIL systemd: the $stage boot" >&2
            return 1
        fi
    done
    cat "$tree/opt/output"
}
export -f boot
unshare --mount --propagation private bash -c boot 9>&-
for directory in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
    rmdir "$directory"/payload/init.scope "$directory"/payload "$directory"/supervisor 2>/dev/null || true
done
echo "PASS systemd: all"
