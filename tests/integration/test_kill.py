# SPDX-License-Identifier: Apache-2.0
"""kill -9 of a front, a back, the broker, and a full disk, at random moments: what the target received is in the record, it
verifies up to the cut, the audit log names the end, and the gateway serves again. tests/campaign/kill.py runs a hundred."""
import os

import pytest

from harness.kill import STRIKES, TRAFFIC, Arena, trial
from harness.process import status_field, until


@pytest.fixture(scope="module")
def arena(build, folder, account):
    one = Arena(build, folder / "arena", account)
    try:
        yield one.start()
    finally:
        one.stop()


@pytest.mark.parametrize("traffic", TRAFFIC)
@pytest.mark.parametrize("strike", STRIKES)
def test_sudden_death(arena, strike, traffic, record_property):
    for seed in range(2):
        record_property(f"{strike} {traffic} {seed}", trial(arena, strike, traffic, seed))


def staying(world):
    """A session that says so when it is asked, however long the rest takes."""
    client = world.popen("via", "echo up; read x; echo stayed")
    assert client.stdout.readline() == b"up\n"
    return client


def test_killing_one_session_leaves_the_others(make_world):
    import signal
    world = make_world()
    stays = staying(world)
    until(lambda: len(world.gateway.workers()) == 2, what="the first session's workers")
    mine = set(world.gateway.workers())
    goes = world.popen("via", "sleep 60")
    until(lambda: len(world.gateway.workers()) == 4, what="the second session's workers")
    victim = next(pid for pid in world.gateway.workers("front") if pid not in mine)
    os.kill(victim, signal.SIGKILL)
    assert goes.wait(10) != 0
    assert stays.communicate(b"\n", timeout=20)[0] == b"stayed\n"


def test_a_killed_zygote_is_replaced_and_its_sessions_live(make_world):
    import signal
    from harness.process import children
    world = make_world()
    stays = staying(world)
    until(lambda: len(world.gateway.workers()) == 2, what="the workers")
    zygotes = [pid for pid in children(world.gateway.pid) if len((status_field(pid, "NSpid") or "").split()) == 1]
    assert len(zygotes) >= 2
    for pid in zygotes:
        os.kill(pid, signal.SIGKILL)
    until(lambda: world.ssh("via", "echo ok").stdout == b"ok\n", 15, "new sessions")
    assert stays.communicate(b"\n", timeout=20)[0] == b"stayed\n"
