# SPDX-License-Identifier: Apache-2.0
"""A front and a back that were taken over: refused by the kernel what a worker need not do, ended by the broker for what
a worker may not say, and never given what is another's."""
import hashlib
import os
import socket
import threading

import pytest

from harness.memory import forms_of_key, found_in
from harness.process import until
from harness.puppet import (CONTROL, EVENT, Key, Puppet, compile_messages, exchange_hash, fill_kex, libexec, login_blob)
from harness.recording import bulk_blocks, data
from harness.target import keygen, public_line
from harness.world import USER, USER_PASSWORD


@pytest.fixture(scope="module", autouse=True)
def messages(folder):
    compile_messages(folder / "messages")


def front_messages():
    from ipc import front_pb2
    return front_pb2


def back_messages():
    from ipc import back_pb2
    return back_pb2


def event_class():
    from event import event_pb2
    return event_pb2.Event


# --- the front ------------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def front_world(build, folder, account):
    """A gateway whose fronts are puppets; its backs are real."""
    from harness.world import World
    world = World(build, folder / "hostile-front", account, config={"libexec_dir": str(libexec(build, folder / "lf", front=True)),
                                                                  "limits": {"preauth_seconds": 20}}, dropbear=False)
    try:
        world.start()
        world.mallory = keygen(world.folder / "mallory_key")
        world.gateway.apply({"kind": "user", "name": "mallory", "groups": ["ops"], "public_keys": [public_line(world.mallory)]},
                            {"kind": "user", "name": "bob", "groups": ["ops"], "public_keys": [public_line(keygen(world.folder / "bob_key"))]})
        yield world
    finally:
        world.stop()


def connect(world):
    return Puppet(socket.create_connection(("127.0.0.1", world.gateway.port)))


def faults(world):
    return [e for e in world.gateway.audit() if e["type"] == "worker.fault"]


def awaited_event(puppet, *kinds):
    while (message := puppet.raw()) is not None:
        got = event_class()()
        if message[:1] == EVENT:
            got.ParseFromString(message[1:])
            if got.WhichOneof("kind") in kinds:
                return got
    raise AssertionError(f"the worker was ended before any of {kinds}")


class Front(Puppet):
    """A puppet front through key exchange, and through a login as far as it gets."""

    def __init__(self, world):
        super().__init__(socket.create_connection(("127.0.0.1", world.gateway.port)))
        self.world = world
        self.pb = front_messages()
        self.say("")  # a front is made when the client has said something
        start = self.control(self.pb.BrokerToFront)
        assert start.WhichOneof("kind") == "start"
        self.server_version = start.start.server_version

    def exchange(self):
        message = self.pb.FrontToBroker()
        fill_kex(message.sign_kex, server_version=self.server_version)
        self.send(CONTROL, message)
        signed = self.control(self.pb.BrokerToFront)
        assert signed is not None and signed.WhichOneof("kind") == "kex_signed"
        self.session_id = signed.kex_signed.exchange_hash
        assert self.session_id == exchange_hash(message.sign_kex, host_key=signed.kex_signed.host_key)
        return self

    def login_request(self, user, key, signed_user=None, session_id=None):
        message = self.pb.FrontToBroker()
        request = message.auth_request
        request.user, request.service, request.method = user.encode(), "ssh-connection", "publickey"
        request.public_key.algorithm, request.public_key.blob, request.public_key.has_signature = "ssh-ed25519", key.blob, True
        request.public_key.signature = key.sign(login_blob(session_id or self.session_id, signed_user or user, key))
        return message

    def answer(self, message):
        """What the broker says to an authentication request: 'success', 'failure', … or None when it ended the worker."""
        self.send(CONTROL, message)
        reply = self.control(self.pb.BrokerToFront)
        return reply and reply.auth_reply.WhichOneof("kind")

    def login(self, name=f"{USER}@deploy@web1"):
        assert self.exchange().answer(self.login_request(name, Key(self.world.user_key))) == "success"
        return self

    def event(self):
        return event_class()()

    def next_event(self, *kinds):
        """The next event of one of these kinds; fails when the worker is ended before."""
        return awaited_event(self, *kinds)

    def until_ready(self):
        while (message := self.control(self.pb.BrokerToFront)) is not None:
            if message.WhichOneof("kind") == "target_ready":
                return self
        raise AssertionError("no target")

    def run(self, command):
        """A channel with a command, as an ordinary front opens one."""
        opened = self.event()
        opened.channel_open.channel, opened.channel_open.type, opened.channel_open.window = 0, "session", 1 << 21
        self.send(EVENT, opened)
        request = self.event()
        request.request.channel, request.request.want_answer, request.request.exec.command = 0, True, command.encode()
        self.send(EVENT, request)
        return self


