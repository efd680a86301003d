#!/usr/bin/env python3
"""Runs every recipe against boxd and the sandbox, and checks that README.md shows the very files.

usage: run.py DIRECTORY_OF_BINARIES WORK_DIR
WORK_DIR holds what run.sh prepares: venv/, node/ with box-node-sdk, go/recipe.
"""

import json
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
EXAMPLE = ROOT / "crates/boxd-client/examples/get.rs"
MACHINERY = {"run.sh", "run.py"}
PATIENCE = 30
# Lives of tokens in the long runs, and how long these take: a renewal falls due every 6 s.
LIFE, LEAD, LONG_RUN = 9, 3, 26
RENEWALS = 3
# Of these the exit status is boxctl's own.
SHELLS = {"curl_line.sh", "curl.sh", "crontab"}


def fail(what, why=""):
    sys.exit(f"FAIL recipes: {what}\n{why}".rstrip())


def check(what, holds, why=""):
    if not holds:
        fail(what, why)
    print(f"PASS recipes: {what}", flush=True)


class Place:
    """A sandbox and a boxd in fresh places, and the environment of a program there."""

    open = set()

    def __init__(self, binaries, work, *, config="", account="work", sandbox=()):
        self.started = []
        Place.open.add(self)
        self.home = Path(tempfile.mkdtemp(prefix="recipes-"))
        self.state = self.home / "state"
        self.argv = self.home / "argv"
        (self.home / "config.toml").write_text(config)
        (self.home / "config.toml").chmod(0o600)
        self.state.mkdir(mode=0o700)
        emulator = subprocess.Popen([binaries / "box-sandbox", "serve", *sandbox], stdout=subprocess.PIPE, text=True)
        self.started.append(emulator)
        grant = emulator.stdout.readline()
        self.ready = json.loads(grant)
        self.environment = {
            "PATH": f"{self.witnesses(binaries)}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "BOXD_STATE_DIR": str(self.state),
            "BOXD_CONFIG": str(self.home / "config.toml"),
            "BOX_API_URL": self.ready["url"],
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        with open(self.home / "log", "w", encoding="utf-8") as log:
            boxd = subprocess.Popen([binaries / "boxd"], env=self.environment, stderr=log)
        self.started.append(boxd)
        deadline = time.monotonic() + PATIENCE
        while not (self.state / "boxd.sock").exists():
            if boxd.poll() is not None or time.monotonic() > deadline:
                fail("boxd does not start", (self.home / "log").read_text())
            time.sleep(0.02)
        if account:
            self.boxctl("import", "-", "-a", account, stdin=grant)
        # The recipes are copied from README.md into directories of their own; so here.
        for recipe in HERE.iterdir():
            if recipe.is_file() and recipe.name not in MACHINERY:
                shutil.copy(recipe, self.home)
        (self.home / "node_modules").symlink_to(work / "node/node_modules")

    def witnesses(self, binaries):
        """Programs of the recipes' names that note down how they were called: others can see that in `ps`."""
        directory = self.home / "witnesses"
        directory.mkdir()
        for name, program in (("curl", shutil.which("curl")), ("jq", shutil.which("jq")), ("boxctl", binaries / "boxctl")):
            witness = directory / name
            witness.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" >>'{self.argv}'\nexec '{program}' \"$@\"\n")
            witness.chmod(0o755)
        return directory

    def boxctl(self, *arguments, stdin=""):
        command = ["boxctl", *arguments]
        done = subprocess.run(command, env=self.environment, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            fail(f"boxctl {' '.join(arguments)}", done.stderr)
        return done.stdout

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.ready['control_url']}/{path}", data=data, method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            return json.load(answer)

    def end_tokens(self, seconds):
        """At Box every token is at its end, and boxd can't know."""
        self.control("POST", "clock", {"advance_seconds": seconds})

    def journal(self, event):
        return [entry for entry in self.control("GET", "journal")["entries"] if entry["event"] == event]

    def refusals(self):
        """How many calls of the API got 401."""
        return sum(entry["endpoint"] == "api" and entry["status"] == 401 for entry in self.journal("handled"))

    def generation(self):
        return json.loads(self.boxctl("status", "--json"))["accounts"][0]["generation"]

    def run(self, command, stdin=""):
        return subprocess.run(
            command, cwd=self.home, env=self.environment, input=stdin, capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    def check_secrets(self, what):
        """No token was on a command line, and none is in a file."""
        tokens = {entry["token"] for entry in self.journal("issued")}
        places = [path for path in self.home.rglob("*") if path.is_file() and "node_modules" not in path.parts]
        assert tokens and self.argv in places
        for path in places:
            data = path.read_bytes()
            if any(token.encode() in data for token in tokens):
                fail(f"{what}: a token is in {'an argument' if path == self.argv else path.name}")

    def close(self):
        Place.open.discard(self)
        for process in reversed(self.started):
            process.terminate()
            process.wait(PATIENCE)
        shutil.rmtree(self.home)


class Steady:
    """A program that is asked for one call after another, each as a line of its stdin."""

    def __init__(self, name, command, line, place):
        self.name, self.line, self.calls, self.slowest, self.error = name, line, 0, 0.0, None
        self.stderr = place.home / f"{name}.stderr"
        self.process = subprocess.Popen(
            command, cwd=place.home, env=place.environment, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.stderr.open("w"),
        )
        self.login = place.ready["users"][0]["login"]

    def call(self):
        began = time.monotonic()
        self.process.stdin.write(self.line + "\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        answer = self.process.stdout.readline() if ready else "(nothing in time)"
        if self.login not in answer:
            raise RuntimeError(f"call {self.calls + 1} got {answer!r}")
        self.calls += 1
        self.slowest = max(self.slowest, time.monotonic() - began)

    def keep_on(self, until):
        try:
            while time.monotonic() < until:
                self.call()
                time.sleep(0.02)
            self.process.stdin.close()
            if self.process.wait(PATIENCE) != 0:
                raise RuntimeError(f"exit status {self.process.returncode}")
        except (RuntimeError, OSError) as error:
            self.process.kill()
            self.error = f"{error}\n{self.stderr.read_text()}"


def document():
    """The marked blocks of README.md are the files, byte for byte, and every file is shown."""
    text = (ROOT / "README.md").read_text()
    found = re.findall(r"^<!-- recipe: (\S+) -->\n```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    if len(found) != text.count("<!-- recipe:"):
        fail("a mark in README.md has no block")
    for path, body in found:
        if (ROOT / path).read_text() != body:
            fail(f"README.md does not show {path} as it is")
    files = {EXAMPLE, *(path for path in HERE.iterdir() if path.is_file() and path.name not in MACHINERY)}
    missing = files - {ROOT / path for path, _ in found}
    check("README.md shows the very files", not missing, f"not shown: {sorted(map(str, missing))}")


def cron(place):
    """What cron makes of the table: its variables, and the command of its one line, run by sh in cron's bare environment."""
    variables, command = {}, None
    for line in (place.home / "crontab").read_text().splitlines():
        name, is_variable, value = line.partition("=")
        if is_variable and re.fullmatch(r"\w+", name):
            variables[name] = value
        else:
            command = line.split(maxsplit=5)[5]
    # boxctl lies where cargo puts it; the places are not those of a user who logs in, so boxctl is told of them.
    cargo = place.home / ".cargo"
    cargo.mkdir(exist_ok=True)
    if not (cargo / "bin").exists():
        (cargo / "bin").symlink_to(place.home / "witnesses")
    places = {name: value for name, value in place.environment.items() if name.startswith(("BOX_API", "BOXD_STATE", "NO_P"))}
    (place.home / "bin").mkdir(exist_ok=True)
    shutil.copy(place.home / "curl.sh", place.home / "bin")
    output = place.home / "box.log"
    output.write_text("")
    bare = {"HOME": str(place.home), "LOGNAME": "user", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=place.home, env={**bare, **places, **variables},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, output.read_text(), done.stderr)


def once(name, start, binaries, work):
    """One call of a recipe: it works, also after a 401, and says what to do where there is no token."""
    place = Place(binaries, work)
    login = place.ready["users"][0]["login"]
    done = start(place)
    check(f"{name}: calls the API", done.returncode == 0 and login in done.stdout, done.stderr)
    if name != "curl_line.sh":
        before = place.generation()
        place.end_tokens(2 * 3600)
        done = start(place)
        check(f"{name}: a 401 gets it another token", done.returncode == 0 and login in done.stdout, done.stdout + done.stderr)
        check(f"{name}: by one renewal", (place.refusals(), place.generation()) == (1, before + 1))
    place.check_secrets(name)
    place.close()
    refused(name, start, binaries, work)


def refused(name, start, binaries, work):
    """Where nobody has logged in the recipe fails, with the next step."""
    place = Place(binaries, work, account=None)
    account = ["-a", "work"] if name == "crontab" else []
    told = subprocess.run(["boxctl", "--json", "token", *account], env=place.environment, capture_output=True, text=True, check=False)
    next_step = json.loads(told.stderr)["next_step"]
    done = start(place)
    check(f"{name}: without a login it fails and says the next step", done.returncode != 0 and next_step in done.stderr, done.stderr)
    if name in SHELLS:
        check(f"{name}: and ends as boxctl does", done.returncode == told.returncode, str(done.returncode))
    calls = [entry for entry in place.journal("handled") if entry["endpoint"] == "api"]
    check(f"{name}: and Box is not called without a token", not calls)
    place.close()


def downscoped(python, binaries, work):
    """The classes for the SDKs, as a program imports them: what these ask beside calls of the API."""
    resource = "https://api.box.com/2.0/files/123"
    of_python = f"""
from boxsdk import BoxdAuth, BoxSDKError
auth = BoxdAuth("work")
print(auth.downscope_token(["item_download"], resource="{resource}").access_token)
try:
    auth.revoke_token()
except BoxSDKError:
    print(auth.retrieve_token().access_token)
"""
    of_node = f"""
import {{ BoxdAuth }} from './box-node-sdk.mjs';
const auth = new BoxdAuth('work');
console.log((await auth.downscopeToken(['item_download'], '{resource}')).accessToken);
await auth.revokeToken().catch(async () => console.log((await auth.retrieveToken()).accessToken));
"""
    place = Place(binaries, work)
    for name, command in {
        "boxsdk.py": [python, "-c", of_python],
        "box-node-sdk.mjs": ["node", "--input-type=module", "-e", of_node],
    }.items():
        done = place.run(command)
        narrow, _, full = done.stdout.partition("\n")
        check(f"{name}: downscopes, and revokes nothing", (narrow[:2], full) == ("1!", place.boxctl("token")), done.stderr)
    place.close()


def long_run(programs, binaries, work):
    """Programs that go on and on, all at once, through renewals and tokens that die before their time."""
    sandbox = ("--access-ttl", f"{LIFE}s", "--old-token", "at-once")
    place = Place(binaries, work, config=f'[refresh]\nlead = "{LEAD}s"\n', sandbox=sandbox)
    before = place.generation()
    until = time.monotonic() + LONG_RUN
    running = [Steady(name, command, line, place) for name, (command, line) in programs.items()]
    threads = [threading.Thread(target=program.keep_on, args=(until,)) for program in running]
    for thread in threads:
        thread.start()
    time.sleep(LONG_RUN / 2)
    place.end_tokens(LIFE)
    for thread in threads:
        thread.join()
    renewals = place.generation() - before
    check(f"long runs: {renewals} renewals in {LONG_RUN} s", renewals >= RENEWALS, (place.home / "log").read_text())
    for program in running:
        check(f"{program.name}: {program.calls} calls, none failed, the slowest took {program.slowest:.1f} s", not program.error, program.error or "")
    refusals = place.refusals()
    check(f"long runs: {refusals} times the answer was 401, and was made good", refusals > 0)
    place.check_secrets("long runs")
    place.close()


def main():
    binaries, work = (Path(argument).resolve() for argument in sys.argv[1:3])
    document()
    me = "/2.0/users/me"
    python = str(work / "venv/bin/python")
    long = {
        "python.py": ([python, "python.py"], me),
        "boxsdk.py": ([python, "boxsdk.py"], "me"),
        "node.mjs": (["node", "node.mjs"], me),
        "box-node-sdk.mjs": (["node", "box-node-sdk.mjs"], "me"),
        "main.go": ([str(work / "go/recipe")], me),
    }
    short = {
        "curl_line.sh": lambda place: place.run(["sh", "curl_line.sh"]),
        "curl.sh": lambda place: place.run(["sh", "curl.sh", me]),
        "curl_socket.sh": lambda place: place.run(["sh", "curl_socket.sh", me]),
        "get.rs": lambda place: place.run([str(binaries / "examples/get"), me]),
        "crontab": cron,
    }
    for name, (command, line) in long.items():
        short[name] = lambda place, command=command, line=line: place.run(command, stdin=line + "\n")
    for name, start in short.items():
        once(name, start, binaries, work)
    downscoped(python, binaries, work)
    long_run(long, binaries, work)
    print("PASS all recipes")


try:
    main()
finally:
    for left in list(Place.open):
        left.close()
