# SPDX-License-Identifier: Apache-2.0
"""A front that was taken over: refused by the kernel what a worker need not do, ended by the broker for what a worker may
not say, and never given what is another's."""
import os
import signal
import threading

import pytest

from harness.hostile import Front, connect, event_class, faults, front_messages, front_world, refused_calls  # noqa: F401
from harness.process import descendants, until
from harness.puppet import CONTROL, EVENT, Key, exchange_hash, fill_kex
from harness.recording import data
from harness.world import USER


def test_a_puppet_that_behaves_is_a_front(front_world):
    """So that what follows fails for its reason and not for a mistake of the puppet's."""
    front = Front(front_world).login().until_ready().run("echo from the target")
    while (message := front.raw()) is not None:
        if message[:1] == EVENT and b"from the target" in message:
            break
    assert message is not None
    front.close()


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
        # What only old peers need is not signed for, whatever the front agreed on.
        for name, change in {"key exchange over SHA-1": {"method": "diffie-hellman-group14-sha1"},
                             "a group of the server's": {"method": "diffie-hellman-group-exchange-sha256"},
                             "signature over SHA-1": {"host_key_algorithm": "ssh-rsa"}, "old MAC": {"protection": ["hmac-sha2-256"]}}.items():
            old = pb.FrontToBroker()
            fill_kex(old.sign_kex)
            for field, value in change.items():
                if isinstance(value, list):
                    getattr(old.sign_kex, field).extend(value)
                else:
                    setattr(old.sign_kex, field, value)
            cases[name] = (CONTROL, old)
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


def test_policy_holds_for_a_hostile_front(front_world):
    front = Front(front_world).login().until_ready()
    opened = front.event()
    opened.channel_open.channel, opened.channel_open.type, opened.channel_open.window = 0, "direct-tcpip", 1 << 20
    front.send(EVENT, opened)
    answer = front.next_event("channel_refused", "channel_opened")
    assert answer.WhichOneof("kind") == "channel_refused" and answer.channel_refused.channel == 0
    front.close()


def test_requests_that_nobody_answers_are_bounded(front_world):
    """One that waits for a target which hangs holds back the refusals of all that come after it."""
    policy = {"kind": "policy", "name": "ops-on-prod", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"},
              "accounts": ["deploy", "keyed", "passworded"], "allow": ["shell", "exec", "sftp"]}
    front_world.gateway.apply({**policy, "allow": ["exec", "forward-remote"]})
    front = Front(front_world).login().until_ready().run("cat")
    assert front.next_event("request_answer").request_answer.ok
    hanging = descendants(front_world.target.process.pid)
    before = len(faults(front_world))
    try:
        for pid in hanging:
            os.kill(pid, signal.SIGSTOP)
        for n in range(4000):
            message = front.event()
            message.global_request.type = "tcpip-forward" if n == 0 else "no-such-request"
            message.global_request.want_answer = True
            front.send(EVENT, message)
        assert front.gone(), "the worker lives on"
        until(lambda: len(faults(front_world)) > before, what="the fault in the audit log")
        assert "too many requests" in str(faults(front_world)[-1])
    finally:
        for pid in hanging:
            os.kill(pid, signal.SIGCONT)
        front.close()
        front_world.gateway.apply(policy)
