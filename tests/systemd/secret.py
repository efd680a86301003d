#!/usr/bin/env python3
"""A command of a secret, as somebody may have one: run by boxd inside its unit, it prints the secret and notes what it may."""

import json
import os
import socket
import subprocess
import urllib.error
import urllib.request

LINE = json.load(open("/opt/test/grant.json"))


def may_write(directory):
    path = os.path.join(directory, f"boxd-was-here-{os.getpid()}")
    try:
        open(path, "w").close()
    except OSError:
        return False
    os.remove(path)
    return True


def reaches_network():
    try:
        urllib.request.urlopen(LINE["api_url"] + "/2.0/users/me", timeout=5)
    except urllib.error.HTTPError as refusal:
        return refusal.code == 401
    except OSError:
        return False
    return False


def reaches_bus():
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    bus = runtime + "/bus" if runtime else "/run/dbus/system_bus_socket"
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        try:
            connection.connect(bus)
            # EXTERNAL: the bus goes by the uid that the kernel tells it.
            connection.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
            return connection.recv(64).startswith(b"OK ")
        except OSError:
            return False


home = os.path.expanduser("~")
state = os.environ.get("STATE_DIRECTORY") or os.path.join(home, ".local/state/boxd")
PLACES = ("/etc", "/etc/boxd", "/usr", "/var/lib", "/home/boxtest", home, home + "/.config/boxd", home + "/.cargo/bin", state)
notes = {
    "may_write": sorted({d for d in PLACES if os.path.isdir(d) and may_write(d)}),
    "sees_outer_tmp": os.path.exists("/tmp/outside"),
    "shell": subprocess.run(["/bin/sh", "-c", "echo $((6 * 7)) | cat"], capture_output=True, text=True).stdout.strip(),
    "network": reaches_network(),
    "bus": reaches_bus(),
    "uid": os.getuid(),
    "variables": sorted(set(os.environ) & {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID",
                                           "LISTEN_FDNAMES"}),
    "descriptors": sorted(int(fd) for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")),
    "new_user_namespace": subprocess.run(["unshare", "--user", "true"], capture_output=True).returncode == 0,
    "devices": sorted(os.listdir("/dev")),
}
with open(os.path.join(state, "notes.json"), "w") as file:
    json.dump(notes, file)
print(LINE["client_secret"])
