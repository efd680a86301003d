#!/usr/bin/env python3
"""Applies `bans`, `licenses` and `sources` of deny.toml to what Cargo.lock selects, without a network.

Stands in for cargo-deny, which takes minutes to build. Where its rules are simpler, they are stricter.
"""

import json
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def satisfied(expression: str, allowed: set[str]) -> bool:
    """Whether an SPDX expression can be met with the allowed licences (`A/B` is an old way to write `A OR B`)."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))

    def term() -> bool:
        token = tokens.pop(0)
        if token == "(":
            value = disjunction()
            tokens.pop(0)
            return value
        if tokens[:1] == ["WITH"]:
            token += f" WITH {tokens[1]}"
            del tokens[:2]
        return token in allowed

    def conjunction() -> bool:
        value = term()
        while tokens[:1] == ["AND"]:
            tokens.pop(0)
            value = term() and value
        return value

    def disjunction() -> bool:
        value = conjunction()
        while tokens[:1] == ["OR"]:
            tokens.pop(0)
            value = conjunction() or value
        return value

    return disjunction()


def main() -> int:
    policy = tomllib.loads((ROOT / "deny.toml").read_text())
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--all-features"]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    packages = metadata["packages"]
    faults: list[str] = []

    licences = policy["licenses"]
    exceptions = {entry["crate"]: set(entry["allow"]) for entry in licences["exceptions"]}
    unused = set(exceptions)
    for package in packages:
        name, expression = package["name"], package["license"]
        unused.discard(name)
        allowed = set(licences["allow"]) | exceptions.get(name, set())
        if not expression or not satisfied(expression, allowed):
            faults.append(f"licences: {name} {package['version']} has `{expression}`")
    faults += [f"licences: the exception for {name} is for no crate of the tree" for name in sorted(unused)]

    banned = {entry["crate"]: entry["reason"] for entry in policy["bans"]["deny"]}
    skipped = {entry["crate"] for entry in policy["bans"]["skip"]}
    versions = defaultdict(set)
    for package in packages:
        versions[package["name"]].add(package["version"])
        if package["name"] in banned:
            faults.append(f"bans: {package['name']} is in the tree: {banned[package['name']]}")
        for dependency in package["dependencies"] if package["source"] is None else []:
            if dependency["req"] == "*" and "path" not in dependency:
                faults.append(f"bans: {package['name']} takes any version of {dependency['name']}")
    present = {f"{name}@{version}" for name, all_of_it in versions.items() for version in all_of_it}
    faults += [f"bans: the skip of {entry} is for no crate of the tree" for entry in sorted(skipped - present)]
    for name, all_of_it in sorted(versions.items()):
        left = sorted(version for version in all_of_it if f"{name}@{version}" not in skipped)
        if len(left) > 1:
            faults.append(f"bans: {name} is there in the versions {', '.join(left)}")

    # Whatever cargo's default registry is called here, there is one of it, and nothing comes from elsewhere.
    registries = {package["source"] for package in packages if (package["source"] or "").startswith("registry+")}
    for package in packages:
        if package["source"] not in registries | {None}:
            faults.append(f"sources: {package['name']} comes from {package['source']}")
    if len(registries) > 1:
        faults.append(f"sources: several registries: {', '.join(sorted(registries))}")

    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(packages)} packages, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