def test_a_puppet_that_behaves_is_a_front(front_world):
    """So that what follows fails for its reason and not for a mistake of the puppet's."""
    front = Front(front_world).login().until_ready().run("echo from the target")
    while (message := front.raw()) is not None:
        if message[:1] == EVENT and b"from the target" in message:
            break
    assert message is not None
    front.close()


# A sanitizer's own run-time needs these in a worker (src/sandbox/seccomp_worker.cc); no other build lets them through.
SANITIZERS_CALLS = {"prlimit", "madvise other"}


def refused_calls(names, worker, sanitized):
    assert len(names) > 40 and {"execve", "ptrace", "process_vm_readv", "unshare"} <= set(names)
    answers = {}
    for name in names:
        one = worker()
        answers[name] = one.attempt(name)
        one.close()
    allowed = {name: answer for name, answer in answers.items() if answer is not None and "returned -1 " not in answer}
    assert set(allowed) <= (SANITIZERS_CALLS if sanitized else set()), allowed
    for name in ("execve", "ptrace", "process_vm_readv", "unshare", "clone3", "mmap exec"):
        assert answers[name] is None, f"{name} should end the worker"


def test_every_forbidden_system_call_is_refused(front_world, sanitized):
    """One worker each: most do not live to tell."""
    asking = connect(front_world)
    names = asking.attempts()
    asking.close()
    refused_calls(names, lambda: connect(front_world), sanitized)
    # Those ends are in the audit log, and nobody else was harmed: the next front serves.
    assert any("signal" in str(e).lower() or "sys" in str(e).lower() or "killed" in str(e).lower() for e in faults(front_world)), faults(front_world)[-3:]
    Front(front_world).exchange().close()


def out_of_phase_before_login(pb, event):
    """name → message that a front may not send before authentication."""
    out = {}
    for field in ("credit", "jump_open", "menu_choice", "reauthenticate", "service_command"):
        message = pb.FrontToBroker()
        getattr(message, field).SetInParent()
        out[field] = (CONTROL, message)
    out["event"] = (EVENT, event)
    out["nonsense"] = (CONTROL, b"\xff\xff\xff")
    out["empty"] = (CONTROL, b"")
    out["unknown kind"] = (b"\x09", b"abc")
    long = pb.FrontToBroker()
    long.client_software.version = "x" * 5000
    out["too long"] = (CONTROL, long)
    return out


@pytest.mark.parametrize("exchanged", [False, True], ids=["before-kex", "after-kex"])
def test_out_of_phase_messages_end_that_worker_alone(front_world, exchanged):
    pb = front_messages()
    bystander = Front(front_world).login().until_ready().run("cat")
    event = event_class()()
    event.data.channel, event.data.bytes = 0, b"x"
    cases = out_of_phase_before_login(pb, event)
    if exchanged:
        again = pb.FrontToBroker()
        fill_kex(again.sign_kex)
        cases["second key exchange before login"] = (CONTROL, again)
    else:
        request = pb.FrontToBroker()
        request.auth_request.user, request.auth_request.service, request.auth_request.method = b"alice", "ssh-connection", "none"
        cases["authentication before key exchange"] = (CONTROL, request)
    for name, (kind, message) in cases.items():
        before = len(faults(front_world))
        one = Front(front_world)
        if exchanged:
            one.exchange()
        one.send(kind, message)
        assert one.gone(), f"{name}: the worker lives on"
        one.close()
        until(lambda: len(faults(front_world)) > before, what=f"{name}: in the audit log")
    bystander.send(EVENT, event)
    while (message := bystander.raw()) is not None:
        if message[:1] == EVENT and message.endswith(b"x"):
            break
    assert message is not None, "the session beside it goes on"
    bystander.close()


