#!/usr/bin/env python3
"""Checks launchd property lists against a table of keys and types (launchd.plist(5)): launchd itself runs on macOS only."""

import plistlib
import sys
from pathlib import Path

SOCKET = {"SockPathName": str, "SockPathMode": int}
KEYS = {
    "Label": str,
    "ProgramArguments": list,
    "RunAtLoad": bool,
    "KeepAlive": dict,
    "ThrottleInterval": int,
    "ExitTimeOut": int,
    "ProcessType": str,
    "Umask": int,
    "Sockets": dict,
    "StandardErrorPath": str,
}
# A daemon runs as a user of its own, for a group of clients; an agent has neither.
DAEMON = {"UserName": str, "GroupName": str, "EnvironmentVariables": dict}
DAEMON_SOCKET = {"SockPathGroup": int}
# What launch_activate_socket(3) is asked for.
SOCKETS = {"Listeners"}
# sun_path, with its NUL.
LONGEST_SOCKET = 104


def table(where: str, found: object, keys: dict[str, type]) -> list[str]:
    """What is wrong with a dictionary that must have these keys and no others."""
    if type(found) is not dict:
        return [f"{where} is no dictionary"]
    faults = [f"{where}: unknown key {key}" for key in found.keys() - keys.keys()]
    # Not isinstance: to Python a bool is an int.
    return faults + [
        f"{where}: {key} is no {kind.__name__}" for key, kind in keys.items() if type(found.get(key)) is not kind
    ]


def faults(path: Path) -> list[str]:
    plist = plistlib.loads(path.read_bytes())
    is_daemon = path.stem.endswith(".daemon")
    found = table("the job", plist, KEYS | (DAEMON if is_daemon else {}))
    if found:
        return found
    if plist["Label"] != path.stem:
        found.append("the label is not the file's name")
    arguments = plist["ProgramArguments"]
    if not arguments or not all(isinstance(word, str) for word in arguments) or not arguments[0].startswith("/"):
        found.append("ProgramArguments must be strings, the first an absolute path")
    if plist["ProcessType"] not in ("Background", "Standard", "Adaptive", "Interactive"):
        found.append("no such ProcessType")
    found += table("KeepAlive", plist["KeepAlive"], {"SuccessfulExit": bool})
    found += [
        f"EnvironmentVariables: {key} is no string"
        for key, value in plist.get("EnvironmentVariables", {}).items()
        if type(value) is not str
    ]
    if plist["Sockets"].keys() != SOCKETS:
        found.append(f"Sockets must be {', '.join(SOCKETS)}")
    for name, socket in plist["Sockets"].items():
        found += table(f"socket {name}", socket, SOCKET | (DAEMON_SOCKET if is_daemon else {}))
        place = str(socket.get("SockPathName"))
        if not place.startswith("/") or len(place.encode()) >= LONGEST_SOCKET:
            found.append(f"socket {name}: {place} is no absolute path that fits")
        # Nobody else: who reaches the socket may have tokens.
        if socket.get("SockPathMode") != (0o660 if is_daemon else 0o600):
            found.append(f"socket {name}: wrong mode")
    if not plist["StandardErrorPath"].startswith("/"):
        found.append("StandardErrorPath must be absolute: launchd expands no ~")
    if plist["Umask"] != 0o077:
        found.append("the umask is not 077")
    return found


bad = [f"{name}: {fault}" for name in sys.argv[1:] for fault in faults(Path(name))]
print("\n".join(bad) or f"{len(sys.argv) - 1} property list(s) in order")
sys.exit(1 if bad else 0)
