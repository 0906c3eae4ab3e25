# SPDX-License-Identifier: Apache-2.0
"""Every page: what users and targets write is inert, nothing shuts out keyboards and screen readers, nothing is wider than the window."""
import re

import pytest
from playwright.sync_api import expect

from harness.chromium import axe_source
from harness.pages import browser, needed, pages, portal, someone  # noqa: F401
from harness.world import USER

pytestmark = needed


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


PAGES = {
    "overview": "/", "live": "/live", "recordings": "/recordings", "requests": "/requests?show=all", "ask": "/requests?show=ask",
    "connect": "/connect", "audit": "/audit", "policies": "/policies?name=ops-on-prod", "history": "/policies?name=ops-on-prod&tab=history",
    "explain": "/policies?tab=explain", "lint": "/policies?tab=lint", "people": f"/people?name={USER}", "targets": "/targets?name=web1",
    "accounts": "/accounts?name=passworded", "system": "/system", "sign-ins": "/sign-ins",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(someone, browser, portal, scheme):
    axe = axe_source()
    client = portal.popen("via", "cat", options=["-tt"])
    try:
        live = portal.gateway.live_session(user=USER)["id"]
        stranger = browser.person(portal.gateway, scheme=scheme)
        stranger.open("/")
        stranger.page.get_by_label("User name").wait_for()
        found = {"sign-in": stranger.violations(axe)}
        stranger.close()
        person = someone(scheme=scheme)
        for name, path in {**PAGES, "session-live-events": f"/sessions/{live}?tab=audit", "session-live": f"/sessions/{live}"}.items():
            person.open(path)
            person.settled()
            found[name] = person.violations(axe)
        person.page.keyboard.press("Control+k")
        person.page.get_by_role("combobox").fill("web")
        found["palette"] = person.violations(axe)
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
