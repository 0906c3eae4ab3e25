# SPDX-License-Identifier: Apache-2.0
"""Sessions that somebody must watch: stock clients wait for a supervisor, and pause when the last one leaves."""
import grp
import json
import os
import pwd
import shutil
import signal
import subprocess
import time

import pytest

from harness.process import until
from harness.world import USER

HOLD_SECONDS = 1.5  # how long a client is seen to stay held


def policy(**supervisor):
    return {"kind": "policy", "name": "ops-on-prod", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"},
            "accounts": ["deploy"], "allow": ["shell", "exec", "sftp"],
            "require": {"supervisor": {"groups": ["leads"], "wait": "60s", **supervisor}}}


@pytest.fixture
def supervised(make_world, account):
    """alice's sessions need one of the leads; the account of the tests is bob's, who is one of them."""
    group = grp.getgrgid(pwd.getpwnam(account.name).pw_gid).gr_name
    world = make_world(config={"service_group": group})
    for path in (world.gateway.data, world.gateway.data / "admin.sock"):
        path.chmod(0o777)
    world.account_of_bob = account
    world.gateway.apply({"kind": "user", "name": "bob", "groups": ["leads"], "local_account": account.name}, policy())
    shutil.copy(world.gateway.bin / "sallyport", world.gateway.folder / "sallyport")
    return world


class Bob:
    """bob's command line, as bob's account."""

    def __init__(self, world, *args):
        entry = pwd.getpwnam(world.account_of_bob.name)
        argv = [str(world.gateway.folder / "sallyport"), "--config", str(world.gateway.config_path), *args]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                        user=entry.pw_uid, group=entry.pw_gid, extra_groups=[])

    def result(self, seconds=20):
        out, err = self.process.communicate(timeout=seconds)
        return self.process.returncode, out, err

    def leave(self):
        self.process.kill()
        return self.process.communicate()


def awaited(world):
    """The session that waits for a supervisor, as bob's command line lists it."""
    def look():
        code, out, err = Bob(world, "session", "list", "--awaiting-supervisor", "-o", "json").result()
        assert code == 0, err
        return json.loads(out)
    return until(look, 20, "a session that waits for a supervisor")[0]["id"]


def watch(world, session):
    bob = Bob(world, "session", "watch", session, "--lines")
    until(lambda: world.gateway.one("session", "show", session)["state"] != "awaiting-supervisor", 20, "the supervisor")
    return bob


def state(world, session):
    return world.gateway.one("session", "show", session)["state"]


def notes(world, session):
    return [(event["type"], event["actor"]) for event in world.gateway.audit()
            if event.get("session") == session and "superv" in event["type"]]


def test_a_command_waits_for_its_supervisor(supervised, tmp_path):
    proof = tmp_path / "ran"
    tmp_path.chmod(0o777)
    client = supervised.popen("via", f"touch {proof}; echo here; cat")
    session = awaited(supervised)
    time.sleep(HOLD_SECONDS)
    assert client.poll() is None and not proof.exists(), "it ran before anybody watched"
    assert supervised.gateway.run("session", "resume", session).returncode != 0, "no administrator's resume opens it"
    bob = watch(supervised, session)
    out, err = client.communicate(b"more", timeout=90)
    assert (client.returncode, out) == (0, b"here\nmore"), err
    assert b"needs a supervisor" in err and b"one of the group leads" in err and b"supervises this session" in err, err
    assert b"here" in bob.result()[1], "the supervisor sees it"
    supervisor = f"local:{supervised.account_of_bob.name}"
    assert notes(supervised, session) == [("session.await-supervisor", "sallyport"), ("session.supervise", supervisor),
                                          ("session.unsupervise", supervisor)]


def test_the_session_pauses_when_the_last_supervisor_leaves(supervised):
    client = supervised.popen("via", "cat")
    session = awaited(supervised)
    bob = watch(supervised, session)
    client.stdin.write(b"one\n")
    client.stdin.flush()
    assert client.stdout.readline() == b"one\n"
    began = time.monotonic()
    bob.leave()
    until(lambda: state(supervised, session) == "awaiting-supervisor", 10, "the pause")
    assert time.monotonic() - began < 2
    client.stdin.write(b"two\n")
    client.stdin.flush()
    os.set_blocking(client.stdout.fileno(), False)
    time.sleep(HOLD_SECONDS)
    assert client.stdout.read() is None, "it passed without a supervisor"
    os.set_blocking(client.stdout.fileno(), True)
    bob = watch(supervised, session)
    assert client.stdout.readline() == b"two\n"
    client.stdin.close()
    client.stdin = None
    out, err = client.communicate(timeout=90)
    assert client.returncode == 0 and b"is missing now, so it is paused" in err, err
    bob.leave()


