# SPDX-License-Identifier: Apache-2.0
"""A terminal in the browser: typed in, watched, paused, ended, opened again."""
import re

from playwright.sync_api import expect

from harness.pages import browser, needed, pages, portal, someone  # noqa: F401
from harness.process import until
from harness.world import USER, USER_PASSWORD

pytestmark = needed


def opened(person, account="deploy", target="web1"):
    """A terminal that is ready; what it shows."""
    person.page.get_by_role("button", name=f"Open {account} on {target}").click()
    expect(person.page.locator(".workspace-screen[data-state=live]")).to_be_visible()
    expect(person.page.get_by_role("textbox", name=f"Terminal: {account} on {target}")).to_be_focused()
    shown = person.page.locator(".typing .xterm-rows")
    expect(shown).to_contain_text("$")
    return shown


def test_vim_in_the_browser_seen_and_ended_from_another_one(someone, portal):
    one = someone(USER, path="/connect")
    shown = opened(one)
    keys = one.page.keyboard
    keys.type("vim -u NONE written.txt\n")
    expect(shown).to_contain_text("written.txt")
    keys.type("iin the browser: äöü")
    keys.press("Escape")
    keys.type(":w\n")
    written = portal.account.home / "written.txt"
    until(written.exists, 20, "what vim wrote")
    assert written.read_text() == "in the browser: äöü\n"

    identifier = portal.gateway.live_session(user=USER)["id"]
    other = someone(path=f"/sessions/{identifier}").page
    expect(other.locator(".xterm-rows")).to_contain_text("in the browser: äöü")
    other.get_by_role("button", name="Pause").click()
    other.get_by_role("dialog").get_by_label("Reason").fill("one moment")
    other.get_by_role("dialog").get_by_role("button", name="Pause").click()
    expect(one.page.locator(".workspace-screen[data-state=paused]")).to_be_visible()
    other.get_by_role("button", name="Resume").click()
    other.get_by_role("dialog").get_by_role("button", name="Resume").click()
    expect(one.page.locator(".workspace-screen[data-state=live]")).to_be_visible()
    other.get_by_role("button", name="End", exact=True).click()
    other.get_by_role("dialog").get_by_role("button", name="End the session").click()
    expect(one.page.get_by_text("The session has ended.")).to_be_visible()
    one.page.get_by_role("button", name="Connect again").click()
    expect(one.page.locator(".workspace-screen[data-state=live]")).to_be_visible()
    keys.type("exit 7\n")
    expect(one.page.get_by_text("status 7")).to_be_visible()
    one.page.get_by_role("button", name="Close").click()
    expect(one.page.get_by_role("heading", name="Connect")).to_be_visible()


def test_the_terminal_is_as_large_as_the_window_and_pastes_between_marks(someone, portal):
    one = someone(USER, path="/connect")
    shown = opened(one)
    keys = one.page.keyboard
    keys.type("stty size | tr ' ' x\n")
    expect(shown).to_contain_text(re.compile(r"\d+x\d+"))
    before = re.search(r"\d+x\d+", shown.inner_text()).group()
    one.page.set_viewport_size({"width": 900, "height": 600})
    keys.type("clear; trap 'stty size | tr \" \" x' WINCH; stty size | tr ' ' x\n")
    expect(shown).to_contain_text(re.compile(r"\d+x\d+"))
    until(lambda: (re.findall(r"\d+x\d+", shown.inner_text()) or [before])[-1] != before, 20, "another size")
    keys.type("clear; printf '\\033[?2004h'; cat -v\n")
    one.run("navigator.clipboard.writeText('two\\nlines\\u001b[201~ here')")
    one.page.get_by_role("button", name="Paste").click()
    expect(shown).to_contain_text("^[[200~two")
    keys.press("Enter")
    # The end of the marks is at the end alone: what is pasted cannot bring one of its own.
    expect(shown).to_contain_text("lines[201~ here^[[201~")


