# SPDX-License-Identifier: Apache-2.0
"""A gateway in a data directory of its own, and its command line."""
import json
import os
import pathlib
import pwd
import select
import shutil
import signal
import subprocess
import time

from .process import Process, children, status_field, until


class CliError(AssertionError):
    pass


def find_key(value, key):
    """The first value under a key, at any depth."""
    if isinstance(value, dict):
        if key in value:
            return value[key]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            found = find_key(item, key)
            if found is not None:
                return found
    return None


def copy_executables(source, to):
    to.mkdir()
    for name in ("sallyport", "sallyportd", "sallyport-front-ssh", "sallyport-back-ssh", "sallyport-back-telnet", "sallyport-inspector", "sallyport-front-web", "sallyport-viewer"):
        shutil.copy(source / name, to / name)
    return to


class Gateway:
    new_store = None  # makes a database for each gateway that is not told where to keep its data

    def __init__(self, build, folder, config=None, user=None):
        self.bin = pathlib.Path(build).resolve() / "bin"
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.identity = {}  # subprocess's arguments
        if user:
            entry = pwd.getpwnam(user)
            self.identity = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
            self.bin = copy_executables(self.bin, self.folder / "bin")  # the build may lie where this user may not go
        self.data = self.folder / "data"
        self.config_path = self.folder / "sallyport.yaml"
        # JSON is YAML, so a dictionary is written as it is.
        self.config = {"data_dir": str(self.data), "listen": {"ssh": "127.0.0.1:0"},
                       "master_key": str(self.folder / "master.key"), "node": "node1"}
        if Gateway.new_store and "store" not in (config or {}):
            self.config["store"] = Gateway.new_store()
        self.config.update(config or {})
        self.process = None
        self.killed = False
        self.port = None
        self.ready = None
        self.calls = 0  # of the command line

    # --- life ---------------------------------------------------------------------------------------------------
    def start(self, seconds=30):
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self._start(deadline)
            except CliError as error:
                # A fixed port, that somebody's connection may hold for a moment.
                if "Address already in use" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def _start(self, deadline):
        self.config_path.write_text(json.dumps(self.config))
        self.killed = False
        self.process = Process([self.bin / "sallyport", "serve", "--config", self.config_path],
                               self.folder / "gateway.log", stdout=subprocess.PIPE, **self.identity)
        out = self.process.popen.stdout
        line = b""
        while not line.endswith(b"\n"):
            if time.monotonic() > deadline or not self.process.alive():
                if not self.process.alive():
                    line += out.read() or b""
                said = self.process.own_log_text()
                self.process.kill()
                self.process = None
                raise CliError(f"the gateway did not get ready; stdout {line!r}\n{said}")
            if select.select([out], [], [], 0.05)[0]:
                chunk = os.read(out.fileno(), 4096)
                if not chunk:
                    time.sleep(0.02)
                line += chunk
        self.ready = json.loads(line.splitlines()[0])
        self.port = int(str(find_key(self.ready, "ssh")).rsplit(":", 1)[1])
        return self

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None

    def kill(self):
        """SIGKILL for the broker alone: its workers must end by themselves."""
        self.killed = True
        os.kill(self.pid, signal.SIGKILL)
        self.process.popen.wait()

    def died(self):
        """Has it ended, and nobody asked it to?"""
        return self.process is not None and not self.killed and not self.process.alive()

    def restart(self):
        self.stop()
        return self.start()

    def log_tail(self, lines=60):
        path = self.folder / "gateway.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""

    # --- command line -------------------------------------------------------------------------------------------
    def argv(self, *args):
        return [str(self.bin / "sallyport"), "--config", str(self.config_path), *map(str, args)]

    def run(self, *args, input=None, timeout=60, text=True):
        self.calls += 1
        return subprocess.run(self.argv(*args), input=input, capture_output=True, timeout=timeout, text=text,
                              stdin=subprocess.DEVNULL if input is None else None, **self.identity)

    def cli(self, *args, input=None, timeout=60):
        result = self.run(*args, input=input, timeout=timeout)
        if result.returncode != 0:
            raise CliError(f"sallyport {' '.join(map(str, args))}: status {result.returncode}\n{result.stdout}{result.stderr}")
        return result.stdout

    def json(self, *args):
        return json.loads(self.cli(*args, "-o", "json"))

    def one(self, *args):
        """The single object of a `show`."""
        value = self.json(*args)
        return value[0] if isinstance(value, list) else value

    def apply(self, *resources):
        path = self.folder / "apply.yaml"
        path.write_text("\n---\n".join(json.dumps(r) for r in resources) + "\n")
        return self.cli("apply", "-f", path)

    def sessions(self, everything=False):
        return self.json("session", "list", *(["--all"] if everything else []))

    def live_session(self, seconds=10, **want):
        """Waits for the one live session whose fields are as wanted."""
        def look():
            found = [s for s in self.sessions() if s["state"] == "live" and all(s.get(k) == v for k, v in want.items())]
            return found[-1] if found else None
        return until(look, seconds, f"a live session {want}")

    def recordings(self):
        return self.json("recording", "list")

    def newest_recording(self):
        return max(self.recordings(), key=lambda r: (r["started_at"], r["id"]))

    def sealed(self, identifier, seconds=15):
        """Waits until a recording is no longer live; its object."""
        def look():
            value = self.one("recording", "show", identifier)
            return value if value["state"] != "live" else None
        return until(look, seconds, f"recording {identifier} sealed")

    def events(self, identifier, *more):
        """The recording as a list of objects (export --format jsonl)."""
        return [json.loads(line) for line in self.cli("recording", "export", identifier, "--format", "jsonl", *more).splitlines()]

    def audit(self):
        text = self.cli("audit", "tail", "-n", "2000", "-o", "json")
        text = text.strip()
        if text.startswith("["):
            return json.loads(text)
        return [json.loads(line) for line in text.splitlines()]

    # --- processes ----------------------------------------------------------------------------------------------
    def workers(self, leg=None):
        """Process ids of session workers: children of the broker in a process namespace of their own.
        leg: 'front', 'back' or 'inspector'."""
        found = []
        for pid in children(self.pid):
            inner = status_field(pid, "NSpid")
            if not inner or len(inner.split()) < 2:
                continue
            try:
                command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if leg is None or f"/sallyport-{leg}" in command:
                found.append(pid)
        return found
