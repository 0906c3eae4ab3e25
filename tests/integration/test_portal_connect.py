# SPDX-License-Identifier: Apache-2.0
"""A terminal in the browser is a session like any other: what it shows, what rules it, who controls it, what ends it."""
import base64
import time

import pytest

from harness.portal import Browser, listening
from harness.process import until
from harness.recording import data
from harness.totp import App, Enrolled
from harness.web_socket import Socket
from harness.web_terminal import WebTerminal
from harness.world import USER, USER_PASSWORD, World


@pytest.fixture(scope="module")
def portal(build, folder, account, store):
    world = World(build, folder / "pconnect", account, dropbear=False,
                  config=listening({"limits": {"preauth_per_source": 1000, "source_guesses_per_minute": 100_000}}))
    try:
        world.start()
        for name, more in (("admin", {"roles": ["administrator"]}), ("auditor", {"roles": ["auditor"]}), ("lead", {"groups": ["leads"], "roles": ["approver"]})):
            world.gateway.apply({"kind": "user", "name": name, **more})
            world.gateway.cli("user", "set-password", name, input=USER_PASSWORD + "\n")
        yield world
    finally:
        world.stop()


def signed_in(portal, user=USER, **more):
    browser = Browser(portal.gateway)
    assert browser.sign_in(user, USER_PASSWORD, **more).status == 201
    return browser


def ended(portal, session):
    return until(lambda: next((s for s in portal.gateway.sessions(everything=True) if s["id"] == session and s["state"] == "ended"), None), 20, "the end")


def policy(name="ops-on-prod", **more):
    return {"kind": "policy", "name": name, "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"}, "accounts": ["deploy", "keyed", "passworded"],
            "allow": ["shell", "exec", "sftp"], **more}


@pytest.fixture
def ruled(portal):
    """Sets the policy for a test, and puts back the usual one."""
    yield lambda **more: portal.gateway.apply(policy(**more))
    portal.gateway.apply(policy())


@pytest.fixture
def terminal(portal):
    one = WebTerminal(signed_in(portal))
    assert one.status == 101
    yield one.shell()
    one.connection.close()
    until(lambda: not portal.gateway.sessions(), 15, "the session's end")


def test_commands_sizes_status_and_the_record(portal):
    browser = signed_in(portal)
    one = WebTerminal(browser, columns=97, rows=31).shell()
    assert [next(iter(told)) for told in one.told[:2]] == ["session", "state"]
    assert b"31 97" in one.run("stty size")
    one.resize(120, 45)
    while b"45 120" not in one.run("stty size"):
        pass
    assert b"xterm-256color" in one.run("echo $TERM")
    assert "gr\u00fcn-42".encode() in one.run("printf 'gr\\303\\274n-%d\\n' $((40+2))")
    live = portal.gateway.live_session(user=USER)
    assert live["id"] == one.session and live["via"] == "browser" and live["source"].startswith("127.0.0.1:")
    one.type("exit 7\r")
    end = one.end()
    assert end["status"] == 7 and "7" in end["words"] and one.closed_with == 1000
    over = ended(portal, one.session)
    assert over["end_reason"] == "the program ended" and over["via"] == "browser"
    portal.gateway.sealed(one.session)
    events = portal.gateway.events(one.session, "--with-input")
    assert data(events, "down") == one.output, "what the browser showed is what is recorded"
    assert b"exit 7\r" in data(events, "up")
    assert portal.gateway.run("recording", "verify", one.session).returncode == 0
    began = [e for e in portal.gateway.audit() if e["type"] == "session.start" and e["session"] == one.session]
    assert began[0]["via"] == "browser" and began[0]["auth"] == "password" and began[0]["actor"] == USER
    finished = [e for e in portal.gateway.audit() if e["type"] == "session.end" and e["session"] == one.session]
    assert finished[0]["via"] == "browser" and finished[0]["source"].startswith("127.0.0.1:")