def test_no_login_by_replayed_or_altered_signatures(front_world):
    alice, mallory = Key(front_world.user_key), Key(front_world.mallory)
    first = Front(front_world).exchange()
    genuine = first.login_request("alice@deploy@web1", alice)
    # The same bytes, on another connection: its session id is another.
    second = Front(front_world).exchange()
    assert second.answer(genuine) == "failure"
    # On its own connection, as another user whose key it is not, or signed for another name.
    assert second.answer(second.login_request("bob@deploy@web1", mallory)) == "failure"
    assert second.answer(second.login_request("alice@deploy@web1", mallory)) == "failure"
    assert second.answer(second.login_request("alice@keyed@web1", alice, signed_user="alice@deploy@web1")) == "failure"
    third = Front(front_world).exchange()
    assert third.answer(third.login_request("alice@deploy@web1", alice, session_id=second.session_id)) == "failure"
    # A key that is alice's with a signature that is nobody's.
    broken = third.login_request("alice@deploy@web1", alice)
    signature = bytearray(broken.auth_request.public_key.signature)
    signature[-1] ^= 1
    broken.auth_request.public_key.signature = bytes(signature)
    assert third.answer(broken) == "failure"
    # A "yes" without a signature is no login.
    query = third.login_request("alice@deploy@web1", alice)
    query.auth_request.public_key.has_signature = False
    query.auth_request.public_key.signature = b""
    assert third.answer(query) == "key_acceptable"
    # And the genuine one still works where it belongs.
    assert first.answer(genuine) == "success"
    for one in (first, second, third):
        one.close()


def test_chosen_session_ids_are_not_signed_for(front_world):
    """The broker hashes its own host key and version in, whatever the front says: H is never the attacker's to choose."""
    front = Front(front_world)
    message = front.pb.FrontToBroker()
    fill_kex(message.sign_kex, server_version="SSH-2.0-OpenSSH_of_somebody_else")
    message.sign_kex.host_key = Key().blob
    front.send(CONTROL, message)
    reply = front.control(front.pb.BrokerToFront)
    assert reply is not None and reply.WhichOneof("kind") == "kex_signed"
    foreign = exchange_hash(message.sign_kex, host_key=message.sign_kex.host_key)
    assert reply.kex_signed.exchange_hash != foreign
    message.sign_kex.server_version = front.server_version.encode()
    assert reply.kex_signed.host_key != message.sign_kex.host_key
    assert reply.kex_signed.exchange_hash == exchange_hash(message.sign_kex, host_key=reply.kex_signed.host_key)
    front.close()


def live_misdeeds(front):
    """name → (kind, message) that a live front may not send."""
    out = {}

    def event(name):
        one = front.event()
        out[name] = (EVENT, one)
        return one
    event("session start").session_start.id = "forged"
    event("session end").session_end.reason = "forged"
    event("control").control.action = "resume"
    event("verdict").verdict.verdict = "allow"
    event("login").login.method = "certificate"
    block = event("block").stream_block
    block.channel, block.up, block.bytes, block.number = 0, True, 100, 1
    event("keyframe").keyframe.channel = 0
    event("exit").exit.status = 0
    event("data on no channel").data.channel = 44
    event("odd channel").channel_open.channel = 7
    event("the same channel again").channel_open.channel = 0
    event("answer to nothing").request_answer.channel = 0
    event("empty")
    message = front.pb.FrontToBroker()
    message.reauthenticate.password = b"x"
    out["an answer to no question"] = (CONTROL, message)
    message = front.pb.FrontToBroker()
    message.menu_choice.index = 0
    out["a choice from no menu"] = (CONTROL, message)
    message = front.pb.FrontToBroker()
    message.auth_request.user = b"bob@deploy@web1"
    out["a second login"] = (CONTROL, message)
    return out


