# SPDX-License-Identifier: Apache-2.0
"""A back that was taken over, and a target that is its accomplice."""
import itertools

import pytest

from harness.hostile import Evil, awaited_event, event_class, refused_calls
from harness.memory import forms_of_key, found_in
from harness.process import until
from harness.puppet import CONTROL, EVENT, Key, libexec
from harness.world import USER, USER_PASSWORD, World


tries = itertools.count(1)


def evil_target(world, description):
    return {"kind": "target", "name": "evil1", "protocol": "ssh", "address": world.evil.address, "description": description,
            "labels": {"env": "prod", "kind": "openssh"}, "host_keys": [world.evil.key.line()]}


@pytest.fixture(scope="module")
def back_world(build, folder, account, messages):
    world = World(build, folder / "hostile-back", account, config={"libexec_dir": str(libexec(build, folder / "lb", back=True))}, dropbear=False)
    world.evil = Evil()
    try:
        world.start()
        world.gateway.apply(evil_target(world, "an accomplice"))
        yield world
    finally:
        world.stop()


@pytest.fixture
def session_to(back_world):
    """session_to(ACCOUNT) → (ssh client, puppet back) of a fresh session."""
    clients = []

    def open_one(account="deploy", command="cat"):
        # A target that was changed is tried at once: what failed there before does not space the next login.
        back_world.gateway.apply(evil_target(back_world, f"for try {next(tries)}"))
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
