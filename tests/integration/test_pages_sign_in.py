# SPDX-License-Identifier: Apache-2.0
"""The portal's sign-in in a browser."""
import re

from playwright.sync_api import expect

from harness.pages import browser, needed, pages, portal, someone  # noqa: F401
from harness.totp import Enrolled
from harness.world import USER_PASSWORD

pytestmark = needed


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
