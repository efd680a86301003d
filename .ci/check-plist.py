#!/usr/bin/env python3
"""Checks launchd property lists against a table of keys and types (launchd.plist(5)): launchd itself runs on macOS only."""

import plistlib
import sys
from pathlib import Path

KEYS = {
    "Label": str,
    "ProgramArguments": list,
    "RunAtLoad": bool,
    "KeepAlive": dict,
    "ThrottleInterval": int,
    "ExitTimeOut": int,
    "ProcessType": str,
    "Umask": int,
}


def faults(path: Path) -> list[str]:
    plist = plistlib.loads(path.read_bytes())
    found = [f"unknown key {key}" for key in plist.keys() - KEYS.keys()]
    # Not isinstance: to Python a bool is an int.
    found += [f"{key} is no {kind.__name__}" for key, kind in KEYS.items() if type(plist.get(key)) is not kind]
    if plist.get("Label") != path.stem:
        found.append("the label is not the file's name")
    arguments = plist.get("ProgramArguments") or [""]
    if not all(isinstance(word, str) for word in arguments) or not arguments[0].startswith("/"):
        found.append("ProgramArguments must be strings, the first an absolute path")
    if plist.get("ProcessType") not in ("Background", "Standard", "Adaptive", "Interactive"):
        found.append("no such ProcessType")
    return found


bad = [f"{name}: {fault}" for name in sys.argv[1:] for fault in faults(Path(name))]
print("\n".join(bad) or f"{len(sys.argv) - 1} property list(s) in order")
sys.exit(1 if bad else 0)
