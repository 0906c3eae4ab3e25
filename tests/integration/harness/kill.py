# SPDX-License-Identifier: Apache-2.0
"""One trial of sudden death: traffic, a strike at a random moment, and what must hold afterwards.

Shared by test_kill.py (a few trials) and tests/campaign/kill.py (a hundred)."""
import hashlib
import os
import random
import signal
import subprocess
import threading
import time

from .disk import SmallDisk
from .process import status_field, until
from .recording import bulk_blocks, data
from .world import USER, World

STRIKES = ["front", "back", "broker", "full-disk"]
TRAFFIC = ["lines", "bulk"]


class Arena:
    """A world whose data directory is a small disk, used for many trials."""

    def __init__(self, build, folder, account, mib=96):
        self.disk = SmallDisk(folder / "small", mib)
        self.world = World(build, folder, account, config={"data_dir": str(self.disk.path / "data")}, dropbear=False)
        self.world.gateway.data = self.disk.path / "data"
        self.count = 0

    def start(self):
        self.world.start()
        # The port stays over restarts, so that clients' known hosts do.
        self.world.gateway.config["listen"] = {"ssh": f"127.0.0.1:{self.world.gateway.port}"}
        return self

    def stop(self):
        self.world.stop()
        self.disk.remove()


class Client:
    """ssh … 'cat > FILE', fed with what it notes."""

    def __init__(self, world, path, traffic, seed):
        self.process = world.popen("via", f"cat > {path}", stdout=subprocess.DEVNULL)
        self.sent = bytearray()
        self.random = random.Random(seed)
        self.traffic = traffic
        self.thread = threading.Thread(target=self._feed, daemon=True)
        self.thread.start()

    def _feed(self):
        number = 0
        try:
            while True:
                if self.traffic == "lines":
                    block = b"%d:%s\n" % (number, self.random.randbytes(self.random.randrange(1, 400)).hex().encode())
                    time.sleep(0.0005)
                else:
                    block = self.random.randbytes(64 << 10)
                number += 1
                self.sent += block
                self.process.stdin.write(block)
                self.process.stdin.flush()
        except (BrokenPipeError, ValueError, OSError):
            pass

    def end(self, seconds):
        try:
            self.process.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return False
        finally:
            self.thread.join(5)


def gone(pids):
    return all(status_field(pid, "State") in (None, "Z (zombie)") for pid in pids)


def trial(arena, strike, traffic, seed):
    """Runs one; raises AssertionError when a promise is broken. Returns a few figures."""
    world, gateway = arena.world, arena.world.gateway
    chance = random.Random(seed)
    arena.count += 1
    path = world.account.home / f"received-{arena.count}"
    path.unlink(missing_ok=True)
    client = Client(world, path, traffic, seed)
    try:
        until(lambda: path.exists() and path.stat().st_size > 0, 15, "first bytes at the target")
        identifier = gateway.live_session(user=USER)["id"]
        workers = gateway.workers()
        time.sleep(chance.uniform(0.0, 0.8))
        if strike == "broker":
            gateway.kill()
            until(lambda: gone(workers), 2, "workers end with the broker")
        elif strike == "full-disk":
            arena.disk.fill()
        else:
            os.kill(gateway.workers(strike)[0], signal.SIGKILL)
        # No session goes on unrecorded: with its front, back, broker or disk gone, it ends.
        limit = 60 if strike == "full-disk" and traffic == "bulk" else 20
        if strike == "full-disk":
            # A bulk stream grows the record only by its hashes, so it may go on for long: that is recorded, too.
            ended = client.end(limit if traffic == "lines" else 5)
            assert ended or traffic == "bulk", "the session went on with a full disk"
        else:
            assert client.end(limit), f"the client did not notice the end of the {strike}"
        until(lambda: not world.target.session_pids(), 15, "the target's session to end")
    finally:
        client.process.kill()
        client.process.wait()
    if strike == "full-disk":
        arena.disk.relieve()
        gateway.restart()
    if strike == "broker":
        gateway.start()
    gateway.sealed(identifier, 30)

    received = path.read_bytes()
    sent = bytes(client.sent)
    events = gateway.events(identifier, "--with-input")
    recorded = data(events, "up")
    assert sent.startswith(received), "the target received what was not sent"
    assert sent.startswith(recorded), "the record holds what was not sent"
    blocks = bulk_blocks(events, "up")
    total = len(recorded) + sum(block["bytes"] for block in blocks)
    assert len(received) <= total, f"received {len(received)} bytes, recorded {len(recorded)} and counted {total - len(recorded)}"
    if blocks and blocks[-1]["sha256"]:
        assert blocks[-1]["sha256"] == hashlib.sha256(sent[len(recorded):total]).hexdigest()
    verified = gateway.run("recording", "verify", identifier)
    assert verified.returncode == 0, verified
    mine = until(lambda: [e for e in gateway.audit() if e["session"] == identifier and "end" in e["type"]], 10, "the end in the audit log")
    shown = gateway.one("session", "show", identifier)
    assert shown["state"] == "ended" and shown["end_reason"], shown
    assert gateway.run("audit", "verify").returncode == 0
    again = world.ssh("via", "echo serves again")
    assert again.stdout == b"serves again\n", again
    path.unlink()
    return {"received": len(received), "recorded": total, "reason": shown["end_reason"], "audit": mine[-1]["type"]}