def test_the_events_are_those_of_an_ssh_client(portal):
    """Kind for kind: whoever reads records need not know who made them."""
    def said(session):
        portal.gateway.sealed(session)
        return [e["request"] for e in portal.gateway.events(session) if e["event"] == "request" and e["request"] != "env"]

    one = WebTerminal(signed_in(portal))
    one.state("live")
    one.type("exit\r")
    one.end()
    shell = portal.popen("via", options=["-tt"])
    session = portal.gateway.live_session(user=USER)["id"]
    shell.communicate(b"exit\n", timeout=30)
    ours, theirs = said(one.session), said(session)
    assert ours == ["pty", "shell"] and [one for one in theirs if one in ours] == ours, (ours, theirs)


def test_a_full_screen_program_is_seen_by_a_second_browser(portal, terminal, account):
    (account.home / "code.c").write_text("".join(f"int function_{n}(void);\n" for n in range(200)))
    account.own(account.home / "code.c")
    session = terminal.session
    watching = Socket(signed_in(portal, "auditor"), f"/sessions/{session}/watch")
    assert watching.status == 101
    terminal.type("vim -u NONE code.c\r")
    terminal.expect(b"function_10")
    late = Socket(signed_in(portal, "admin"), f"/sessions/{session}/watch")
    screen = b""
    while b"function_10" not in screen:
        message = late.message()
        assert message
        if message.get("event") in ("keyframe", "data"):
            screen += base64.b64decode(message["base64"])
    terminal.type(":q!\r")
    terminal.run("echo seen-$((1+1))-all")
    seen = b""
    while b"seen-2-all" not in seen:
        message = watching.message()
        assert message
        if message.get("event") == "data":
            assert message["direction"] == "down", "what is typed is not shown to watchers"
            seen += base64.b64decode(message["base64"])
    assert seen in terminal.output, "the same bytes"
    for one in (watching, late):
        one.connection.close()


def test_a_policy_says_no(portal, ruled):
    browser = signed_in(portal)
    for target, account in (("web1", "root"), ("nowhere", "deploy")):
        refused = WebTerminal(browser, target=target, account=account)
        assert refused.status == 101
        end = refused.end()
        assert end["status"] == 255 and end["words"]
    denied = [e for e in portal.gateway.audit() if e["type"] == "session.denied"]
    assert {(e["target"], e["account"]) for e in denied} >= {("web1", "root"), ("nowhere", "deploy")}
    ruled(allow=["exec"])
    refused = WebTerminal(browser)
    end = refused.end()
    assert "shell" in end["words"] and end["status"] == 255
    ruled(when={"from": ["10.9.9.0/24"]})
    assert WebTerminal(browser).end()["status"] == 255
    until(lambda: not portal.gateway.sessions(), 15, "no session is left")


@pytest.mark.parametrize("query", ["", "?target=web1", "?account=deploy", "?target=web1&account=deploy&columns=5000", "?target=web1&account=deploy&rows=x",
                                   "?target=web1&account=deploy&command=sh", "?target=web1&target=web1&account=deploy", "?target=" + "x" * 200 + "&account=a"])
def test_what_makes_no_sense_is_refused_before_it_begins(portal, query):
    assert Socket(signed_in(portal), f"/connect{query}").status == 400


def test_who_is_not_signed_in_or_comes_from_elsewhere(portal):
    browser = signed_in(portal)
    for wrong in ({"cookie": False}, {"cookie": "A" * 43}):
        assert WebTerminal(browser, **wrong).status == 401
    for origin in ("https://evil.example", "null"):
        assert WebTerminal(browser, origin=origin).status == 403
    assert browser.get("/connect?target=web1&account=deploy").status == 426


def test_a_denied_approval_is_told(portal, ruled):
    ruled(require={"approval": {"approvers": {"groups": ["leads"]}, "count": 1, "valid": "1h"}})
    one = WebTerminal(signed_in(portal))
    held = one.state("held")
    assert signed_in(portal, "lead").post(f"/requests/{held['code']}/deny", {"comment": "not today <b>"}).status == 200
    assert "not today <b>" in one.end()["words"]


