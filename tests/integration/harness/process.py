# SPDX-License-Identifier: Apache-2.0
"""Processes that tests start, and waiting for what they do."""
import os
import pathlib
import random
import signal
import socket
import subprocess
import time


def until(condition, seconds=10.0, what="the condition", every=0.02):
    """Polls until condition() is true and returns its value; fails the test at the deadline, naming `what` (a text, or
    what makes one then)."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what() if callable(what) else what}: not within {seconds} s (last value: {value!r})")
        time.sleep(every)


def stays(condition, seconds, what="the condition", every=0.02):
    """Fails the test as soon as condition() is not true; returns when it has been for so long."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        assert value, f"{what}: no longer so"
        if time.monotonic() > deadline:
            return value
        time.sleep(every)


def free_port():
    """A port that is free now, from below those that the kernel gives to clients: nobody gets it by chance. Somebody
    else may still ask for it first, so whoever listens on one tries again when it is in use."""
    low = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(max(1024, low // 2), low) if low > 2048 else 0
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return probe.getsockname()[1]


class Process:
    """A daemon with its output in a log file; ended with its process group, never by name."""

    def __init__(self, argv, log, stdout=None, **popen):
        self.log = pathlib.Path(log)
        self._log_file = open(self.log, "ab")
        self._log_start = self._log_file.tell()
        self.popen = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=stdout or self._log_file,
                                      stderr=self._log_file, start_new_session=True, **popen)

    @property
    def pid(self):
        return self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def stop(self, number=signal.SIGTERM, seconds=15):
        if self.alive():
            self.popen.send_signal(number)
            try:
                self.popen.wait(seconds)
            except subprocess.TimeoutExpired:
                pass
        self.kill()

    def kill(self):
        """The whole group: nothing that it started stays behind."""
        try:
            os.killpg(self.popen.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.popen.wait()
        if self.popen.stdout:
            self.popen.stdout.close()
        self._log_file.close()

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def own_log_text(self):
        """What this process wrote, without what earlier ones wrote to the same file."""
        return self.log.read_bytes()[self._log_start:].decode(errors="replace")


def status_field(pid, name):
    """One field of /proc/PID/status, or None when the process is gone."""
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return line.split(":", 1)[1].strip()
    except (FileNotFoundError, ProcessLookupError):
        pass
    return None


def children(pid):
    """Direct children, by parent id in /proc; zombies left out."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(entry.name))
    return found


def descendants(pid):
    found = []
    for child in children(pid):
        found.append(child)
        found.extend(descendants(child))
    return found
