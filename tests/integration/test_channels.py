# SPDX-License-Identifier: Apache-2.0
"""Channels beyond the first, and requests that are long or must not pass: answered as the target would, or with a reason."""
import threading

import pytest

from harness.process import until
from harness.recording import bytes_of
from harness.slow_target import SlowTarget
from harness.world import USER


def multiplexed(world, host, control, *command, **options):
    return world.ssh(host, *command, options=["-o", f"ControlPath={control}", "-o", "ControlMaster=no"], **options)


@pytest.mark.parametrize("host", ["direct", "via"])
def test_beyond_max_sessions_a_client_connects_anew(make_world, host):
    """sshd refuses the channel in the opening; OpenSSH's client then makes a connection of its own."""
    world = make_world(target_options=["MaxSessions 2"])
    control = world.folder / "control"
    master = world.popen(host, "echo up; cat", options=["-o", f"ControlPath={control}", "-o", "ControlMaster=yes"])
    running = [master]
    try:
        assert master.stdout.readline() == b"up\n"
        second = world.popen(host, "echo up; cat", options=["-o", f"ControlPath={control}", "-o", "ControlMaster=no"])
        running.append(second)
        assert second.stdout.readline() == b"up\n"
        third = multiplexed(world, host, control, "echo third; exit 3")
        assert (third.stdout, third.returncode) == (b"third\n", 3), third.stderr
        if host == "via":
            assert len([e for e in world.gateway.audit() if e["type"] == "session.start"]) == 2
    finally:
        for one in running:
            one.kill()
            one.wait()


def test_channels_opened_while_the_target_opens_hear_what_it_says(make_world):
    """The first is confirmed at once; of the others the target has the word."""
    import paramiko
    world = make_world(target_options=["MaxSessions 2"])
    slow = SlowTarget(world)
    try:
        transport = paramiko.Transport(("127.0.0.1", world.gateway.port))
        transport.start_client(timeout=20)
        transport.auth_publickey(f"{USER}@deploy@slow1", paramiko.Ed25519Key.from_private_key_file(str(world.user_key)))
        first = transport.open_session(timeout=20)
        outcome = {}

        def later(name):
            try:
                outcome[name] = transport.open_session(timeout=30)
            except paramiko.ChannelException as error:
                outcome[name] = error

        sent, send = [], transport._send_user_message
        transport._send_user_message = lambda message: (send(message), sent.append(message))
        threads = [threading.Thread(target=later, args=(i,)) for i in range(2)]
        for thread in threads:
            thread.start()
        until(lambda: slow.waiting == 1, what="a connection to the target")
        until(lambda: len(sent) == 2, what="both openings on their way")
        transport.renegotiate_keys()  # a way to the broker and back behind them: an early confirmation would be here
        assert outcome == {}
        slow.open()
        for thread in threads:
            thread.join(30)
        refused = [one for one in outcome.values() if isinstance(one, Exception)]
        opened = [one for one in outcome.values() if not isinstance(one, Exception)]
        assert len(refused) == 1 and len(opened) == 1, outcome
        first.exec_command("echo first")
        assert first.makefile().read() == b"first\n"
        opened[0].exec_command("echo second")
        assert opened[0].makefile().read() == b"second\n"
        transport.close()
    finally:
        slow.close()


def test_mosh_is_refused_with_a_reason_unless_a_policy_allows_it(make_world):
    world = make_world()
    command = "mosh-server new -c 256 -s"
    refused = world.ssh("via", command)
    assert refused.returncode != 0 and b"mosh would leave the gateway by UDP" in refused.stderr, refused.stderr
    assert world.ssh("via", "echo mosh-server").stdout == b"mosh-server\n"
    (event,) = [e for e in world.gateway.audit() if e["type"] == "session.refused"]
    assert event["what"] == "mosh"
    world.gateway.apply({"kind": "policy", "name": "roaming", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"}, "accounts": ["deploy"],
                         "allow": ["mosh"]})
    allowed = world.ssh("via", "mosh-server new -c 256 -s; echo $?")
    assert b"Sallyport" not in allowed.stderr and allowed.stdout != b""


LONG = 128 * 1024  # what one argument of a program may have on Linux, and with it a command of sshd


@pytest.mark.parametrize("length", [57_000, 65_500, LONG - 100, LONG + 10_000, 200_000])
def test_long_commands_run_as_directly(world, length):
    """Beyond LONG the target's shell cannot be started: that, too, is the target's answer."""
    start, filler = "echo $0 ran; : ", "x" * 99
    words = [start, *[filler] * ((length - len(start)) // 100)]  # of ssh's own command line, which has the same bound for each
    direct, via = (world.ssh(host, *words) for host in ("direct", "via"))
    assert (via.returncode, via.stdout, via.stderr) == (direct.returncode, direct.stdout, direct.stderr)
    assert (direct.returncode == 0) == (length <= LONG)
    identifier = world.gateway.newest_recording()["id"]
    world.gateway.sealed(identifier)
    recorded = [e for e in world.gateway.events(identifier) if e.get("request") == "exec"]
    assert [bytes_of(e) for e in recorded] == [" ".join(words).encode()]
    world.gateway.cli("recording", "verify", identifier)


def test_long_variables_are_carried(world):
    value = "v" * 100_000
    direct, via = (world.ssh(host, "echo ${#SPT_LONG}", options=["-o", f"SetEnv=SPT_LONG={value}"]) for host in ("direct", "via"))
    assert direct.stdout == b"100000\n"
    assert (via.returncode, via.stdout, via.stderr) == (direct.returncode, direct.stdout, direct.stderr)


def test_what_is_too_long_is_refused_with_a_reason(world):
    """Between what an event carries and what an SSH packet may hold there is a KiB or two."""
    words = ["x" * 999] * 261
    via = world.ssh("via", *words)
    assert via.returncode != 0
    assert b"a request of more than 254 KiB is not carried" in via.stderr, via.stderr[-300:]


def test_a_long_command_waits_for_its_target(make_world):
    """Held, in the broker, until the target is there."""
    world = make_world()
    slow = SlowTarget(world)
    words = ["echo $((6*7)); :", *["x" * 999] * 120]
    process = world.popen("via", *words, options=["-l", f"{USER}@deploy@slow1"])
    try:
        until(lambda: slow.waiting == 1, what="a connection to the target")
        slow.open()
        out, err = process.communicate(timeout=60)
        assert (out, err, process.returncode) == (b"42\n", b"", 0)
    finally:
        process.kill()
        process.wait()
        slow.close()
