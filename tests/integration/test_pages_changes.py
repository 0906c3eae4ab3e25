# SPDX-License-Identifier: Apache-2.0
"""Changes that wait for a second administrator, in the portal's pages."""
import re

import pytest
from playwright.sync_api import expect

from harness.pages import browser, needed, pages, portal, someone  # noqa: F401
from harness.target import keygen, public_line
from harness.world import USER, USER_PASSWORD

pytestmark = needed


@pytest.fixture(scope="module")
def separated(portal):
    """carol and gina administer, and each needs the other."""
    portal.keys["gina"] = keygen(portal.folder / "gina_key")
    portal.gateway.apply({"kind": "user", "name": "gina", "roles": ["administrator"], "public_keys": [public_line(portal.keys["gina"])]})
    portal.gateway.cli("user", "set-password", "gina", input=USER_PASSWORD + "\n")
    portal.gateway.config["changes"] = {"second_administrator": ["policy", "keys", "roles"]}
    portal.gateway.restart()
    portal.write_ssh_config()
    return portal


def propose(page, before, after):
    """Changes the policy ops-on-prod in the editor; nothing has changed then. Leads to the change."""
    editor = page.get_by_label("policy as YAML")
    expect(editor).to_have_value(re.compile(re.escape(before)))
    editor.fill(editor.input_value().replace(before, after))
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("status", name="What this changes")).to_contain_text("waits for another administrator")
    page.get_by_role("button", name="Apply").click()
    note = page.get_by_role("status").filter(has_text="Nothing has changed yet")
    expect(editor).to_have_value(re.compile(re.escape(before)))
    note.get_by_role("link").click()
    return page.get_by_role("article")


def test_another_administrator_sees_the_difference_and_approves_it(separated, someone):
    asking = someone(path="/policies?name=ops-on-prod&tab=yaml").page
    own = propose(asking, "exec, sftp]", "sftp]")
    expect(own).to_contain_text("carol wants to update policy ops-on-prod")
    expect(own).to_contain_text("another administrator decides it")
    expect(own.get_by_role("button", name="Approve")).to_have_count(0)
    assert separated.ssh("via", "echo in").stdout == b"in\n", "nothing has changed yet"

    deciding = someone("gina", path="/changes").page
    card = deciding.get_by_role("article").filter(has_text="ops-on-prod")
    difference = card.get_by_role("region", name="What it changes")
    expect(difference.get_by_role("deletion")).to_contain_text("exec")
    card.get_by_role("button", name="Approve").click()
    card.get_by_label("Comment").fill("as agreed")
    card.get_by_role("button", name="Carry it out").click()
    expect(deciding.get_by_text("No change waits for you")).to_be_visible()
    expect(own).to_contain_text("gina")
    expect(own).to_contain_text("applied")
    refused = separated.ssh("via", "echo in")
    assert refused.returncode != 0 and refused.stdout == b"", refused


def test_a_denied_change_says_why_and_changes_nothing(separated, someone):
    asking = someone(path="/policies?name=root-on-prod&tab=yaml").page
    own = propose(asking, "valid: 3600", "valid: 28800")
    deciding = someone("gina", path="/changes").page
    card = deciding.get_by_role("article").filter(has_text="root-on-prod")
    card.get_by_role("button", name="Deny").click()
    card.get_by_label("Reason").fill("an hour is enough")
    card.get_by_role("button", name="Deny it").click()
    expect(own).to_contain_text("denied")
    expect(own).to_contain_text("an hour is enough")
    assert separated.gateway.one("get", "policy", "root-on-prod")["require"]["approval"]["valid"] == 3600


def test_a_key_and_a_secret_wait_too_and_are_taken_back(separated, someone):
    page = someone(path=f"/people?name={USER}").page
    page.get_by_role("button", name="Add a key").click()
    page.get_by_role("textbox", name="Public key").fill(public_line(keygen(separated.folder / "waiting_key")))
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("Nothing has changed yet")).to_be_visible()
    page.goto(page.url.split("/people")[0] + "/accounts?name=passworded")
    page.get_by_role("button", name="Store its secret").click()
    page.get_by_role("textbox", name="Password").fill("another secret")
    page.get_by_role("button", name="Store it").click()
    expect(page.get_by_text("Nothing has changed yet")).to_be_visible()
    page.goto(page.url.split("/accounts")[0] + "/changes?show=all")
    waiting = page.get_by_role("article").filter(has_text="waiting")
    expect(waiting).to_have_count(2)
    assert "another secret" not in page.content()
    for left in (1, 0):
        waiting.first.get_by_role("button", name="Take it back").click()
        expect(waiting).to_have_count(left)
    assert separated.gateway.one("user", "show", USER)["public_keys"] == 1