def test_whoever_loses_the_group_loses_the_watch(supervised):
    client = supervised.popen("via", "cat")
    session = awaited(supervised)
    bob = watch(supervised, session)
    began = time.monotonic()
    supervised.gateway.apply({"kind": "user", "name": "bob", "local_account": supervised.account_of_bob.name})
    assert state(supervised, session) == "awaiting-supervisor"
    code, out, err = bob.result()
    assert time.monotonic() - began < 3 and code != 0 and b"not watch" in err, err
    assert Bob(supervised, "session", "watch", session).result()[0] != 0
    supervised.gateway.apply({"kind": "user", "name": "bob", "groups": ["leads"], "local_account": supervised.account_of_bob.name})
    watch(supervised, session).leave()
    client.kill()
    client.communicate()


def test_nobody_supervises_their_own_and_no_other_watcher_counts(supervised):
    supervised.gateway.apply({"kind": "user", "name": "bob"},
                             {"kind": "user", "name": USER, "groups": ["ops", "leads"], "local_account": supervised.account_of_bob.name,
                              "public_keys": [supervised.user_key.with_suffix(".pub").read_text().strip()]})
    client = supervised.popen("via", "echo here")
    session = until(lambda: supervised.gateway.sessions(), 20, "a session")[0]["id"]
    until(lambda: state(supervised, session) == "awaiting-supervisor", 20, "the wait")
    own = Bob(supervised, "session", "watch", session)
    assert own.result()[0] != 0
    root = subprocess.Popen(supervised.gateway.argv("session", "watch", session, "--lines"), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    until(lambda: ("session.watch" in [e["type"] for e in supervised.gateway.audit() if e.get("session") == session]), 20, "root's watch")
    assert client.poll() is None and state(supervised, session) == "awaiting-supervisor"
    root.kill()
    root.communicate()
    client.kill()
    client.communicate()


def test_a_session_ends_after_its_time_without_a_supervisor(supervised):
    supervised.gateway.apply(policy(wait="2s"))
    client = supervised.popen("via", "echo here")
    out, err = client.communicate(timeout=90)
    assert client.returncode != 0 and out == b"" and b"nobody supervises" in err, err
    ended = until(lambda: [s for s in supervised.gateway.sessions(everything=True) if s["state"] == "ended"], 20, "the end")[0]
    assert ended["end_reason"] == "no supervisor"


def test_a_supervised_terminal_and_files(supervised, tmp_path):
    client = supervised.popen("via", options=("-tt",))
    session = awaited(supervised)
    bob = watch(supervised, session)
    out, err = client.communicate(b"echo in-$((40+2)); exit\n", timeout=90)
    assert b"in-42" in out and b"supervises this session" in out, (out, err)
    bob.leave()
    source = tmp_path / "file"
    source.write_bytes(b"x" * 100_000)
    argv = ["scp", "-F", str(supervised.ssh_config), str(source), f"via:{supervised.account_of_bob.home}/copied"]
    copying = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    bob = watch(supervised, awaited(supervised))
    err = copying.communicate(timeout=90)[1]
    assert copying.returncode == 0, err
    bob.leave()


def test_a_policy_that_comes_to_demand_one_pauses_what_is_open(supervised):
    without = policy()
    del without["require"]
    supervised.gateway.apply(without)
    client = supervised.popen("via", "cat")
    client.stdin.write(b"one\n")
    client.stdin.flush()
    assert client.stdout.readline() == b"one\n"
    supervised.gateway.apply(policy())
    session = awaited(supervised)
    bob = watch(supervised, session)
    client.stdin.write(b"two\n")
    client.stdin.flush()
    assert client.stdout.readline() == b"two\n"
    bob.process.send_signal(signal.SIGTERM)
    bob.process.communicate()
    until(lambda: state(supervised, session) == "awaiting-supervisor", 10, "the pause")
    client.kill()
    client.communicate()
