# SPDX-License-Identifier: Apache-2.0
"""A front that was taken over and lies about bulk: what it puts into the ring, and what it says that it put there."""
import hashlib
import os

import pytest

from harness.hostile import Front, faults, front_world  # noqa: F401
from harness.process import until
from harness.puppet import EVENT
from harness.recording import bulk_blocks, data
from harness.world import USER

BULK_AFTER = 64 << 10


class BulkFront(Front):
    """A front whose `cat` on the target is fed through the ring: what it puts there, and what it says that it put."""

    def __init__(self, world, path):
        super().__init__(world)
        # After the end of its input the command stays, so that what ends the session is the broker.
        self.login().until_ready().run(f"cat > {path}; sleep 600")
        assert self.next_event("request_answer").request_answer.ok
        self.path = path
        self.id = world.gateway.live_session(user=USER)["id"]
        self.verbatim, self.ring = b"", b""
        while len(self.verbatim) < BULK_AFTER:
            message = self.event()
            message.data.channel, message.data.bytes = 0, os.urandom(30_000)
            self.verbatim += message.data.bytes
            self.send(EVENT, message)
        while (order := self.control(self.pb.BrokerToFront)) is not None and order.WhichOneof("kind") != "bulk_start":
            pass
        assert order is not None and order.bulk_start.up and order.bulk_start.ring_attached
        assert self.ask("ring front") == "r ring: attached"
        begin = self.event()
        begin.bulk_begin.channel, begin.bulk_begin.offset = 0, len(self.verbatim)
        self.send(EVENT, begin)

    def fill(self, count):
        assert self.ask(f"fill 0 {count}") == f"r fill: {count}"
        start = len(self.ring)
        self.ring += bytes((n * 7 + (n >> 8)) & 0xff for n in range(start, start + count))

    def claim(self, total, kind="eof"):
        message = self.event()
        end = getattr(message, kind)
        end.channel, end.main_total = 0, total
        self.send(EVENT, message)

    @property
    def total(self):
        return len(self.verbatim) + len(self.ring)

    def received(self):
        return self.path.read_bytes() if self.path.exists() else b""

    def arrived(self):
        until(lambda: len(self.received()) == self.total, what=lambda: f"{self.total} bytes at the target, which has {len(self.received())}")

    def ended_for_it(self, before):
        """The session is over, in the audit log as a worker's fault."""
        assert self.gone(), "the session goes on"
        until(lambda: len([e for e in faults(self.world) if e["session"] == self.id]) > before, what="the fault in the audit log")

    def covered(self):
        """Whatever the target received is in the record: verbatim, then counted and hashed by the back."""
        self.close()
        gateway = self.world.gateway
        gateway.sealed(self.id)
        until(lambda: not self.world.target.session_pids(), what="the target's session to end")
        received, events = self.received(), gateway.events(self.id, "--with-input")
        blocks = bulk_blocks(events, "up")
        counted = sum(block["bytes"] for block in blocks)
        assert data(events, "up") == self.verbatim
        assert (self.verbatim + self.ring).startswith(received)
        assert len(received) <= len(self.verbatim) + counted <= self.total
        if blocks:
            assert blocks[-1]["sha256"] == hashlib.sha256(self.ring[:counted]).hexdigest()
        assert gateway.run("recording", "verify", self.id).returncode == 0
        return counted


@pytest.fixture
def bulk_front(front_world):
    """bulk_front() → a BulkFront; streams of its session are bulk after 64 KiB."""
    policy = {"kind": "policy", "name": "ops-on-prod", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"},
              "accounts": ["deploy", "keyed", "passworded"], "allow": ["shell", "exec", "sftp"]}
    front_world.gateway.apply({**policy, "record": {"bulk_after": BULK_AFTER}})
    made = []

    def make():
        path = front_world.account.home / f"ring-{os.urandom(4).hex()}"
        made.append(BulkFront(front_world, path))
        return made[-1]
    yield make
    for one in made:
        one.close()
    front_world.gateway.apply(policy)


def test_a_puppet_that_behaves_uses_the_ring(bulk_front):
    front = bulk_front()
    front.fill(400_000)
    front.arrived()
    front.claim(front.total)
    assert front.covered() == 400_000


def test_more_in_the_ring_than_its_sender_counts_ends_the_session(bulk_front):
    """Whether the end is claimed first or the bytes are counted first."""
    front = bulk_front()
    front.fill(400_000)
    front.claim(len(front.verbatim) + 1000)
    front.ended_for_it(0)
    front.covered()
    late = bulk_front()
    late.fill(400_000)
    late.arrived()
    late.claim(late.total - 1)
    late.ended_for_it(0)
    assert late.covered() == 400_000


def test_bytes_behind_the_end_do_not_reach_the_target(bulk_front):
    front = bulk_front()
    front.fill(200_000)
    front.arrived()
    front.claim(front.total)
    end = front.total
    front.fill(1000)
    front.ended_for_it(0)
    front.covered()
    assert len(front.received()) == end


def test_totals_that_contradict_what_was_counted_end_the_session(bulk_front):
    """More was promised than came: that is waited for, and the target sees no end; then less is said to have been sent."""
    front = bulk_front()
    front.fill(300_000)
    front.claim(front.total + 5000)
    front.arrived()
    front.claim(front.total - 5000, "close")
    front.ended_for_it(0)
    assert front.covered() == 300_000
