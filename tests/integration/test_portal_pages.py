# SPDX-License-Identifier: Apache-2.0
"""The portal's pages in a real Chromium, at a real gateway, with real sshd targets."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from playwright.sync_api import expect

from harness import chromium
from harness.portal import listening
from harness.process import until
from harness.target import keygen, public_line
from harness.totp import Enrolled
from harness.world import USER, USER_PASSWORD, World

ROOT = pathlib.Path(__file__).resolve().parents[2]
# With SALLYPORT_PICTURES=FOLDER the tests keep pictures of the pages.
PICTURES = os.environ.get("SALLYPORT_PICTURES")

pytestmark = pytest.mark.skipif(not chromium.available() or shutil.which("npm") is None, reason="needs chromium and npm")

HOSTILE = "\u202egnp.exe <img src=x onerror=alert(1)> \x1b]0;title\x07 \u2066isolated"


@pytest.fixture(scope="module")
def pages():
    subprocess.run([ROOT / "tools/build-pages"], check=True, timeout=900)
    return ROOT / "build/pages"


@pytest.fixture(scope="module")
def portal(build, folder, account, store, pages):
    """carol administers, bob approves, alice works; root@web1 needs an approval."""
    world = World(build, folder / "pages", account, dropbear=False,
                  config=listening({"portal": {"pages": str(pages)},
                                    "limits": {"source_guesses_per_minute": 100_000, "preauth_per_source": 10_000, "auth_tries": 50}}))
    try:
        world.start()
        world.keys = {USER: world.user_key}
        for name, more in {"bob": {"groups": ["leads"]}, "carol": {"roles": ["administrator"]}, "dave": {"groups": ["ops"]}}.items():
            world.keys[name] = keygen(world.folder / f"{name}_key")
            world.gateway.apply({"kind": "user", "name": name, "public_keys": [public_line(world.keys[name])], **more})
            world.gateway.cli("user", "set-password", name, input=USER_PASSWORD + "\n")
        world.gateway.apply(
            {"kind": "account", "name": "root", "targets": {"env": "prod"}, "login": "certificate", "login_name": account.name},
            {"kind": "policy", "name": "root-on-prod", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"}, "accounts": ["root"],
             "allow": ["shell", "exec"], "require": {"approval": {"approvers": {"groups": ["leads"]}, "valid": "1h"}}})
        yield world
    finally:
        world.stop()


@pytest.fixture(scope="module")
def browser(portal):
    one = chromium.Chromium()
    yield one
    one.close()


@pytest.fixture
def someone(browser, portal):
    """someone(NAME, …) → a person who is signed in. At the end nobody's page may have complained."""
    made = []

    def make(name="carol", path="/", **options):
        one = browser.person(portal.gateway, **options)
        made.append(one)
        one.sign_in(name, USER_PASSWORD, path=path)
        return one

    yield make
    complaints = [text for one in made for text in one.complaints]
    for one in made:
        one.close()
    assert complaints == []


@pytest.fixture(scope="module")
def axe():
    return chromium.axe_source()


def row_of(page, identifier):
    """The row of a list that leads to a session."""
    return page.get_by_role("row").filter(has=page.locator(f'a[href*="{identifier}"]'))


def recorded(portal, *command):
    """A session that has ended, and its recording's id."""
    before = {one["id"] for one in portal.gateway.recordings()}
    done = portal.ssh("via", *command)
    assert done.returncode == 0, done
    fresh = until(lambda: [one for one in portal.gateway.recordings() if one["id"] not in before], 10, "the recording")
    portal.gateway.sealed(fresh[0]["id"])
    return fresh[0]["id"]