def test_two_terminals_stay_while_one_looks_at_other_pages(someone, portal):
    one = someone(USER, path="/connect")
    shown = opened(one)
    one.page.keyboard.type("echo fi''rst\n")
    expect(shown).to_contain_text("first")
    one.page.get_by_role("tab", name="Targets").click()
    second = opened(one, "keyed")
    one.page.keyboard.type("echo sec''ond\n")
    expect(second).to_contain_text("second")
    one.page.get_by_role("navigation", name="Pages").get_by_role("link", name="Live").click()
    expect(one.page.get_by_role("heading", name=re.compile("Live"))).to_be_visible()
    one.page.get_by_role("navigation", name="Pages").get_by_role("link", name="Connect").click()
    expect(shown).to_contain_text("second")
    one.page.get_by_role("tab", name="deploy@web1").click()
    expect(shown).to_contain_text("first")
    assert len(portal.gateway.sessions()) == 2
    for _ in range(2):
        one.page.get_by_role("button", name="End session").click()
    until(lambda: not portal.gateway.sessions(), 20, "the end of both")


def test_what_a_target_sends_only_draws(someone, portal):
    one = someone(USER, path="/connect")
    shown = opened(one)
    title = one.page.title()
    one.run("navigator.clipboard.writeText('mine')")
    one.page.keyboard.type("printf '\\033]52;c;aGFjaw==\\007\\033]0;hacked\\007\\033]8;;https://example.org\\007li''nk\\033]8;;\\007\\n'\n")
    expect(shown).to_contain_text("link")
    assert one.run("navigator.clipboard.readText()") == "mine"
    assert one.page.title() == title
    assert one.page.locator(".typing a").count() == 0


def test_a_held_terminal_opens_with_the_approval(someone, portal):
    one = someone("dave", path="/connect")
    one.page.get_by_role("button", name="Open root on web1").click()
    held = one.page.locator(".workspace-screen[data-state=held]")
    expect(held).to_contain_text("somebody has to approve")
    deciding = someone("bob", path="/requests").page
    card = deciding.get_by_role("article").first
    expect(card).to_contain_text("dave asks for root on web1")
    card.get_by_role("button", name="Approve").click()
    card.get_by_role("button", name="Approve").click()
    expect(one.page.locator(".workspace-screen[data-state=live]")).to_be_visible()


def test_the_terminal_by_keyboard(someone, portal):
    one = someone(USER, path="/connect")
    opened(one)
    one.page.keyboard.press("Tab")
    expect(one.page.get_by_role("textbox", name="Terminal: deploy on web1")).to_be_focused()  # Tab is the shell's
    one.page.keyboard.press("Control+Shift+ArrowUp")
    expect(one.page.get_by_role("toolbar", name="Terminal").get_by_role("button").first).to_be_focused()
    one.page.get_by_role("button", name="Screen reader").click()
    expect(one.page.get_by_role("button", name="Screen reader")).to_have_attribute("aria-pressed", "true")
    expect(one.page.locator(".typing .xterm-accessibility")).to_have_count(1)


def test_nothing_of_a_terminal_stays_for_the_next_user(someone, portal):
    one = someone(USER, path="/connect")
    shown = opened(one)
    one.page.keyboard.type("echo sec''ret\n")
    expect(shown).to_contain_text("secret")
    one.page.get_by_role("button", name=f"Signed in as {USER}: menu").click()
    one.page.get_by_role("menuitem", name="Sign out").click()
    one.page.get_by_label("User name").fill("dave")
    one.page.get_by_label("Password", exact=True).fill(USER_PASSWORD)
    one.page.get_by_role("button", name="Continue").click()
    expect(one.page.get_by_role("heading", name="Connect")).to_be_visible()
    expect(one.page.get_by_role("tab")).to_have_count(0)
    assert "secret" not in one.page.content()
    until(lambda: not portal.gateway.sessions(), 20, "the end of the session")
