# SPDX-License-Identifier: Apache-2.0
"""Keystroke echo: a terminal in raw mode on the target, `cat` that echoes, one key at a time, and the time until it is back."""
import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import termios
import time

WARM_UP = 100
PAUSE_S = 0.0005  # so that every process has gone to sleep, as between a person's keys
READY = b"ready-to-echo"


class Terminal:
    """ssh on a terminal of 80x24."""

    def __init__(self, world, way, command):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = subprocess.Popen(world.argv(way, command, "-tt"), stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True, env={**os.environ, "TERM": "xterm-256color"})
        os.close(slave)

    def wait_for(self, text, seconds=30):
        seen = b""
        deadline = time.monotonic() + seconds
        while text not in seen:
            if not select.select([self.master], [], [], max(0, deadline - time.monotonic()))[0]:
                raise RuntimeError(f"no {text!r} on the terminal: {seen[-500:]!r}")
            seen += os.read(self.master, 65536)

    def close(self):
        self.process.terminate()
        self.process.wait()
        os.close(self.master)


def once(world, way, count):
    """Round trips in microseconds, sorted."""
    terminal = Terminal(world, way, f"stty raw -echo; echo {READY.decode()}; exec cat")
    terminal.wait_for(READY)
    time.sleep(0.1)
    while select.select([terminal.master], [], [], 0)[0]:
        os.read(terminal.master, 4096)
    taken = []
    for i in range(WARM_UP + count):
        time.sleep(PAUSE_S)
        start = time.perf_counter_ns()
        os.write(terminal.master, b"k")
        if os.read(terminal.master, 64) != b"k":
            raise RuntimeError(f"{way}: something other than the echo came back")
        if i >= WARM_UP:
            taken.append((time.perf_counter_ns() - start) / 1000)
    terminal.close()
    return sorted(taken)


def between_bare_ends(world, way, count):
    """The same without OpenSSH and terminals: a client and a target of our own that do nothing but SSH, so that the gateway can
    be held against the floor, whose ends are as bare."""
    port, user = (world.bare_port, "bench") if way == "bare-direct" else (world.gateway.port, "bench@login@bare")
    out = subprocess.run([world.bench / "ssh_echo", "type", str(port), user, world.key, str(count)], check=True, capture_output=True,
                         text=True).stdout
    return {key: json.loads(out)[key] for key in ("p50_us", "p99_us")}


def percentile(taken, p):
    return taken[min(len(taken) - 1, len(taken) * p // 100)]
