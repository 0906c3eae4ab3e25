# SPDX-License-Identifier: Apache-2.0
"""Recordings in the browser: the same events as on the command line, verified honestly, for those who may, and noted."""
import http.client
import json
import os
import signal
import socket

import pytest

from harness.portal import Browser, listening
from harness.process import until
from harness.recording import data, part_at, parts
from harness.world import USER_PASSWORD, World


@pytest.fixture(scope="module")
def portal(build, folder, account, store):
    world = World(build, folder / "replay", account, dropbear=False, config=listening())
    try:
        world.start()
        for name, roles in (("rita", ["auditor"]), ("adam", ["administrator"]), ("paul", ["approver"]), ("nina", [])):
            world.gateway.apply({"kind": "user", "name": name, "roles": roles})
            world.gateway.cli("user", "set-password", name, input=USER_PASSWORD + "\n")
        yield world
    finally:
        world.stop()


def browser(world, user="rita"):
    one = Browser(world.gateway)
    assert one.sign_in(user, USER_PASSWORD).status == 201
    return one


def record(world, command, input=b"", **options):
    known = {r["id"] for r in world.gateway.recordings()}
    world.ssh("via", command, input=input, **options)
    (new,) = until(lambda: [r["id"] for r in world.gateway.recordings() if r["id"] not in known], what="a new recording")
    world.gateway.sealed(new)
    return new


def lines(answer):
    assert answer.status == 200, answer.body
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.body.splitlines()]


def test_the_events_are_those_of_the_command_line(portal):
    # Bytes that are no UTF-8, what no page may obey, and more than one share of it.
    identifier = record(portal, r"printf '\377\000\033]52;c;QQ==\007<script>\342\200\256'; seq 1 200000; echo err >&2; exit 3")
    events = lines(browser(portal).get(f"/recordings/{identifier}/events"))
    sequences = [event.pop("sequence") for event in events]
    assert sequences == sorted(set(sequences)) and len(events) > 5
    assert any("judged" in event for event in events)
    for event in events:
        if "judged" in event:
            event["sequence"] = event.pop("judged")
    assert events == portal.gateway.json("recording", "show", identifier, "--events")
    dumped = portal.gateway.run("recording", "play", identifier, "--dump", text=False)
    assert dumped.returncode == 0 and data(events, "down") == dumped.stdout
    assert b"\xff\x00\x1b]52;c;QQ==\x07<script>\xe2\x80\xae1\n" in dumped.stdout and b"\n200000\n" in dumped.stdout


def test_what_users_type_stays_hidden(portal):
    identifier = record(portal, "cat >/dev/null", input=b"typed-secret-9931\n")
    answer = browser(portal).get(f"/recordings/{identifier}/events")
    assert any(event.get("hidden") for event in lines(answer))
    assert b"typed-secret" not in answer.body


def test_each_opening_is_audited_with_who_and_why(portal):
    identifier = record(portal, "echo audited")
    rita = browser(portal)
    assert rita.get(f"/recordings/{identifier}/events").status == 200
    assert rita.get(f"/recordings/{identifier}").status == 200
    found = [e for e in portal.gateway.audit() if e["type"] == "recording.open" and e["session"] == identifier]
    mine = [e for e in found if e["actor"] == "rita"]
    assert [e["purpose"] for e in mine] == ["play", "verify"], found
    assert all(e["with_input"] is False and e["via"] == "portal" and e["source"] == "127.0.0.1" for e in mine), mine
    portal.gateway.cli("recording", "show", identifier)
    last = [e for e in portal.gateway.audit() if e["type"] == "recording.open" and e["session"] == identifier][-1]
    assert last["via"] == "admin-socket" and last["source"].startswith("process ")


@pytest.mark.parametrize("user, status", [("rita", 200), ("adam", 200), ("paul", 403), ("nina", 403)])
def test_who_may(portal, user, status):
    identifier = record(portal, "echo for whom")
    one = browser(portal, user)
    assert one.get(f"/recordings/{identifier}").status == status
    answer = one.get(f"/recordings/{identifier}/events")
    assert answer.status == status
    if status == 403:
        assert b"for whom" not in answer.body


