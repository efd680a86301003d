#!/usr/bin/env python3
"""Tests the HTTP API of a real boxd by its own OpenAPI document, and its metrics with Prometheus' own parser.

usage: run.py DIRECTORY_OF_BINARIES [SCHEMATHESIS OPTIONS]
Needs what requirements.txt names; CI runs it in a virtual environment.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bridge import Bridge
from prometheus_client.parser import text_string_to_metric_families

HERE = Path(__file__).resolve().parent
# As README.md and dashboards know them; each has the label `account`.
OF_ACCOUNTS = {
    "boxd_token_expiry_timestamp_seconds": "gauge",
    "boxd_login_deadline_timestamp_seconds": "gauge",
    "boxd_account_state": "gauge",
    "boxd_refreshes": "counter",
    "boxd_tokens_served": "counter",
}
PATIENCE = 20


class Daemon:
    """A sandbox and a boxd with one account, until the end of the process."""

    def __init__(self, binaries: Path, home: Path) -> None:
        self.boxctl_binary = binaries / "boxctl"
        self.socket = home / "boxd.sock"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "BOXD_STATE_DIR": str(home),
            "BOXD_CONFIG": str(home / "config.toml"),
        }
        (home / "config.toml").write_text("[api]\nenabled = true\n")
        self.sandbox = subprocess.Popen([binaries / "box-sandbox", "serve"], stdout=subprocess.PIPE, text=True)
        grant = self.sandbox.stdout.readline()
        self.log = open(home / "log", "w", encoding="utf-8")
        self.boxd = subprocess.Popen([binaries / "boxd"], env=self.environment, stderr=self.log)
        deadline = time.monotonic() + PATIENCE
        while not self.socket.exists():
            if self.boxd.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"boxd does not start: {(home / 'log').read_text()}")
            time.sleep(0.05)
        self.boxctl("import", "-", stdin=grant)

    def boxctl(self, *arguments: str, stdin: str = "") -> str:
        """What boxctl prints."""
        command = [self.boxctl_binary, *arguments]
        return subprocess.run(
            command, env=self.environment, input=stdin, stdout=subprocess.PIPE, text=True, check=True
        ).stdout

    def open_files(self) -> int:
        """How many descriptors boxd holds."""
        return len(os.listdir(f"/proc/{self.boxd.pid}/fd"))

    def stop(self) -> None:
        """Ends both, and says how boxd took it."""
        self.boxd.terminate()
        status = self.boxd.wait(PATIENCE)
        self.sandbox.kill()
        self.sandbox.wait()
        if status != 0:
            sys.exit(f"boxd ended with status {status}")


def check_metrics(text: str) -> None:
    """Every family is typed and told, and those that are promised are there."""
    families = {family.name: family for family in text_string_to_metric_families(text)}
    for name, kind in OF_ACCOUNTS.items():
        family = families[name]
        assert family.type == kind, f"{name} is a {family.type}"
        assert family.samples and all("account" in sample.labels for sample in family.samples), name
    states = [sample.value for sample in families["boxd_account_state"].samples]
    assert sorted(states) == [0] * 7 + [1], states
    for name, family in families.items():
        assert name.startswith("boxd_") and family.documentation, name
        assert family.type in ("counter", "gauge"), f"{name} is a {family.type}"
        is_counter = any(sample.name.endswith("_total") for sample in family.samples)
        assert is_counter == (family.type == "counter"), name
    print(f"{len(families)} families of metrics are in order")


def main() -> None:
    binaries = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as home:
        daemon = Daemon(binaries, Path(home))
        try:
            bridge = Bridge(str(daemon.socket))
            # With the first token the audit log is opened; asking for it has it written.
            daemon.boxctl("token")
            daemon.boxctl("audit")
            before = daemon.open_files()
            url = f"http://localhost:{bridge.port}"
            command = [Path(sys.executable).parent / "schemathesis", "--config-file", HERE / "schemathesis.toml"]
            command += ["run", f"{url}/openapi.json", *sys.argv[2:]]
            environment = os.environ | {
                "NO_PROXY": "localhost",
                "no_proxy": "localhost",
                "SCHEMATHESIS_HOOKS": "hooks",
                "PYTHONPATH": str(HERE),
            }
            found = subprocess.run(command, cwd=home, env=environment, check=False).returncode
            check_metrics(daemon.boxctl("metrics"))
            deadline = time.monotonic() + PATIENCE
            while daemon.open_files() > before and time.monotonic() < deadline:
                time.sleep(0.1)
            after = daemon.open_files()
            assert after <= before, f"boxd held {before} descriptors, and now {after}"
            status = json.loads(daemon.boxctl("status", "--json"))
            assert status["accounts"][0]["token"], status
        finally:
            daemon.stop()
    if found != 0:
        sys.exit(found)
    print("PASS the API is as its document says")


if __name__ == "__main__":
    main()