def test_a_live_front_says_only_what_a_front_may(front_world):
    names = list(live_misdeeds(Front(front_world).login()))
    for name in names:
        before = len(faults(front_world))
        front = Front(front_world).login().until_ready().run("cat")
        kind, message = live_misdeeds(front)[name]
        front.send(kind, message)
        gone = front.gone()
        front.close()
        assert gone, f"{name}: the worker lives on"
        until(lambda: len(faults(front_world)) > before, what=f"{name}: in the audit log")


def test_a_jump_beside_a_target_leads_nowhere(front_world):
    front = Front(front_world).login().until_ready()
    for host in ("web1", "127.0.0.1", "elsewhere"):
        message = front.pb.FrontToBroker()
        message.jump_open.host, message.jump_open.port = host, front_world.target.port
        front.send(CONTROL, message)
        while (reply := front.control(front.pb.BrokerToFront)) is not None and reply.WhichOneof("kind") != "jump_reply":
            pass
        assert reply is not None, f"{host}: no answer"
        assert not reply.jump_reply.ok and "has a target already" in reply.jump_reply.reason
    front.close()


def test_nothing_reaches_the_target_unrecorded(front_world):
    """However it sends: past its credit, past the bulk limit without the ring, in pieces or at once."""
    path = front_world.account.home / "hostile-received"
    front = Front(front_world).login().until_ready().run(f"cat > {path}")
    identifier = front_world.gateway.live_session(user=USER)["id"]
    assert front.next_event("request_answer").request_answer.ok
    drain = threading.Thread(target=front.gone, daemon=True)
    drain.start()
    sent = b""
    for n in range(600):  # 9 MiB, more than the credit and more than goes verbatim
        block = b"%06d" % n * 2500
        message = front.event()
        message.data.channel, message.data.bytes = 0, block
        front.send(EVENT, message)
        sent += block
    drain.join(20)
    front.close()
    front_world.gateway.sealed(identifier)
    until(lambda: not front_world.target.session_pids(), what="the target's session to end")
    received = path.read_bytes()
    recorded = data(front_world.gateway.events(identifier, "--with-input"), "up")
    assert recorded.startswith(received) and sent.startswith(recorded)
    assert received, "something did arrive"


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


BULK_AFTER = 64 << 10


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


def test_policy_holds_for_a_hostile_front(front_world):
    front = Front(front_world).login().until_ready()
    opened = front.event()
    opened.channel_open.channel, opened.channel_open.type, opened.channel_open.window = 0, "direct-tcpip", 1 << 20
    front.send(EVENT, opened)
    answer = front.next_event("channel_refused", "channel_opened")
    assert answer.WhichOneof("kind") == "channel_refused" and answer.channel_refused.channel == 0
    front.close()


# --- the back -------------------------------------------------------------------------------------------------------------

