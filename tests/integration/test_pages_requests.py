# SPDX-License-Identifier: Apache-2.0
"""Requests for access in the portal's pages."""
from playwright.sync_api import expect

from harness.pages import browser, needed, pages, portal, someone  # noqa: F401

HOSTILE = "\u202egnp.exe <img src=x onerror=alert(1)> \u2066isolated"

pytestmark = needed


def test_asking_and_approving(someone, portal):
    asking = someone("dave", path="/requests?show=ask")
    page = asking.page
    page.get_by_label("Account").fill("root")
    page.get_by_label("Targets").fill("web1")
    page.get_by_label("Reason").fill(HOSTILE)
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
