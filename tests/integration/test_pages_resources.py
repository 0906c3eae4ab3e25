# SPDX-License-Identifier: Apache-2.0
"""Resources, policies, keys and secrets in the portal's pages."""
import contextlib
import re
import sqlite3

from playwright.sync_api import expect

from harness.pages import browser, needed, pages, portal, someone  # noqa: F401
from harness.portal import Browser
from harness.target import keygen, public_line
from harness.world import USER, USER_PASSWORD

pytestmark = needed


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
        editor.fill(text.replace("[shell, exec]", "[no-such-permission]"))
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
    editor.fill(mine)
    policy = portal.gateway.one("get", "policy", "root-on-prod")
    portal.gateway.apply({**policy, "description": "changed meanwhile"})
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


def test_a_key_is_added(someone, portal):
    page = someone(path="/people?name=dave").page
    expect(page.get_by_text("Public keys")).to_be_visible()
    page.get_by_role("button", name="Add a key").click()
    page.get_by_role("textbox", name="Public key").fill(public_line(keygen(portal.folder / "another_key")))
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("definition").filter(has_text=re.compile("^2$"))).to_be_visible()
    assert portal.gateway.one("user", "show", "dave")["public_keys"] == 2


def test_a_secret_goes_in_and_is_nowhere_to_be_seen(someone, portal):
    person = someone(path="/accounts?name=passworded")
    page = person.page
    page.get_by_role("button", name="Store its secret").click()
    page.get_by_role("textbox", name="Password").fill(portal.account.password)
    page.get_by_role("button", name="Store it").click()
    expect(page.get_by_text("It cannot be read back")).to_be_visible()
    assert portal.account.password not in page.content()
    assert portal.ssh("passworded", "echo in").stdout == b"in\n"


def test_a_grave_act_asks_for_a_fresh_proof(someone, portal, sqlite_file):
    person = someone()
    # Its proof is of ten minutes ago.
    portal.gateway.stop()
    age_sign_ins(portal.gateway.data, 600)
    portal.come_back()
    page = person.moved(portal.gateway).open("/people?name=bob")
    page.get_by_role("button", name="Set a password").click()
    page.get_by_role("textbox", name="New password").fill("a longer battery staple")
    page.get_by_role("textbox", name="Once more").fill("a longer battery staple")
    page.get_by_role("button", name="Set it").click()
    proof = page.get_by_role("dialog", name="Prove again who you are")
    proof.get_by_role("textbox", name="Password").fill("not this one")
    proof.get_by_role("button", name="Go on").click()
    expect(proof.get_by_role("alert")).to_be_visible()
    assert not [one for one in portal.gateway.audit() if one["type"] == "user.set-password" and one.get("actor") == "carol"], "nothing happens before the proof"
    proof.get_by_role("textbox", name="Password").fill(USER_PASSWORD)
    proof.get_by_role("button", name="Go on").click()
    expect(proof).to_have_count(0)
    expect(page.get_by_role("form", name="A new password")).to_have_count(0)
    assert Browser(portal.gateway).sign_in("bob", "a longer battery staple").status == 201


def age_sign_ins(data, seconds):
    """As if everybody had proved who they are so much earlier."""
    with contextlib.closing(sqlite3.connect(next(data.rglob("*.db")))) as database, database:
        for rowid, value in database.execute("SELECT rowid, value FROM credentials WHERE owner_kind = 'sign-in'").fetchall():
            words = value.split(" ")
            words[9] = str(int(words[9]) - seconds * 1_000_000)
            database.execute("UPDATE credentials SET value = ? WHERE rowid = ?", (" ".join(words), rowid))