class Evil:
    """A target that is the puppeteer: whoever connects is the gateway's puppet back."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(15)
        self.key = Key()

    @property
    def address(self):
        return "127.0.0.1:%d" % self.listener.getsockname()[1]

    def accept(self):
        return Back(self.listener.accept()[0], self.key)


class Back(Puppet):
    def __init__(self, connection, key):
        super().__init__(connection)
        self.key = key
        self.pb = back_messages()
        start = self.control(self.pb.BrokerToBack)
        assert start.WhichOneof("kind") == "start"
        self.client_version = start.start.client_version

    def proof(self, key=None, host_key=None):
        message = self.pb.BackToBroker()
        key = key or self.key
        inputs = fill_kex(message.host_proof.inputs, client_version=self.client_version)
        inputs.host_key = host_key or key.blob
        self.hash = exchange_hash(inputs)
        message.host_proof.signature = key.sign(self.hash)
        return message

    def wanted(self, methods=()):
        message = self.pb.BackToBroker()
        message.login_wanted.methods.extend(methods)
        return message

    def next(self):
        return self.control(self.pb.BrokerToBack)

    def accepted(self):
        self.send(CONTROL, self.proof())
        reply = self.next()
        assert reply is not None and reply.WhichOneof("kind") == "host_accepted"
        assert reply.host_accepted.exchange_hash == self.hash
        return self

    def live(self):
        self.accepted().send(CONTROL, self.wanted())
        assert self.next().WhichOneof("kind") == "login_step"
        done = self.pb.BackToBroker()
        done.login_done.ok = True
        self.send(CONTROL, done)
        return self


@pytest.fixture(scope="module")
def back_world(build, folder, account):
    from harness.world import World
    world = World(build, folder / "hostile-back", account, config={"libexec_dir": str(libexec(build, folder / "lb", back=True))}, dropbear=False)
    world.evil = Evil()
    try:
        world.start()
        world.gateway.apply({"kind": "target", "name": "evil1", "protocol": "ssh", "address": world.evil.address,
                             "labels": {"env": "prod", "kind": "openssh"}, "host_keys": [world.evil.key.line()]})
        yield world
    finally:
        world.stop()


@pytest.fixture
def session_to(back_world):
    """session_to(ACCOUNT) → (ssh client, puppet back) of a fresh session."""
    clients = []

    def open_one(account="deploy", command="cat"):
        client = back_world.popen("via", command, options=["-l", f"{USER}@{account}@evil1"])
        clients.append(client)
        return client, back_world.evil.accept()
    yield open_one
    for client in clients:
        client.kill()
        client.wait()


def test_a_puppet_that_behaves_is_a_back(session_to):
    client, back = session_to()
    back.live()
    out = event_class()()
    while (message := back.raw()) is not None:
        if message[:1] == EVENT:
            got = event_class()()
            got.ParseFromString(message[1:])
            if got.WhichOneof("kind") == "channel_open":
                out.channel_opened.channel, out.channel_opened.window = got.channel_open.channel, 1 << 20
                back.send(EVENT, out)
            if got.WhichOneof("kind") == "request" and got.request.WhichOneof("what") == "exec":
                answer = event_class()()
                answer.request_answer.channel, answer.request_answer.ok = got.request.channel, True
                back.send(EVENT, answer)
                text = event_class()()
                text.data.channel, text.data.bytes = got.request.channel, b"from the puppet\n"
                back.send(EVENT, text)
                break
    assert client.stdout.readline() == b"from the puppet\n"


def refused(client, back):
    assert back.gone(), "the worker lives on"
    assert client.wait(15) != 0


def test_another_targets_host_key_proves_nothing(session_to, back_world):
    """A back between us and evil1 that shows web1's key, even with web1's genuine signature, gets no login."""
    web1 = Key(back_world.target.host_key)
    client, back = session_to()
    back.send(CONTROL, back.proof(key=web1))
    refused(client, back)


def test_a_signature_that_is_not_the_keys_proves_nothing(session_to):
    client, back = session_to()
    message = back.proof(key=Key(), host_key=back.key.blob)
    back.send(CONTROL, message)
    refused(client, back)


def test_the_login_signature_is_bound_to_this_connection(session_to, back_world):
    """What a back is given signs H of its own exchange with its own target's key: nothing that web1 would accept."""
    import struct
    client, back = session_to("keyed")
    back.accepted().send(CONTROL, back.wanted())
    step = back.next()
    request = step.login_step.userauth_request
    # Take the request apart: … algorithm, key, signature. The signature holds over this session id only.
    fields, at = [], 1
    while at < len(request):
        if len(fields) == 3:
            at += 1  # the boolean
        (length,) = struct.unpack(">I", request[at:at + 4])
        fields.append(request[at + 4:at + 4 + length])
        at += 4 + length
    user, service, method, algorithm, blob, signature = fields[:6]
    assert method == b"publickey"
    key = Key(back_world.account.key)
    assert blob == key.blob
    raw = signature[-64:]
    body = request[:len(request) - 4 - len(signature)]
    from cryptography.exceptions import InvalidSignature
    from harness.puppet import string
    key.private.public_key().verify(raw, string(back.hash) + body)
    with pytest.raises(InvalidSignature):
        key.private.public_key().verify(raw, string(exchange_hash_of_another_connection()) + body)
    # And there is one deed for one login.
    back.send(CONTROL, back.wanted(["publickey"]))
    again = back.next()
    assert again is None or again.login_step.give_up or again.login_step.userauth_request == b""