# --- sign-in ---------------------------------------------------------------------------------------------------------
def test_sign_in_says_what_is_wrong_and_leads_to_the_page_that_was_asked_for(browser, portal):
    person = browser.person(portal.gateway)
    page = person.open("/audit?type=auth.")
    page.get_by_label("User name").fill("carol")
    page.get_by_label("Password", exact=True).fill("not this one")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The name or the password is not right.")
    page.get_by_label("Password", exact=True).fill(USER_PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Audit")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="auth.failure").first).to_be_visible()
    assert "type=auth." in page.url
    page.get_by_role("button", name="Signed in as carol: menu").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_label("User name")).to_be_visible()
    page.reload()
    expect(page.get_by_label("User name")).to_be_visible()
    assert person.complaints == []
    person.close()


def test_sign_in_with_a_one_time_code(browser, portal):
    enrolled = Enrolled(portal, "erin")
    person = browser.person(portal.gateway)
    page = person.open("/")
    page.get_by_label("User name").fill("erin")
    page.get_by_label("Password", exact=True).fill(USER_PASSWORD)
    page.get_by_role("button", name="Continue").click()
    code = page.get_by_label("One-time code")
    expect(code).to_be_focused()
    code.fill("000000")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text(re.compile("code", re.IGNORECASE))
    code.fill(enrolled.app.code())
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert "erin" in page.get_by_role("button", name=re.compile("Signed in as")).inner_text()
    person.close()


def test_own_sign_ins_can_be_ended(someone):
    here, there = someone("dave"), someone("dave")
    page = here.open("/sign-ins")
    expect(page.get_by_role("region", name="This sign-in")).to_be_visible()
    page.get_by_role("region", name="Another sign-in").first.get_by_role("button", name="End it").click()
    expect(page.get_by_role("region", name="Another sign-in")).to_have_count(0)
    there.page.reload()
    expect(there.page.get_by_label("User name")).to_be_visible()


def test_a_user_sees_no_page_that_the_gateway_would_refuse(someone):
    page = someone("dave").page
    names = page.get_by_role("navigation", name="Pages").get_by_role("link").all_inner_texts()
    assert [name.split("\n")[0] for name in names] == ["Overview", "Live", "Requests", "Connect"]
    page.goto("/recordings")
    expect(page.get_by_role("alert")).to_contain_text("needs the role")


# --- live sessions ---------------------------------------------------------------------------------------------------
def test_a_session_appears_is_paused_and_ended(someone, portal):
    page = someone(path="/live").page
    expect(page.get_by_role("heading", name="Live")).to_be_visible()
    client = portal.popen("via", "cat", options=["-tt"])
    try:
        identifier = portal.gateway.live_session(user=USER)["id"]
        row = row_of(page, identifier)
        expect(row).to_contain_text("live")
        row.get_by_role("button", name="Pause").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Nothing passes in either direction")
        dialog.get_by_label("Reason, which the user sees").fill("wait for me")
        dialog.get_by_role("button", name="Pause").click()
        expect(dialog).to_have_count(0)
        expect(row).to_contain_text("paused")
        assert portal.gateway.one("session", "show", identifier)["state"] == "paused"
        row.get_by_role("button", name="Resume").click()
        page.get_by_role("dialog").get_by_role("button", name="Resume").click()
        expect(row).to_contain_text("live")
        row.get_by_role("button", name="End").click()
        page.get_by_role("dialog").get_by_role("button", name="End the session").click()
        assert client.wait(20) != 0
        page.mouse.move(0, 0)  # a row does not go under the pointer
        expect(row).to_have_count(0)
    finally:
        client.kill()
        client.wait()


