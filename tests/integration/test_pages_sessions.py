# SPDX-License-Identifier: Apache-2.0
"""Sessions in the portal's pages: live, watched, past."""
from playwright.sync_api import expect

from harness.pages import browser, needed, pages, portal, recorded, row_of, someone  # noqa: F401
from harness.world import USER

pytestmark = needed


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
    integrity = page.get_by_role("definition").filter(has_text="Only a verification proves that it is still whole.")
    expect(integrity).to_contain_text("sealed")
    expect(page.get_by_label("Command that verifies it", exact=True)).to_have_text(f"sallyport recording verify {identifier} --deep")
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
