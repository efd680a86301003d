#!/usr/bin/env python3
"""Looks through what secret.py noted: check_notes.py STATE_DIRECTORY UID"""

import json
import sys

state, uid = sys.argv[1], int(sys.argv[2])
notes = json.load(open(state + "/notes.json"))
wanted = {
    "may_write": [state],
    "sees_outer_tmp": False,
    "shell": "42",
    "network": True,
    "bus": True,
    "uid": uid,
    "variables": [],
    "new_user_namespace": False,
}
wrong = [f"{key}: {notes[key]}, not {value}" for key, value in wanted.items() if notes[key] != value]
wrong += [f"the device {name}" for name in ("mem", "kmsg", "kvm", "fuse") if name in notes["devices"]]
# 3 is the folder that was read for them.
wrong += [f"descriptor {fd}" for fd in notes["descriptors"] if fd > 3]
sys.exit("; ".join(wrong) or 0)
