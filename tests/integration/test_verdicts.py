# SPDX-License-Identifier: Apache-2.0
"""What `recording show --commands` says of each program is what the target saw of it."""
import concurrent.futures
import contextlib
import os
import random
import subprocess
import uuid

import pytest

from harness.process import until


@pytest.fixture(scope="module")
def judged(build, folder, account):
    from harness.world import World
    world = World(build, folder / "verdicts", account, dropbear=False)
    try:
        yield world.start()
    finally:
        world.stop()


@pytest.fixture
def agent(tmp_path):
    path = str(tmp_path / "agent")
    process = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        until(lambda: os.path.exists(path), what="the agent's socket")
        yield {**os.environ, "SSH_AUTH_SOCK": path}
    finally:
        process.terminate()
        process.wait()


def allow(world, *permissions):
    world.gateway.apply({"kind": "policy", "name": "ops-on-prod", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"},
                         "accounts": ["deploy"], "allow": list(permissions)})


@contextlib.contextmanager
def one_recording(world):
    """The id of the recording that is made meanwhile, once it is sealed, as the only item of a list."""
    known, found = {r["id"] for r in world.gateway.recordings()}, []
    yield found
    found += until(lambda: [r["id"] for r in world.gateway.recordings() if r["id"] not in known], what="a new recording")
    assert len(found) == 1
    world.gateway.sealed(found[0])


def commands(world, identifier):
    return world.gateway.json("recording", "show", identifier, "--commands")


def test_a_refused_agent_is_not_the_command_beside_it(judged, agent):
    allow(judged, "exec")
    with one_recording(judged) as made:
        done = subprocess.run(judged.ssh_argv("via", "id -un", options=["-A"]), env=agent, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60)
    assert done.returncode == 0 and done.stdout.strip() == judged.account.name
    rows = commands(judged, made[0])
    assert [(row["source"], row["text"], row["verdict"]) for row in rows] == [("exec", "id -un", "allow")]
    refused = [event for event in judged.gateway.events(made[0]) if event["event"] == "verdict" and event["verdict"] == "deny"]
    assert [event["name"] for event in refused] == ["auth-agent-req@openssh.com"]


@pytest.mark.parametrize("permissions", [["exec"], ["shell"], ["sftp", "exec"], ["shell", "forward-agent"], ["shell", "exec", "sftp"]],
                         ids=lambda p: "+".join(p))
def test_each_of_many_channels_has_the_verdict_that_the_target_saw(judged, agent, tmp_path, permissions):
    """Programs of all kinds at once over one connection, with and without an agent: each that ran leaves a file."""
    allow(judged, *permissions)
    seed = random.randrange(1 << 30)
    rng = random.Random(seed)
    control = f"{tmp_path}/control"
    folder = f"{judged.account.home}/seen-{uuid.uuid4().hex[:8]}"
    made_by_hand = subprocess.run(judged.ssh_argv("direct", f"mkdir {folder}"), stdin=subprocess.DEVNULL, timeout=60)
    assert made_by_hand.returncode == 0
    source = tmp_path / "source"
    source.write_text("x")

    refused = {"exec", "shell", "subsystem"} - {"subsystem" if name == "sftp" else name for name in permissions}

    def run(index, kind, with_agent):
        options = ["-o", f"ControlPath={control}", "-o", "ControlMaster=no", *(["-A"] if with_agent else [])]
        name = f"{folder}/{kind}-{index}"
        if kind == "subsystem":
            argv = ["sftp", "-b", "-", "-F", str(judged.ssh_config), *options, "via"]
            words = f"put {source} {name}\n"
        else:
            argv = judged.ssh_argv("via", *([f"touch {name}"] if kind == "exec" else []), options=["-T", *options])
            words = f"touch {name}\nexit\n" if kind == "shell" else ""
        try:
            subprocess.run(argv, input=words.encode(), env=agent, capture_output=True, timeout=15 if kind in refused else 120)
        except subprocess.TimeoutExpired:
            # A client with shared connection may wait on after a refusal; what it asked for is in the record by then.
            if kind not in refused:
                raise

    with one_recording(judged) as made:
        master = judged.popen("via", options=["-o", f"ControlPath={control}", "-M", "-N"])
        try:
            until(lambda: os.path.exists(control), what="the control socket")
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                jobs = [pool.submit(run, i, rng.choice(["exec", "shell", "subsystem"]), rng.random() < 0.5) for i in range(12)]
                for job in jobs:
                    job.result()
        finally:
            master.terminate()
            master.wait()
    rows = commands(judged, made[0])
    seen = sorted(os.listdir(folder))
    assert len(rows) == 12, seed
    assert {row["verdict"] for row in rows} <= {"allow", "deny"}, (seed, rows)
    for kind in ("exec", "shell", "subsystem"):
        granted = [row for row in rows if row["source"] == kind and row["verdict"] == "allow"]
        assert len(granted) == sum(name.startswith(kind + "-") for name in seen), (seed, kind, rows, seen)
        permission = "sftp" if kind == "subsystem" else kind
        assert all((row["verdict"] == "allow") == (permission in permissions) for row in rows if row["source"] == kind), (seed, rows)
    ran = sorted(row["text"] for row in rows if row["source"] == "exec" and row["verdict"] == "allow")
    assert ran == sorted(f"touch {folder}/{name}" for name in seen if name.startswith("exec-")), seed
