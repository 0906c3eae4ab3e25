# SPDX-License-Identifier: Apache-2.0
"""The portal's API over HTTPS: certificates, sign-in, sessions of several users, and what one sign-in may do."""
import itertools
import json
import pathlib
import signal
import subprocess
import os
import ssl
import time

import pytest

from harness.portal import Browser, listening
from harness.process import until
from harness.totp import Enrolled
from harness.world import USER, USER_PASSWORD, World

_names = (f"visitor{n}" for n in itertools.count(1))


@pytest.fixture(scope="module")
def portal(build, folder, account, store):
    world = World(build, folder / "portal", account, dropbear=False,
                  config=listening({"limits": {"source_guesses_per_minute": 100_000, "preauth_per_source": 10_000, "auth_tries": 50}}))
    try:
        yield world.start()
    finally:
        world.stop()


def add_user(world, *roles, **more):
    name = next(_names)
    world.gateway.apply({"kind": "user", "name": name, "roles": list(roles), **more})
    world.gateway.cli("user", "set-password", name, input=USER_PASSWORD + "\n")
    return name


def signed_in(world, *roles, **more):
    browser = Browser(world.gateway)
    browser.user = add_user(world, *roles, **more)
    answer = browser.sign_in(browser.user, USER_PASSWORD)
    assert answer.status == 201, answer.body
    return browser


def test_the_certificate_is_of_the_gateways_authority(portal):
    browser = Browser(portal.gateway)
    with browser.raw() as connection:
        assert connection.version() == "TLSv1.3"
        assert ("IP Address", "127.0.0.1") in connection.getpeercert()["subjectAltName"]
    old = ssl.create_default_context(cadata=portal.gateway.cli("ca", "show", "tls"))
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    browser.context = old
    with browser.raw() as connection:
        assert connection.version() == "TLSv1.2"
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        browser.raw()


@pytest.mark.parametrize("key", ["ec", "rsa:2048"])
def test_certificate_files_and_their_renewal(make_world, folder, key):
    place = folder / next(_names)
    place.mkdir()

    def make(name):
        options = ["-pkeyopt", "ec_paramgen_curve:P-256"] if key == "ec" else []
        subprocess.run(["openssl", "req", "-x509", "-newkey", key, *options, "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext",
                        "subjectAltName=IP:127.0.0.1", "-keyout", place / "new.key", "-out", place / "new.crt"], check=True, capture_output=True)
        os.replace(place / "new.key", place / "portal.key")
        os.replace(place / "new.crt", place / "portal.crt")
        return (place / "portal.crt").read_text()

    first = make("first")
    world = make_world(config=listening({"portal": {"certificate": str(place / "portal.crt"), "key": str(place / "portal.key")}}))
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        browser = Browser(world.gateway, ca=first)
        browser.context.minimum_version = browser.context.maximum_version = version
        assert browser.get("/session").status == 401
    second = make("second")
    os.kill(world.gateway.pid, signal.SIGHUP)

    def renewed():
        try:
            return Browser(world.gateway, ca=second).get("/session").status == 401
        except ssl.SSLError:
            return False
    until(renewed, 15, "the new certificate")


def test_signing_in_and_out(portal):
    browser = Browser(portal.gateway)
    assert browser.get("/session").code == "signed-out"
    answer = browser.sign_in(USER, USER_PASSWORD)
    assert answer.status == 201 and answer.json["user"] == USER and answer.json["roles"] == ["user"]
    assert all(word in browser.cookie_line for word in ("HttpOnly", "Secure", "SameSite=Strict", "Path=/"))
    assert browser.get("/session").json["user"] == USER
    assert browser.get("/session", fresh=True).json["user"] == USER, "on another connection"
    cookie = browser.cookie
    assert browser.ask("DELETE", "/session").status == 204
    assert browser.cookie is None
    browser.cookie = cookie
    assert browser.get("/session", fresh=True).code == "signed-out", "the token is worth nothing any more"