def test_a_watcher_sees_the_screen_of_the_user(someone, portal):
    client = portal.popen("via", options=["-tt"])
    try:
        client.stdin.write(b"stty -echo; printf 'first\\n'\n")
        client.stdin.flush()
        identifier = portal.gateway.live_session(user=USER)["id"]
        early = someone(path=f"/sessions/{identifier}").page
        screen = early.locator(".xterm-rows")
        expect(screen).to_contain_text("first")
        client.stdin.write(b"printf '\\033[2J\\033[3;5H\\033[38;2;250;120;10mhere\\033]52;c;aGFjaw==\\007\\033]0;title\\007 we are'\n")
        client.stdin.flush()
        expect(screen).to_contain_text("here we are")
        expect(screen).not_to_contain_text("first")
        late = someone(path=f"/sessions/{identifier}").page
        expect(late.locator(".xterm-rows")).to_contain_text("here we are")
        assert "title" not in late.title() and "alice" in late.title()
        late.get_by_role("button", name="Pause").click()
        late.get_by_role("dialog").get_by_role("button", name="Pause").click()
        expect(early.get_by_role("heading", name="paused")).to_be_visible()
        late.get_by_role("button", name="End", exact=True).click()
        late.get_by_role("dialog").get_by_role("button", name="End the session").click()
        assert client.wait(20) != 0
        expect(early.get_by_role("heading", name="ended")).to_be_visible()
    finally:
        client.kill()
        client.wait()


def test_a_past_session_has_its_audit_events_and_its_evidence(someone, portal):
    identifier = recorded(portal, "echo past")
    page = someone(path="/recordings").page
    row_of(page, identifier).get_by_role("link").click()
    page.get_by_role("tab", name="Audit").click()
    expect(page.get_by_role("row").filter(has_text="session.start")).to_be_visible()
    page.get_by_role("tab", name="Evidence").click()
    expect(page.get_by_text("unverified").first).to_be_visible()
    assert identifier in page.url


def test_filters_live_in_the_address(someone, portal):
    client = portal.popen("via", "cat")
    try:
        identifier = portal.gateway.live_session(user=USER)["id"]
        page = someone(path="/live?user=nobody").page
        expect(page.get_by_text("No session matches")).to_be_visible()
        page.get_by_label("User", exact=True).fill(USER)
        expect(row_of(page, identifier)).to_be_visible()
        assert f"user={USER}" in page.url
    finally:
        client.kill()
        client.wait()


# --- requests --------------------------------------------------------------------------------------------------------
def test_asking_and_approving(someone, portal):
    asking = someone("dave", path="/requests?show=ask")
    page = asking.page
    page.get_by_label("Account").fill("root")
    page.get_by_label("Targets").fill("web1")
    page.get_by_label("Reason").fill(HOSTILE.replace("\x1b", "").replace("\x07", ""))
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_role("article").filter(has_text="waiting")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)

    deciding = someone("bob", path="/requests")
    card = deciding.page.get_by_role("article").first
    expect(card).to_contain_text("dave asks for root on web1")
    expect(card).to_contain_text("\\u{202e}gnp.exe <img src=x onerror=alert(1)>")
    card.focus()
    deciding.page.keyboard.press("a")
    comment = card.get_by_label("Comment")
    expect(comment).to_be_focused()
    comment.fill("until noon")
    card.get_by_role("button", name="Approve").click()
    expect(deciding.page.get_by_text("Nothing waits for you")).to_be_visible()
    page.get_by_role("article").filter(has_text="approved").wait_for()
    expect(page.get_by_role("article")).to_contain_text("bob approved")
    options = ["-l", "dave@root@web1", "-i", str(portal.keys["dave"])]
    assert portal.ssh("via", "echo approved", options=options).stdout == b"approved\n"
    portal.gateway.cli("request", "cancel", portal.gateway.json("request", "list", "--user", "dave")[0]["id"])


def test_a_held_client_is_denied_in_the_page(someone, portal):
    client = portal.popen("via", "echo never", options=["-l", "dave@root@web1", "-i", str(portal.keys["dave"])])
    try:
        page = someone("bob", path="/requests").page
        card = page.get_by_role("article").first
        card.focus()
        page.keyboard.press("d")
        card.get_by_label("Reason").fill("ask me after the release")
        card.get_by_role("button", name="Deny").click()
        out, err = client.communicate(timeout=30)
        assert client.returncode != 0 and out == b"" and b"after the release" in err
    finally:
        client.kill()
        client.wait()


