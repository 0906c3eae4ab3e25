# SPDX-License-Identifier: Apache-2.0
"""Lists of the command line: all of them, however many pages the gateway makes of them, or as many as were asked for."""
import json

from harness.process import until

GROUPS = 2300


def names(text):
    return [row["name"] for row in json.loads(text)]


def test_a_list_longer_than_a_page_is_whole(make_world):
    world = make_world()
    gateway = world.gateway
    gateway.apply(*({"kind": "group", "name": f"many-{i:05}"} for i in range(GROUPS)))
    every = names(gateway.cli("get", "groups", "--text", "many-", "-o", "json"))
    assert every == [f"many-{i:05}" for i in range(GROUPS)]
    assert names(gateway.cli("get", "groups", "--text", "many-02", "--limit", "5", "-o", "json")) == [f"many-0200{i}" for i in range(5)]
    assert len(names(gateway.cli("get", "groups", "--limit", "1500", "-o", "json"))) == 1500
    shown = gateway.run("get", "groups", "--limit", "3")
    assert shown.returncode == 0 and f"3 of {len(json.loads(gateway.cli('get', 'groups', '-o', 'json')))} are shown" in shown.stderr, shown
    assert "are shown" not in gateway.run("get", "groups").stderr


def test_sessions_recordings_and_events_are_filtered_and_limited(make_world):
    world = make_world()
    gateway = world.gateway
    for _ in range(3):
        assert world.ssh("via", "true").returncode == 0
    until(lambda: [row["state"] for row in gateway.recordings()] == ["sealed"] * 3, 20, "three sealed recordings")
    whole = gateway.recordings()
    ids = [row["id"] for row in whole]
    assert ids == sorted(ids, reverse=True), "the newest first"
    assert [row["id"] for row in json.loads(gateway.cli("recording", "list", "--limit", "2", "-o", "json"))] == ids[:2]
    assert [row["id"] for row in json.loads(gateway.cli("session", "list", "--all", "--limit", "1", "-o", "json"))] == ids[:1]
    one = whole[0]
    assert json.loads(gateway.cli("session", "list", "--all", "--user", one["user"], "--target", one["target"], "-o", "json"))
    assert json.loads(gateway.cli("session", "list", "--all", "--user", "nobody-such", "-o", "json")) == []
    assert json.loads(gateway.cli("session", "list", "--all", "--state", "paused", "-o", "json")) == []
    assert json.loads(gateway.cli("session", "list", "--all", "--until", whole[-1]["started_at"], "-o", "json")) == []

    events = [json.loads(line) for line in gateway.cli("audit", "export").splitlines()]
    first = [json.loads(line) for line in gateway.cli("audit", "export", "--limit", "4").splitlines()]
    assert first == events[:4]
    rest = [json.loads(line) for line in gateway.cli("audit", "export", "--after", str(first[-1]["seq"])).splitlines()]
    assert first + rest == events
    begun = [event for event in events if event["type"] == "session.start"]
    newest = json.loads(gateway.cli("audit", "search", "session", "--type", "session.start", "--limit", "1", "-o", "json"))
    assert newest == begun[-1:]
    actor = events[0]["actor"]
    mine = [json.loads(line) for line in gateway.cli("audit", "export", "--actor", actor).splitlines()]
    assert mine == [event for event in events if event["actor"] == actor]
