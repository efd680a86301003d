#!/usr/bin/env python3
"""What an older version of boxctl would have installed: stdin as another unit, with a stamp that fits.  stamp.py <unit"""

import sys

WORDS = "Installed by `boxctl service install`"

text = sys.stdin.read()
body = text[: text.rindex("\n", 0, text.rindex(WORDS)) + 1].replace("RestartSec=2\n", "RestartSec=9\n")
total = 0xCBF29CE484222325
for byte in body.encode():
    total = (total ^ byte) * 0x100000001B3 % 2**64
print(f"{body}# {WORDS} 0.0.9, {total:016x}")