def test_names_and_passwords_that_are_wrong_look_alike(portal):
    browser = Browser(portal.gateway)
    wrong = browser.sign_in(USER, "wrong")
    unknown = browser.sign_in("nobody-of-this-name", USER_PASSWORD)
    odd = browser.sign_in("a@b@c@d e", USER_PASSWORD)
    disabled = add_user(portal, disabled=True)
    locked = browser.sign_in(disabled, USER_PASSWORD)
    assert {one.status for one in (wrong, unknown, odd, locked)} == {401}
    assert {one.body for one in (wrong, unknown, odd, locked)} == {wrong.body}
    assert any(e["type"] == "auth.failure" and e.get("via") == "portal" for e in portal.gateway.audit())


def test_a_one_time_code_after_the_password(portal):
    person = Enrolled(portal, next(_names), recovery_codes=True)
    browser = Browser(portal.gateway)
    assert browser.sign_in(person.name, "wrong", "123456").code == "wrong-credentials"
    assert browser.sign_in(person.name, USER_PASSWORD).code == "code-due"
    assert browser.sign_in(person.name, USER_PASSWORD, "000000").code == "wrong-code"
    code = person.app.code()
    answer = browser.sign_in(person.name, USER_PASSWORD, code)
    assert answer.status == 201 and answer.json["sign_in"]["method"] == "password and totp" and answer.json["enrolled"]
    assert Browser(portal.gateway).sign_in(person.name, USER_PASSWORD, code).code == "wrong-code", "a code is good once"
    assert Browser(portal.gateway).sign_in(person.name, USER_PASSWORD, person.recovery_codes[0]).status == 201


def test_a_gateway_that_demands_a_factor_lets_nobody_in_without(make_world):
    world = make_world(config=listening({"auth": {"require_factors": ["totp"]}}))
    assert Browser(world.gateway).sign_in(USER, USER_PASSWORD).code == "factor-required"


def test_pages_and_the_api_share_a_connection(portal):
    browser = signed_in(portal, "auditor")
    faults = [e for e in portal.gateway.audit() if e["type"] == "worker.fault"]
    first = browser.connection
    for _ in range(3):
        assert browser.get("/", api=False).status in (200, 404)
        assert browser.get("/node").status == 200
    assert browser.connection is first is not None
    assert [e for e in portal.gateway.audit() if e["type"] == "worker.fault"] == faults


def test_own_sign_ins_and_their_end(portal):
    here = signed_in(portal)
    there = Browser(portal.gateway)
    assert there.sign_in(here.user, USER_PASSWORD).status == 201
    listed = here.get("/session/sign-ins").json["items"]
    assert len(listed) == 2 and [one["current"] for one in listed] == [False, True]
    other = signed_in(portal)
    assert other.ask("DELETE", f"/session/sign-ins/{listed[0]['id']}").status == 404, "of somebody else"
    assert there.get("/session").status == 200
    assert here.ask("DELETE", f"/session/sign-ins/{listed[0]['id']}").status == 204
    assert there.get("/session", fresh=True).code == "signed-out"
    assert here.get("/session").status == 200


@pytest.mark.parametrize("change", ["disabled", "password", "deleted"])
def test_a_change_of_the_user_ends_sign_ins(portal, change):
    browser = signed_in(portal)
    assert browser.get("/session").status == 200
    if change == "disabled":
        portal.gateway.apply({"kind": "user", "name": browser.user, "disabled": True})
    elif change == "password":
        portal.gateway.cli("user", "set-password", browser.user, input=USER_PASSWORD + "2\n")
    else:
        portal.gateway.cli("delete", "user", browser.user)
    assert browser.get("/session").code == "signed-out"