def test_an_approval_is_waited_for(portal, ruled):
    ruled(require={"approval": {"approvers": {"groups": ["leads"]}, "count": 1, "valid": "1h"}})
    one = WebTerminal(signed_in(portal))
    held = one.state("held")
    assert "leads" in held["words"] and held["code"] in held["words"]
    lead = signed_in(portal, "lead")
    one.type("echo typed-before-$((1+1))\r")
    assert lead.post(f"/requests/{held['code']}/approve", {}).status == 200
    one.state("live")
    one.expect(b"typed-before-2")
    portal.gateway.cli("session", "terminate", one.session)
    one.end()


def test_a_reason_cannot_be_given_here_and_was_given_before(portal, ruled):
    ruled(require={"reason": True})
    browser = signed_in(portal)
    assert "reason" in WebTerminal(browser).end()["words"]
    assert browser.post("/requests", {"account": "deploy", "targets": ["web1"], "reason": "the disk is full"}).status in (200, 201)
    one = WebTerminal(browser).shell()
    portal.gateway.cli("session", "terminate", one.session)
    one.end()


def test_a_code_of_the_sign_in_counts_and_its_age_too(portal, ruled):
    carol = Enrolled(portal, "carol")
    ruled(require={"factors": ["totp"]})
    assert "code" in WebTerminal(signed_in(portal)).end()["words"], "alice has none"
    App.settle(20)
    browser, began = signed_in(portal, "carol", code=carol.app.code()), time.monotonic()
    one = WebTerminal(browser).shell()
    one.type("exit\r")
    assert one.end()["status"] == 0
    start = next(e for e in portal.gateway.audit() if e["type"] == "session.start" and e["session"] == one.session)
    assert start["auth"] == "password and totp"
    ruled(require={"factors": ["totp"], "max_age": "1s"})
    until(lambda: time.monotonic() - began > 1.5, 6, "a sign-in that is older than a second")
    end = WebTerminal(browser).end()
    assert end["code"] == "factor", end
    assert browser.post("/session/proof", {"password": USER_PASSWORD, "code": carol.app.code(1)}).status == 200
    ruled(require={"factors": ["totp"], "max_age": "5m"})
    one = WebTerminal(browser).shell()
    one.type("exit\r")
    assert one.end()["status"] == 0


def test_an_administrator_pauses_tells_resumes_and_ends_it(portal, terminal):
    admin = signed_in(portal, "admin")
    session = terminal.session

    def act(action, **more):
        assert admin.post(f"/sessions/{session}/control", {"action": action, **more}).status == 200

    act("message", text="mind the gap")
    assert "admin" in terminal.state("live", "mind the gap")["words"]
    act("pause", text="wait")
    terminal.state("paused", "wait")
    terminal.type("echo while-paused-$((1+1))\r")
    terminal.forget()
    act("resume")
    terminal.state("live", "resumed")
    terminal.expect(b"while-paused-2")
    act("terminate", text="enough")
    end = terminal.end()
    assert "enough" in end["words"] and "admin" in end["words"]
    assert "terminated" in ended(portal, session)["end_reason"]


def test_a_suspended_session_wants_the_password(portal, terminal):
    session = terminal.session
    portal.gateway.cli("session", "suspend", session)
    terminal.state("paused")
    portal.gateway.cli("session", "resume", session)
    terminal.expect(b"Password of alice: ")
    terminal.type("wrong\r")
    terminal.expect(b"Password of alice: ")
    terminal.forget()
    terminal.type(USER_PASSWORD + "\r")
    terminal.state("live")
    terminal.run("echo again")
    terminal.type("exit\r")
    terminal.end()
    portal.gateway.sealed(session)
    typed = data(portal.gateway.events(session, "--with-input"), "up")
    assert b"echo again" in typed and USER_PASSWORD.encode() not in typed


def test_a_supervisor_is_waited_for(portal, ruled):
    ruled(require={"supervisor": {"users": ["auditor"], "wait": "60s"}})
    one = WebTerminal(signed_in(portal))
    one.state("held", "supervisor")
    watching = Socket(signed_in(portal, "auditor"), f"/sessions/{one.session}/watch")
    assert watching.status == 101
    one.state("supervised")
    one.type("echo watched-$((1+1))\r")
    one.expect(b"watched-2")
    watching.connection.close()
    one.state("paused", "missing")
    portal.gateway.cli("session", "terminate", one.session)
    one.end()