def exchange_hash_of_another_connection():
    import os
    return os.urandom(32)


def test_no_private_key_and_no_password_cross_for_key_logins(session_to, back_world):
    secrets = {"stored password": back_world.account.password.encode(), "user's password": USER_PASSWORD.encode(), "armour": b"PRIVATE KEY",
               **{f"stored key, {form}": value for form, value in forms_of_key(back_world.account.key).items()},
               **{f"user's key, {form}": value for form, value in forms_of_key(back_world.user_key).items()}}
    for account in ("deploy", "keyed"):
        client, back = session_to(account)
        back.accepted().send(CONTROL, back.wanted())
        step = back.next()
        assert step is not None and step.login_step.userauth_request, "it did get its one signed request"
        assert found_in(step.SerializeToString(), secrets) == []
        back.close()


@pytest.mark.parametrize("what", ["login before proof", "done before login", "event before login", "second proof", "nonsense", "credit before login"])
def test_out_of_phase_messages_of_a_back(session_to, back_world, what):
    before = len([e for e in back_world.gateway.audit() if e["type"] == "worker.fault"])
    client, back = session_to()
    done = back.pb.BackToBroker()
    done.login_done.ok = True
    credit = back.pb.BackToBroker()
    credit.credit.bytes = 5
    event = event_class()()
    event.data.bytes = b"x"
    if what == "login before proof":
        back.send(CONTROL, back.wanted())
    elif what == "done before login":
        back.send(CONTROL, done)
    elif what == "event before login":
        back.accepted().send(EVENT, event)
    elif what == "second proof":
        back.accepted().send(CONTROL, back.proof())
    elif what == "credit before login":
        back.send(CONTROL, credit)
    else:
        back.send(CONTROL, b"\xff\xff")
    refused(client, back)
    until(lambda: len([e for e in back_world.gateway.audit() if e["type"] == "worker.fault"]) > before, what="the fault in the audit log")


@pytest.mark.parametrize("kind", ["session_start", "session_end", "control", "verdict", "login"])
def test_a_live_back_cannot_write_the_brokers_events(session_to, back_world, kind):
    client, back = session_to()
    back.live()
    event = event_class()()
    getattr(event, kind).SetInParent()
    back.send(EVENT, event)
    refused(client, back)


def test_what_a_target_opens_is_judged(session_to):
    """A forwarded connection that nobody asked for is refused."""
    client, back = session_to()
    back.live()
    event = event_class()()
    event.channel_open.channel, event.channel_open.type, event.channel_open.window = 1, "forwarded-tcpip", 1000
    back.send(EVENT, event)
    while True:
        answer = awaited_event(back, "channel_refused", "channel_opened")
        assert answer.WhichOneof("kind") != "channel_opened" or answer.channel_opened.channel != 1
        if answer.WhichOneof("kind") == "channel_refused" and answer.channel_refused.channel == 1:
            break


def test_every_forbidden_system_call_of_a_back_is_refused(session_to, sanitized):
    """The same calls as a front's: what a back may do is another list."""
    client, back = session_to()
    names = back.attempts()
    back.close()
    refused_calls(names, lambda: session_to()[1], sanitized)
