# SPDX-License-Identifier: Apache-2.0
"""The portal with a keyboard and a screen reader: in which order the focus moves, and what each thing is called."""
from playwright.sync_api import expect

from harness.pages import browser, needed, pages, portal, someone  # noqa: F401
from harness.world import USER

pytestmark = needed

FOCUS = """(() => {
  const one = document.activeElement;
  const name = one.getAttribute('aria-label') ?? (one.labels?.[0] ?? one).innerText;
  return (one.getAttribute('role') ?? one.localName) + ': ' + name.trim().replace(/\\s+/g, ' ');
})()"""


def focus_order(person, count):
    """What gets the focus at each press of Tab."""
    seen = []
    for _ in range(count):
        person.page.keyboard.press("Tab")
        seen.append(person.run(FOCUS))
    return seen


def test_a_live_session_by_keyboard(someone, portal):
    client = portal.popen("via", "cat", options=["-tt"])
    try:
        identifier = portal.gateway.live_session(user=USER)["id"]
        person = someone(path=f"/sessions/{identifier}")
        page = person.page
        expect(page.get_by_role("group", name=f"Screen of {USER} on deploy@web1")).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_contain_text(f"{USER} → deploy@web1")
        page.get_by_role("main").focus()
        assert focus_order(person, 7) == [
            "button: Message", "button: Pause", "button: Suspend", "button: End", f"button: {identifier} copy",
            "tab: Screen", "button: Show as text"]
        # A screen that only shows takes no keys, so nobody is caught in it. Its text is there for who cannot see it.
        page.get_by_role("button", name="Show as text").click()
        expect(page.get_by_label("The screen as text")).to_be_visible()
        page.get_by_role("tab", name="Screen").focus()
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("tab", name="Events")).to_be_focused()
        page.get_by_role("button", name="Pause").focus()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name=f"Pause: session of {USER}")
        expect(dialog.get_by_label("Reason, which the user sees")).to_be_focused()
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(page.get_by_role("button", name="Pause")).to_be_focused()
    finally:
        client.kill()
        client.wait()


def test_the_palette_finds_and_goes_by_keyboard(someone):
    page = someone().page
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Find pages, sessions, targets, people")
    expect(field).to_be_focused()
    field.fill("web1 target")
    expect(page.get_by_role("option", name="web1 target")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="web1")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_skip_link_leads_to_the_page(someone):
    person = someone(path="/live")
    person.run("document.activeElement.blur()")
    person.page.keyboard.press("Tab")
    assert person.run(FOCUS) == "a: Skip to the page"
    person.page.keyboard.press("Enter")
    expect(person.page.get_by_role("main")).to_be_focused()