# --- resources and policies ------------------------------------------------------------------------------------------
def test_a_policy_is_checked_changed_and_takes_effect(someone, portal):
    portal.gateway.apply({"kind": "account", "name": "spare", "targets": {"env": "prod"}, "login": "certificate", "login_name": portal.account.name},
                         {"kind": "policy", "name": "spare", "subjects": {"users": [USER]}, "targets": {"env": "prod"}, "accounts": ["spare"],
                          "allow": ["shell", "exec"]})
    client = portal.popen("via", "cat", options=["-l", f"{USER}@spare@web1"])
    try:
        portal.gateway.live_session(user=USER, account="spare")
        page = someone(path="/policies?name=spare").page
        editor = page.get_by_label("policy as YAML")
        expect(editor).to_have_value(re.compile(r"allow: \[shell, exec\]"))
        text = editor.input_value()
        editor.fill(text.replace("users: [alice]", "users: [bob]"))
        page.get_by_role("button", name="Check").click()
        changes = page.get_by_role("status", name="What this changes")
        expect(changes).to_contain_text("subjects.users")
        expect(changes).to_contain_text("bob")
        page.get_by_role("button", name="Apply").click()
        assert client.wait(20) != 0, "the session ends with its grant"
        page.get_by_role("tab", name="History").click()
        expect(page.get_by_role("listitem").filter(has_text="Version 2")).to_contain_text("carol")
        page.get_by_role("tab", name="YAML").click()
        editor.fill("kind: policy\nname: spare\nallow: [no-such-permission]\n")
        page.get_by_role("button", name="Check").click()
        expect(page.get_by_role("alert")).to_contain_text("no-such-permission")
        expect(page.get_by_role("button", name="Apply")).to_be_disabled()
        editor.fill("kind: policy\nname: &a spare\nallow: *a\n")
        expect(page.get_by_text("anchors and aliases are not allowed")).to_be_visible()
    finally:
        client.kill()
        client.wait()


def test_an_edit_from_an_old_version_is_refused(someone, portal):
    page = someone(path="/policies?name=root-on-prod").page
    editor = page.get_by_label("policy as YAML")
    expect(editor).to_have_value(re.compile("root-on-prod"))
    mine = editor.input_value().replace("[shell, exec]", "[shell]")
    policy = portal.gateway.one("get", "policy", "root-on-prod")
    portal.gateway.apply({**policy, "description": "changed meanwhile"})
    editor.fill(mine)
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("alert")).to_contain_text("version")
    expect(page.get_by_text("Somebody else has changed it meanwhile")).to_be_visible()
    page.get_by_role("button", name="Load the new version").click()
    expect(editor).to_have_value(re.compile("changed meanwhile"))
    assert portal.gateway.one("get", "policy", "root-on-prod")["allow"] == ["shell", "exec"]


def test_a_decision_is_explained(someone):
    page = someone(path="/policies?tab=explain").page
    for label, value in {"User": "dave", "Account": "root", "Target": "web1"}.items():
        page.get_by_role("region", name="Explain a decision").get_by_label(label, exact=False).first.fill(value)
    page.get_by_role("button", name="Explain", exact=True).click()
    answer = page.get_by_role("row").filter(has_text="root-on-prod")
    expect(answer).to_contain_text("allows it")
    expect(page.get_by_role("row").filter(has_text="ops-on-prod")).to_contain_text("is for other accounts")


def test_a_key_is_added_with_a_fresh_proof(someone, portal, browser):
    page = someone(path="/people?name=dave").page
    expect(page.get_by_text("Public keys")).to_be_visible()
    page.get_by_role("button", name="Add a key").click()
    page.get_by_label("Public key").fill(public_line(keygen(portal.folder / "another_key")))
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("definition").filter(has_text=re.compile("^2$"))).to_be_visible()
    assert portal.gateway.one("user", "show", "dave")["public_keys"] == 2


