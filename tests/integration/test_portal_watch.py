# SPDX-License-Identifier: Apache-2.0
"""Watching over WebSocket, and hearing of changes: what is shown, to whom, and what ends it."""
import base64
import os
import ssl
import time

import pytest

from harness.portal import Browser, listening
from harness.process import until
from harness.web_socket import Socket
from harness.world import USER, USER_PASSWORD, World


@pytest.fixture(scope="module")
def portal(build, folder, account, store):
    world = World(build, folder / "pwatch", account, dropbear=False, config=listening({"limits": {"preauth_per_source": 1000}}))
    try:
        world.start()
        for name, roles in (("admin", ["administrator"]), ("auditor", ["auditor"])):
            world.gateway.apply({"kind": "user", "name": name, "roles": roles})
            world.gateway.cli("user", "set-password", name, input=USER_PASSWORD + "\n")
        yield world
    finally:
        world.stop()


def signed_in(portal, user):
    browser = Browser(portal.gateway)
    assert browser.sign_in(user, USER_PASSWORD).status == 201
    return browser


@pytest.fixture
def live(portal):
    shell = portal.popen("via", options=["-tt"])
    session = portal.gateway.live_session(user=USER)
    yield session["id"], shell
    shell.kill()
    shell.communicate()
    until(lambda: not portal.gateway.sessions(), 10, "the session's end")


def test_a_watcher_sees_what_the_user_sees(portal, live):
    session, shell = live
    watching = Socket(signed_in(portal, "auditor"), f"/sessions/{session}/watch")
    assert watching.status == 101
    shell.stdin.write(b"echo shown-$((40+2))\n")
    shell.stdin.flush()
    shown, states = b"", []
    while b"shown-42" not in shown:
        message = watching.message()
        assert message is not None
        if message.get("event") in ("data", "keyframe"):
            shown += base64.b64decode(message["base64"])
            assert message.get("direction") != "up"
        if "state" in message:
            states.append(message["state"])
    assert states and states[0] == "live"
    began = time.monotonic()
    administrator = signed_in(portal, "admin")
    assert administrator.post(f"/sessions/{session}/control", {"action": "pause"}).status == 200
    while message.get("state") != "paused":
        message = watching.message()
    assert time.monotonic() - began < 5
    assert administrator.post(f"/sessions/{session}/control", {"action": "terminate"}).status == 200
    while message and message.get("state") != "ended":
        message = watching.message()
    assert message, "the end is said"
    assert any(e["type"] == "admin.session-watch" and e["actor"] == "auditor" for e in portal.gateway.audit())


def test_who_may_not_watch_is_not_shown_anything(portal, live):
    session, _ = live
    auditor = signed_in(portal, "auditor")
    assert Socket(auditor, f"/sessions/{session}/watch", cookie=False).status == 401
    assert Socket(auditor, f"/sessions/{session}/watch", cookie="A" * 43).status == 401
    # A user whom no policy names as a supervisor of the session is told of none.
    assert Socket(signed_in(portal, USER), f"/sessions/{session}/watch").status == 404
    assert Socket(auditor, "/sessions/01JAAAAAAAAAAAAAAAAAAAAAAA/watch").status == 404
    assert Socket(auditor, f"/sessions/{session}/watch", origin="https://evil.example").status == 403
    assert Socket(auditor, f"/sessions/{session}/watch", origin="null").status == 403
    assert Socket(auditor, f"/sessions/{session}/watch", key="c2hvcnQ=").status == 400
    assert Socket(auditor, f"/sessions/{session}").status == 400, "no WebSocket"
    assert auditor.get(f"/sessions/{session}/watch").status == 426


def test_a_sign_in_that_ends_ends_its_watch(portal, live):
    session, _ = live
    auditor = signed_in(portal, "auditor")
    watching = Socket(auditor, f"/sessions/{session}/watch")
    assert watching.message()
    assert auditor.ask("DELETE", "/session").status == 204
    assert watching.closed()


@pytest.mark.parametrize("name", ["oversized", "unmasked", "reserved", "half a character"])
def test_frames_against_the_rules_end_the_socket(portal, live, name):
    session, _ = live
    watching = Socket(signed_in(portal, "auditor"), f"/sessions/{session}/watch")
    assert watching.status == 101
    try:
        if name == "oversized":
            watching.send(2, b"x" * 100_000)
        elif name == "unmasked":
            watching.connection.sendall(b"\x81\x02Hi")
        elif name == "reserved":
            watching.connection.sendall(b"\xf1\x80\0\0\0\0")
        else:
            watching.send(1, b"\xff\xff")
    except (ConnectionError, ssl.SSLError):
        pass  # the gateway may end the connection while the frame is still being sent
    assert watching.closed()
    assert portal.gateway.sessions(), "the session goes on"


def test_a_watcher_that_does_not_read_holds_up_nobody(portal, live):
    session, shell = live
    slow = [Socket(signed_in(portal, "auditor"), f"/sessions/{session}/watch") for _ in range(3)]
    shell.stdin.write(b"head -c 30000000 /dev/zero | base64; echo all-$((1+1))-done\n")
    shell.stdin.flush()
    shown, began = b"", time.monotonic()
    while b"all-2-done" not in shown:
        chunk = os.read(shell.stdout.fileno(), 1 << 20)
        assert chunk
        shown = shown[-100:] + chunk
    assert time.monotonic() - began < 60
    gap = False
    while not gap:
        message = slow[0].message()
        assert message is not None
        gap = message.get("gap", False)
    for one in slow:
        one.connection.close()


def test_changes_are_told_without_their_content(portal):
    browser = signed_in(portal, USER)
    stream = browser.raw(f"GET /api/v1/events HTTP/1.1\r\nHost: {browser.authority}\r\nCookie: __Host-sallyport={browser.cookie}\r\n\r\n".encode(), 20)
    said = b""
    while b"retry:" not in said:
        said += stream.recv(65536)
    assert b"text/event-stream" in said
    time.sleep(1.2)  # it begins with the next change, so the listening must have begun
    portal.gateway.apply({"kind": "group", "name": "told"})
    while b"event: resources\ndata: {}" not in said:
        chunk = stream.recv(65536)
        assert chunk
        said += chunk
    assert b"told" not in said
    assert browser.ask("DELETE", "/session", fresh=True).status == 204
    while chunk := stream.recv(65536):
        pass
    assert Browser(portal.gateway).get("/events").status == 401