@pytest.mark.parametrize("how", ["signed out", "signed out elsewhere", "disabled", "new password", "policy"])
def test_what_ends_the_sign_in_or_the_grant_ends_it_at_once(portal, ruled, how):
    name = "mallory"
    portal.gateway.apply({"kind": "user", "name": name, "groups": ["ops"]})
    portal.gateway.cli("user", "set-password", name, input=USER_PASSWORD + "\n")
    browser = signed_in(portal, name)
    one = WebTerminal(browser).shell()
    if how == "signed out":
        assert browser.ask("DELETE", "/session").status == 204
    elif how == "signed out elsewhere":
        other = signed_in(portal, name)
        sign_ins = other.get("/session/sign-ins").json["items"]
        mine = next(s["id"] for s in sign_ins if not s["current"])
        assert other.ask("DELETE", f"/session/sign-ins/{mine}").status == 204
    elif how == "disabled":
        portal.gateway.apply({"kind": "user", "name": name, "groups": ["ops"], "disabled": True})
    elif how == "new password":
        portal.gateway.cli("user", "set-password", name, input="another " + USER_PASSWORD + "\n")
    else:
        ruled(allow=["exec"])
    assert one.end()["words"]
    reason = ended(portal, one.session)["end_reason"]
    assert {"policy": "no shell", "disabled": ""}.get(how, "the sign-in ended") in reason, reason


def test_a_socket_that_breaks_ends_the_session(portal):
    one = WebTerminal(signed_in(portal)).shell()
    one.connection.close()
    ended(portal, one.session)
    portal.gateway.sealed(one.session)
    assert portal.gateway.run("recording", "verify", one.session).returncode == 0


@pytest.mark.parametrize("name", ["oversized", "unmasked", "reserved", "no JSON", "no size", "an order"])
def test_frames_against_the_rules_end_it(portal, name):
    one = WebTerminal(signed_in(portal)).shell()
    try:
        if name == "oversized":
            one.send(2, b"x" * 100_000)
        elif name == "unmasked":
            one.connection.sendall(b"\x82\x02Hi")
        elif name == "reserved":
            one.connection.sendall(b"\xf2\x80\0\0\0\0")
        else:
            one.send(1, {"no JSON": b"resize", "no size": b'{"resize":{"columns":0,"rows":5}}', "an order": b'{"signal":"KILL"}'}[name])
    except OSError:
        pass  # the gateway may end the connection while the frame is still being sent
    assert one.closed()
    ended(portal, one.session)


def test_a_browser_that_does_not_read_holds_up_itself_alone(portal, terminal):
    bystander = WebTerminal(signed_in(portal)).shell()
    terminal.type("head -c 9000000 /dev/zero | base64 -w 76; echo all-$((1+1))-done\r")
    for n in range(20):
        assert f"quick-{n * 7}".encode() in bystander.run(f"echo quick-$(({n}*7))")
    terminal.expect(b"all-2-done")
    bystander.type("exit\r")
    assert bystander.end()["status"] == 0


def test_a_target_that_does_not_read_holds_up_the_typist_alone(portal, terminal):
    terminal.type("stty raw -echo; echo raw-$((1+1)); sleep 2; head -c 1048576 | wc -c; stty sane\r")
    terminal.expect(b"raw-2")
    for _ in range(64):
        terminal.type(b"x" * 16384)
    terminal.expect(b"1048576")
    assert b"after-2" in terminal.run("echo after-$((1+1))")


def test_many_sizes_do_not_flood_the_record(portal, terminal):
    for n in range(2000):
        terminal.resize(50 + n % 100, 20)
    terminal.resize(91, 37)
    while b"37 91" not in terminal.run("stty size"):
        pass
    terminal.type("exit\r")
    terminal.end()
    portal.gateway.sealed(terminal.session)
    sizes = [e for e in portal.gateway.events(terminal.session) if e.get("request") == "window-change"]
    assert 0 < len(sizes) < 500, len(sizes)
