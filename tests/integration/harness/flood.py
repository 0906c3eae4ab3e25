# SPDX-License-Identifier: Apache-2.0
"""A user who sends as much of one kind of message as the gateway takes, and what the broker keeps of it."""
import logging
import threading
import time

import paramiko
from paramiko.common import MSG_CHANNEL_OPEN, MSG_CHANNEL_REQUEST, MSG_GLOBAL_REQUEST

from .process import status_field, until

MIB = 1 << 20
logging.getLogger("paramiko").setLevel(logging.CRITICAL)  # thousands of refusals are no news here


def message(number, *fields):
    out = paramiko.Message()
    out.add_byte(bytes([number]))
    for field in fields:
        if isinstance(field, bool):
            out.add_boolean(field)
        elif isinstance(field, int):
            out.add_int(field)
        else:
            out.add_string(field)
    return out


class Flooder:
    """One connection with one session channel, at a target that may not have opened yet."""

    def __init__(self, world, login):
        self.transport = paramiko.Transport(("127.0.0.1", world.gateway.port))
        self.transport.start_client(timeout=30)
        self.transport.auth_publickey(login, paramiko.Ed25519Key.from_private_key_file(str(world.user_key)))
        self.channel = self.transport.open_session(timeout=30)
        self.sent = 0  # bytes of messages
        self.next_id = 1000
        self.stopped = threading.Event()
        self.thread = None

    def request(self, name, *fields, want=False):
        return message(MSG_CHANNEL_REQUEST, self.channel.remote_chanid, name, want, *fields)

    def open_channel(self, kind, *fields):
        self.next_id += 1
        self.transport.channels_seen[self.next_id] = True  # so that answers to it are let pass
        return message(MSG_CHANNEL_OPEN, kind, self.next_id, 1 << 20, 32768, *fields)

    def one(self, kind, random):
        """The next message of a kind."""
        if kind == "env":
            return self.request("env", f"N{random.randrange(1000)}", random.randbytes(random.choice((1, 100, 30_000))))
        if kind == "long env":
            return self.request("env", "LONG", random.randbytes(250_000))
        if kind == "window-change":
            return self.request("window-change", random.randrange(1, 500), random.randrange(1, 500), 0, 0)
        if kind == "signal":
            return self.request("signal", random.choice(("WINCH", "USR1", "URG")))
        if kind == "exec":
            return self.request("exec", b": " + b"x" * random.choice((10, 60_000)))
        if kind == "other":
            return self.request(f"r{random.randrange(100)}@example.org", random.randbytes(random.choice((1, 20_000))))
        if kind == "global":
            return message(MSG_GLOBAL_REQUEST, random.choice(("tcpip-forward", "g@example.org")), False, "127.0.0.1", random.randrange(1 << 16))
        if kind == "open":
            name = random.choice(("session", "direct-tcpip", "x" * 200 + "@example.org"))
            return self.open_channel(name, *(("127.0.0.1", 9, "127.0.0.1", 9) if name == "direct-tcpip" else ()))
        raise ValueError(kind)

    def data(self, random):
        """As the window allows: more would be a breach. Bytes sent."""
        self.channel.settimeout(0.02)
        try:
            return self.channel.send(random.randbytes(random.choice((1, 30_000))))
        except TimeoutError:
            return 0

    def start(self, kinds, random):
        def run():
            try:
                while not self.stopped.is_set():
                    kind = random.choice(kinds)
                    if kind == "data":
                        self.sent += self.data(random)
                        continue
                    one = self.one(kind, random)
                    self.transport._send_user_message(one)
                    self.sent += len(one.asbytes())
            except (EOFError, OSError, paramiko.SSHException):
                pass
        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def ended(self):
        return not self.transport.is_active()

    def close(self):
        self.stopped.set()
        self.transport.close()
        if self.thread:
            self.thread.join(20)


KINDS = ("env", "long env", "window-change", "signal", "exec", "other", "global", "open", "data")


def anonymous_bytes(pid):
    return int(status_field(pid, "RssAnon").split()[0]) * 1024


def flooded(world, flooders, kinds, random, seconds):
    """Floods over all connections; the most that the broker grew by, in bytes, and what was sent."""
    before = anonymous_bytes(world.gateway.pid)
    for one in flooders:
        one.start(kinds, random)
    most, sent, still = before, -1, 0
    deadline = time.monotonic() + seconds
    # Until nobody takes anything any more, or the time is over.
    while time.monotonic() < deadline and still < 10 and not all(one.ended() for one in flooders):
        time.sleep(0.05)
        most = max(most, anonymous_bytes(world.gateway.pid))
        now = sum(one.sent for one in flooders)
        still = still + 1 if now == sent else 0
        sent = now
    return most - before, sum(one.sent for one in flooders)


def paused(world, flooder, identifier):
    flooder.channel.exec_command("cat")
    until(lambda: world.gateway.one("session", "show", identifier)["state"] == "live", what="a live session")
    world.gateway.cli("session", "pause", identifier)