def test_sign_ins_end_by_themselves_and_survive_a_restart(make_world):
    world = make_world(config=listening({"portal": {"idle_seconds": 60, "sign_in_seconds": 60}}))
    browser = Browser(world.gateway)
    assert browser.sign_in(USER, USER_PASSWORD).status == 201
    assert "Max-Age=60" in browser.cookie_line
    cookie = browser.cookie
    world.gateway.restart()
    browser = Browser(world.gateway)
    browser.cookie = cookie
    assert browser.get("/session").status == 200
    stored = world.gateway.data / "sallyport.db"
    if stored.exists():
        content = b"".join(path.read_bytes() for path in world.gateway.data.glob("sallyport.db*"))
        assert cookie.encode() not in content, "a token in the store"


def test_a_connection_belongs_to_one_sign_in(portal):
    mine, other = signed_in(portal), signed_in(portal)
    assert mine.get("/session").status == 200
    stolen = other.cookie
    answer = mine.get("/session", headers={"Cookie": f"__Host-sallyport={stolen}"})
    assert answer.status == 421 and mine.connection is None, "the connection ends"
    assert mine.get("/session", headers={"Cookie": None}).code == "signed-out", "no cookie, nobody"


def test_other_sites_cannot_act(portal):
    browser = signed_in(portal)
    act = dict(method="POST", path="/requests", body={"account": "deploy", "targets": ["web1"]})
    for headers in ({"X-Sallyport": None}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                    {"Origin": "null"}, {"Origin": f"http://{browser.authority}"}):
        answer = browser.ask(**act, headers=headers)
        assert answer.status == 403 and answer.code in ("unmarked", "foreign-site"), (headers, answer.body)
    assert browser.get("/session", headers={"Origin": "https://evil.example"}).code == "foreign-site"


def test_roles_hold_and_grave_acts_want_a_fresh_proof(portal):
    user, auditor, administrator = signed_in(portal), signed_in(portal, "auditor"), signed_in(portal, "administrator")
    assert user.get("/audit").status == 403
    assert auditor.get("/audit").status == 200
    assert auditor.ask("PUT", "/resources/group/g1", {}).status == 403
    assert administrator.ask("PUT", "/resources/group/g1", {}).status == 200
    assert user.get("/session").json["operations"]["session.list"] == "own"
    assert administrator.get("/session").json["operations"]["session.control"] == "all"
    name = add_user(portal)
    assert administrator.ask("PUT", f"/users/{name}/password", {"password": "a new and long one"}).status == 204
    assert administrator.post("/session/proof", {"password": "wrong"}).code == "wrong-credentials"
    assert administrator.post("/session/proof", {"password": USER_PASSWORD}).json["fresh"] is True


def test_resources_have_versions(portal):
    administrator = signed_in(portal, "administrator")
    body = {"description": "of a test"}
    created = administrator.ask("PUT", "/resources/group/versioned", {}, headers={"If-None-Match": "*"})
    assert created.json["items"][0]["action"] == "created", created.body
    assert administrator.ask("PUT", "/resources/group/versioned", {}, headers={"If-None-Match": "*"}).status == 409
    shown = administrator.get("/resources/group/versioned")
    assert shown.headers["ETag"] == '"%d"' % shown.json["version"] and shown.json["resource"]["name"] == "versioned"
    assert administrator.ask("PUT", "/resources/group/versioned", {}, headers={"If-Match": '"999"'}).status == 409
    assert administrator.ask("PUT", "/resources/group/versioned", {"name": "another"}).status == 400
    assert administrator.ask("PUT", "/resources/group/versioned", {"unheard-of": 1}).status == 400, body
    dry = administrator.post("/resources", {"dry_run": True, "items": [{"resource": {"kind": "group", "name": "dry"}}]})
    assert dry.json["items"][0]["action"] == "created" and dry.json["dry_run"] is True
    assert administrator.get("/resources/group/dry").status == 404
    listed = administrator.get("/resources/group").json
    assert "versioned" in [one["resource"]["name"] for one in listed["items"]] and listed["total"] >= 1
    assert administrator.get("/resources/group/versioned/history").json["items"][0]["version"] == 1
    assert administrator.ask("DELETE", "/resources/group/versioned").status == 204
    assert administrator.get("/resources/unheard-of").status == 400