def test_nobody_else_may(portal):
    identifier = record(portal, "echo nobody")
    stranger = Browser(portal.gateway)
    assert stranger.get(f"/recordings/{identifier}").status == 401
    assert stranger.get(f"/recordings/{identifier}/events").status == 401


def test_what_is_not_there(portal):
    rita = browser(portal)
    for path in ("/recordings/01hzzzzzzzzzzzzzzzzzzzzzzz", "/recordings/01hzzzzzzzzzzzzzzzzzzzzzzz/events"):
        answer = rita.get(path)
        assert answer.status in (400, 404) and answer.json["detail"], answer.body
    assert rita.get("/recordings/..%2fx/events").status in (400, 404)
    assert rita.get("/recordings/01hzzzzzzzzzzzzzzzzzzzzzzz/events?with_input=true").status == 400


def test_a_verification_says_what_the_command_line_says(portal):
    identifier = record(portal, "seq 1 5000")
    answer = browser(portal).get(f"/recordings/{identifier}").json
    said = answer["verification"]
    told = portal.gateway.one("recording", "verify", identifier)
    assert said["sound"] is True and said["signer_trusted"] is True and said["opened"] is True and said["state"] == "sealed"
    assert answer["verified_at"]
    assert said["coverage"] == portal.gateway.one("recording", "show", identifier)["coverage"] and said["coverage_shortened"] is False
    for key, value in told.items():
        if key != "id":
            assert said[key] == value, key
    assert answer["recording"]["id"] == identifier and answer["recording"]["user"] == "alice"


def files_of(world, identifier):
    return next((world.gateway.data / "recordings").rglob(f"{identifier}.rec"))


def test_a_session_that_still_runs_has_its_events_so_far(portal):
    client = portal.popen("via", "echo so-far; cat", bufsize=0)
    try:
        assert client.stdout.readline() == b"so-far\n"
        identifier = portal.gateway.live_session(user="alice")["id"]
        rita = browser(portal)
        until(lambda: b"so-far" in data(lines(rita.get(f"/recordings/{identifier}/events")), "down"), 20, "its output")
        verified = rita.get(f"/recordings/{identifier}").json
        assert verified["verification"]["state"] == "live" and verified["verification"]["sound"] is True
    finally:
        client.kill()
        client.wait()
    portal.gateway.sealed(identifier)


@pytest.mark.parametrize("what", ["header", "chunk 0", "seal"])
def test_damage_is_said_and_nothing_else_suffers(portal, what):
    identifier = record(portal, "seq 1 3000")
    path = files_of(portal, identifier)
    whole = path.read_bytes()
    _, start, end = next(part for part in parts(whole) if part[0] == what)
    at = (start + end) // 2
    assert part_at(whole, at) == what
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
    rita = browser(portal)
    proof = rita.get(f"/recordings/{identifier}")
    assert proof.status == 200, proof.body
    said = proof.json["verification"]
    assert said["sound"] is False and any(one["severity"] == "fault" for one in said["findings"])
    shown = rita.get(f"/recordings/{identifier}/events")
    if shown.status != 200:
        assert shown.status in (403, 409) and shown.json["detail"], shown.body
    elif what == "chunk 0":
        assert any(event.get("event") == "damage" for event in lines(shown)), shown.body[:500]
    assert portal.gateway.run("recording", "verify", identifier).returncode != 0, "the command line says the same"
    assert not [e for e in portal.gateway.audit() if e["type"] == "worker.fault"], "it is no fault of a worker's"


def small_socket(address, timeout, source):
    """A browser's whose buffer is soon full."""
    out = socket.socket()
    out.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 * 1024)
    out.settimeout(timeout)
    out.connect(address)
    return out