def test_a_secret_goes_in_and_is_nowhere_to_be_seen(someone, portal):
    person = someone(path="/accounts?name=passworded")
    page = person.page
    page.get_by_role("button", name="Store its secret").click()
    page.get_by_label("Password").fill(portal.account.password)
    page.get_by_role("button", name="Store it").click()
    expect(page.get_by_text("It cannot be read back")).to_be_visible()
    assert portal.account.password not in page.content()
    assert portal.ssh("passworded", "echo in").stdout == b"in\n"


# --- what users and targets write is inert ---------------------------------------------------------------------------
def test_hostile_text_is_shown_as_text(someone, portal):
    portal.ssh("via", "echo \u202eevil '<img src=x onerror=alert(1)>' \u2066x")
    portal.ssh("via", "true", options=["-l", "<b>nobody</b>\u202e"])
    portal.gateway.cli("apply", "-f", "-", input='{kind: target, name: odd, protocol: ssh, address: "10.0.0.9:22", description: "\u202e<b>bold</b>\u2066"}')
    person = someone(path="/targets?name=odd")
    expect(person.page.get_by_text("\\u{202e}<b>bold</b>\\u{2066}").first).to_be_visible()
    for path in ("/audit", "/recordings", "/", "/targets"):
        page = person.open(path)
        person.settled()
        shown = page.locator("main").inner_text()
        assert not re.search("[\u202e\u2066\x1b]", shown), path
        assert page.locator("main img, main b").count() == 0
    assert person.run("window.location.pathname") == "/targets"


# --- every page, for everybody ---------------------------------------------------------------------------------------
PAGES = {
    "overview": "/", "live": "/live", "recordings": "/recordings", "requests": "/requests?show=all", "ask": "/requests?show=ask",
    "connect": "/connect", "audit": "/audit", "policies": "/policies?name=ops-on-prod", "history": "/policies?name=ops-on-prod&tab=history",
    "explain": "/policies?tab=explain", "lint": "/policies?tab=lint", "people": f"/people?name={USER}", "targets": "/targets?name=web1",
    "accounts": "/accounts?name=passworded", "system": "/system", "sign-ins": "/sign-ins",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(someone, browser, portal, axe, scheme):
    client = portal.popen("via", "cat", options=["-tt"])
    try:
        live = portal.gateway.live_session(user=USER)["id"]
        stranger = browser.person(portal.gateway, scheme=scheme)
        stranger.open("/")
        stranger.page.get_by_label("User name").wait_for()
        found = {"sign-in": stranger.violations(axe)}
        keep(stranger, "sign-in", scheme)
        stranger.close()
        person = someone(scheme=scheme)
        for name, path in {**PAGES, "session-live-events": f"/sessions/{live}?tab=audit", "session-live": f"/sessions/{live}"}.items():
            person.open(path)
            person.settled()
            found[name] = person.violations(axe)
            keep(person, name, scheme)
        person.page.keyboard.press("Control+k")
        person.page.get_by_role("combobox").fill("web")
        found["palette"] = person.violations(axe)
        keep(person, "palette", scheme)
        assert {name: lines for name, lines in found.items() if lines} == {}
    finally:
        client.kill()
        client.wait()


@pytest.mark.parametrize("width", [360, 2560])
def test_no_page_is_wider_than_the_window(someone, width):
    person = someone(width=width, height=1200 if width > 1000 else 740)
    for name, path in PAGES.items():
        person.open(path)
        person.settled()
        assert person.run("document.documentElement.scrollWidth") <= width, name
        assert person.run("document.querySelector('main').scrollWidth <= document.querySelector('main').clientWidth"), name


def test_the_first_load_is_small(someone):
    person = someone()
    sizes = person.run("JSON.stringify(performance.getEntriesByType('resource').filter((r) => r.name.includes('/assets/')).map((r) => r.encodedBodySize))")
    total = sum(int(size) for size in re.findall(r"\d+", sizes))
    assert 0 < total <= 350 * 1024, total


def keep(person, name, scheme):
    if not PICTURES:
        return
    folder = pathlib.Path(PICTURES)
    folder.mkdir(parents=True, exist_ok=True)
    person.picture(folder / f"{name}-{scheme}.png")