def test_lists_come_in_pages(portal):
    administrator = signed_in(portal, "administrator")
    names = [f"page{n:03}" for n in range(25)]
    items = [{"resource": {"kind": "group", "name": name}} for name in names]
    assert administrator.post("/resources", {"items": items}).status == 200
    seen, cursor = [], ""
    while cursor is not None:
        page = administrator.get(f"/resources/group?limit=10&text=page&cursor={cursor}").json
        assert len(page["items"]) <= 10
        seen += [one["resource"]["name"] for one in page["items"]]
        cursor = page["next"]
    assert seen == names


def test_sessions_are_listed_and_ended(portal):
    administrator = signed_in(portal, "administrator")
    user = Browser(portal.gateway)
    assert user.sign_in(USER, USER_PASSWORD).status == 201
    answer = user.get("/me/targets").json
    choices = answer["items"]
    assert answer["ssh"].endswith(f":{portal.gateway.port}") and answer["host_ca"] in portal.gateway.cli("ca", "show", "host")
    assert {"web1"} == {one["target"] for one in choices} and "deploy" in {one["account"] for one in choices}
    shell = portal.popen("via", "sleep 60")
    try:
        live = portal.gateway.live_session(user=USER)
        assert [one["id"] for one in administrator.get("/sessions").json["items"]] == [live["id"]]
        assert [one["id"] for one in user.get("/sessions").json["items"]] == [live["id"]], "the user's own"
        other = signed_in(portal)
        assert other.get("/sessions").json["items"] == []
        assert other.get(f"/sessions/{live['id']}").status == 404
        assert user.post(f"/sessions/{live['id']}/control", {"action": "terminate"}).status == 403
        ended = administrator.post(f"/sessions/{live['id']}/control", {"action": "terminate", "text": "a test"})
        assert ended.status == 200, ended.body
        shell.wait(10)
    finally:
        shell.kill()
        shell.communicate()
    until(lambda: administrator.get(f"/sessions/{live['id']}").json["state"] == "ended", 10, "the end")
    past = administrator.get("/sessions?all=true&limit=5").json
    assert past["items"][0]["id"] == live["id"] and past["total"] >= 1
    assert administrator.get("/recordings").json["items"][0]["id"] == live["id"]
    actors = {e["actor"] for e in administrator.get(f"/audit?session={live['id']}").json["items"]}
    assert administrator.user in actors, "the audit log says whose act it was"


def test_a_request_is_asked_for_and_approved(portal):
    leader, person = signed_in(portal, "approver"), signed_in(portal, groups=["askers"])
    portal.gateway.apply({"kind": "policy", "name": "asked", "subjects": {"groups": ["askers"]}, "targets": {"env": "prod"}, "accounts": ["deploy"],
                          "allow": ["shell"], "require": {"approval": {"approvers": {"users": [leader.user]}, "count": 1, "valid": "1h"}}})
    made = person.post("/requests", {"account": "deploy", "targets": ["web1"], "reason": "a <b>test</b>\u202e"})
    assert made.status == 200, made.body
    name = made.json["id"]
    assert [one["id"] for one in leader.get("/requests?to_decide=true").json["items"]] == [name]
    assert person.post(f"/requests/{name}/approve", {}).status in (403, 404), "one's own"
    assert leader.post(f"/requests/{name}/approve", {"comment": "fine"}).json["state"] == "approved"
    assert person.get(f"/requests/{name}").json["votes"][0]["by"] == leader.user
    stranger = signed_in(portal)
    assert stranger.get(f"/requests/{name}").status == 404