def begin(one, identifier):
    """Asks for the events and reads nothing but the head."""
    one.close()
    one.connection = http.client.HTTPSConnection(one.host, one.port, context=one.context, timeout=20)
    one.connection._create_connection = small_socket
    one.connection.request("GET", f"/api/v1/recordings/{identifier}/events", headers={"Cookie": f"__Host-sallyport={one.cookie}"})
    return one.connection.getresponse()


@pytest.fixture(scope="module")
def long_one(portal):
    """A recording whose events are more than everything between a viewer and a browser holds."""
    return record(portal, "stty -opost; seq 1 2500000", options=["-tt"])


def read_on(response):
    try:
        while response.read(65536):
            pass
    except http.client.IncompleteRead:
        return "broken"
    except (ConnectionError, OSError):
        return "broken"
    return "whole"


def test_it_ends_with_the_role(portal, long_one):
    portal.gateway.apply({"kind": "user", "name": "rosa", "roles": ["auditor"]})
    portal.gateway.cli("user", "set-password", "rosa", input=USER_PASSWORD + "\n")
    rosa = browser(portal, "rosa")
    response = begin(rosa, long_one)
    assert response.status == 200 and response.read(1000)
    until(lambda: portal.gateway.workers("viewer"), what="a viewer at work")
    portal.gateway.apply({"kind": "user", "name": "rosa", "roles": []})
    until(lambda: not portal.gateway.workers("viewer"), 20, "no viewer any more")
    assert read_on(response) == "broken"
    assert rosa.get(f"/recordings/{long_one}/events", fresh=True).status == 403


def test_it_ends_with_the_sign_in(portal, long_one):
    portal.gateway.apply({"kind": "user", "name": "rolf", "roles": ["auditor"]})
    portal.gateway.cli("user", "set-password", "rolf", input=USER_PASSWORD + "\n")
    one = browser(portal, "rolf")
    response = begin(one, long_one)
    assert response.status == 200 and response.read(1000)
    portal.gateway.apply({"kind": "user", "name": "rolf", "roles": ["auditor"], "disabled": True})
    until(lambda: not portal.gateway.workers("viewer"), 20, "no viewer any more")
    assert read_on(response) == "broken"


def test_it_ends_with_the_browser(portal, long_one):
    one = browser(portal)
    response = begin(one, long_one)
    assert response.status == 200 and response.read(1000)
    until(lambda: portal.gateway.workers("viewer"), what="a viewer at work")
    response.close()
    one.close()
    until(lambda: not portal.gateway.workers("viewer"), 20, "no viewer any more")


def test_one_user_has_four_at_a_time(portal, long_one):
    portal.gateway.apply({"kind": "user", "name": "olaf", "roles": ["auditor"]})
    portal.gateway.cli("user", "set-password", "olaf", input=USER_PASSWORD + "\n")
    first = browser(portal, "olaf")
    readers = []
    for _ in range(4):
        one = Browser(portal.gateway)
        one.cookie = first.cookie
        readers.append((one, begin(one, long_one)))
        assert readers[-1][1].status == 200
    refused = first.get(f"/recordings/{long_one}")
    assert refused.status == 503 and refused.code == "busy" and refused.headers["Retry-After"]
    assert browser(portal).get(f"/recordings/{long_one}").status == 200, "another user has places"
    for one, response in readers:
        response.close()
        one.close()
    until(lambda: first.get(f"/recordings/{long_one}").status == 200, 20, "a place again")


def test_a_viewer_that_dies_breaks_the_answer_off(portal, long_one):
    one = browser(portal)
    response = begin(one, long_one)
    assert response.status == 200 and response.read(1000)
    (pid,) = until(lambda: portal.gateway.workers("viewer"), what="a viewer at work")
    os.kill(pid, signal.SIGKILL)
    assert read_on(response) == "broken"
    until(lambda: [e for e in portal.gateway.audit() if e["type"] == "worker.fault" and e.get("worker") == "viewer"], what="the fault in the audit log")
