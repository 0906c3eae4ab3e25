# SPDX-License-Identifier: Apache-2.0
"""Workers that were taken over: puppets in the place of a gateway's fronts or backs, and what they do by themselves."""
import pathlib
import socket
import tempfile

import pytest

from harness.puppet import CONTROL, EVENT, Key, Puppet, exchange_hash, fill_kex, libexec, login_blob
from harness.target import keygen, public_line
from harness.world import USER, World


def front_messages():
    from ipc import ssh_front_pb2
    return ssh_front_pb2


def back_messages():
    from ipc import ssh_back_pb2
    return ssh_back_pb2


def event_class():
    from event import event_pb2
    return event_pb2.Event


@pytest.fixture(scope="module")
def front_world(build, folder, account, messages):
    """A gateway whose fronts are puppets; its backs are real."""
    own = pathlib.Path(tempfile.mkdtemp(prefix="hf", dir=folder))
    own.chmod(0o755)
    world = World(build, own, account, dropbear=False, config={"libexec_dir": str(libexec(build, own / "l", front=True)),
                                                               "limits": {"preauth_seconds": 20}})
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


# A sanitizer's own run-time needs these in a worker (src/sandbox/seccomp_worker.cc); no other build lets them through.
SANITIZERS_CALLS = {"prlimit", "madvise other", "futex requeue"}


def refused_calls(names, worker, sanitized):
    assert len(names) > 40 and {"execve", "ptrace", "process_vm_readv", "unshare"} <= set(names)
    answers = {}
    for name in names:
        one = worker()
        answers[name] = one.attempt(name)
        one.close()
    # EPERM is the filter's answer; any other errno is the kernel's, from behind the filter.
    allowed = {name: answer for name, answer in answers.items() if answer is not None and not answer.endswith("returned -1 errno 1")}
    assert set(allowed) <= (SANITIZERS_CALLS if sanitized else set()), allowed
    for name in ("execve", "ptrace", "process_vm_readv", "unshare", "clone3", "mmap exec"):
        assert answers[name] is None, f"{name} should end the worker"


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