def test_what_is_asked_wrongly_is_said(portal):
    browser = signed_in(portal, "administrator")
    assert browser.get("/nothing").status == 404
    assert browser.ask("PATCH", "/sessions").status == 405
    assert browser.get("/sessions?unheard=of").status == 400
    assert browser.get("/sessions?limit=x").status == 400
    assert browser.get("/sessions?limit=1&limit=2").status == 400
    assert browser.post("/requests", b"{", headers={"Content-Type": "application/json"}).status == 400
    assert browser.post("/requests", b'{"account":"a","account":"b"}', headers={"Content-Type": "application/json"}).status == 400
    assert browser.post("/requests", b"account=x", headers={"Content-Type": "application/x-www-form-urlencoded"}).status == 415
    assert browser.post("/requests", {"account": "a" * 20_000}).status == 413
    deep = b'{"items":' * 1000 + b"1" + b"}" * 1000
    assert browser.post("/policy/lint", deep, headers={"Content-Type": "application/json"}).status == 400
    problem = browser.get("/sessions/unheard-of")
    assert problem.headers["Content-Type"] == "application/problem+json" and set(problem.json) == {"type", "title", "status", "code", "detail"}


def test_pages_are_served_with_what_protects_them(make_world, folder):
    pages = folder / "pages"
    (pages / "assets").mkdir(parents=True)
    (pages / "index.html").write_text('<!doctype html><meta name="nonce" content="{{nonce}}"><script src="/assets/app-12345678.js"></script>')
    (pages / "assets" / "app-12345678.js").write_text("console.log(1)")
    subprocess.run(["gzip", "-k", pages / "assets" / "app-12345678.js"], check=True)
    world = make_world(config=listening({"portal": {"pages": str(pages)}}))
    browser = Browser(world.gateway)
    for path in ("/", "/sessions/01ABC", "/index.html"):
        page = browser.get(path, api=False)
        assert page.status == 200 and page.headers["Content-Type"].startswith("text/html")
        policy = page.headers["Content-Security-Policy"]
        nonce = page.body.decode().split('content="')[1].split('"')[0]
        assert f"'nonce-{nonce}'" in policy and "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert page.headers["X-Content-Type-Options"] == "nosniff" and page.headers["Cache-Control"] == "no-store"
        assert page.headers["Strict-Transport-Security"] and page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    script = browser.get("/assets/app-12345678.js", api=False, headers={"Accept-Encoding": "gzip"})
    assert "immutable" in script.headers["Cache-Control"] and script.headers["Content-Encoding"] == "gzip"
    plain = browser.get("/assets/app-12345678.js", api=False)
    assert plain.body == b"console.log(1)"
    assert browser.get("/assets/app-12345678.js", api=False, headers={"If-None-Match": plain.headers["ETag"]}).status == 304
    assert browser.get("/assets/unheard-of.js", api=False).status == 404
    assert browser.post("/", {}, api=False).status == 405
    for path in ("/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/assets/..%2f..%2fetc/passwd"):
        assert browser.get(path, api=False).status in (400, 404)


def test_a_trusted_proxy_names_the_client(make_world):
    world = make_world(config=listening({"portal": {"trusted_proxies": ["127.0.0.1/32"]}}))
    browser = Browser(world.gateway)
    answer = browser.post("/session", {"user": USER, "password": USER_PASSWORD}, headers={"X-Forwarded-For": "192.0.2.7, 198.51.100.9"})
    assert answer.status == 201 and answer.headers["Connection"] == "close", "the next request may be somebody else's"
    assert answer.json["sign_in"]["source"] == "198.51.100.9"
    assert any(e["type"] == "auth.success" and e["source"] == "198.51.100.9" for e in world.gateway.audit())


def test_nobody_names_the_client_without_being_trusted(portal):
    browser = Browser(portal.gateway)
    answer = browser.post("/session", {"user": USER, "password": USER_PASSWORD}, headers={"X-Forwarded-For": "192.0.2.7"})
    assert answer.json["sign_in"]["source"] == "127.0.0.1"


def test_every_front_is_contained(portal):
    with Browser(portal.gateway).raw():
        workers = portal.gateway.workers("front-web")
        assert workers
        status = pathlib.Path(f"/proc/{workers[0]}/status").read_text()
        assert "Seccomp:\t2" in status and "CapEff:\t0000000000000000" in status
        assert not list(pathlib.Path(f"/proc/{workers[0]}/root/").glob("etc"))
