# SPDX-License-Identifier: Apache-2.0
"""A real browser: Debian's Chromium, driven by Playwright. It keeps what each page complained about, and looks for what
people with a keyboard or a screen reader could not use (axe)."""
import base64
import json
import pathlib
import re

from playwright.sync_api import expect, sync_playwright

PROGRAM = "/usr/bin/chromium"
AXE = pathlib.Path(__file__).resolve().parents[3] / "build/pages-work/node_modules/axe-core/axe.min.js"
SECONDS = 60_000  # how long anything may take here


def available():
    return pathlib.Path(PROGRAM).exists()


def axe_source():
    assert AXE.exists(), "axe-core is missing: remove build/pages, then run tools/build-pages"
    return AXE.read_text()


class Chromium:
    def __init__(self):
        self.playwright = sync_playwright().start()
        # Chromium's own sandbox wants another user than root.
        self.browser = self.playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox", "--force-color-profile=srgb"])
        expect.set_options(timeout=SECONDS)

    def close(self):
        self.browser.close()
        self.playwright.stop()

    def person(self, gateway, scheme="light", width=1280, height=800):
        return Person(self.browser, gateway, scheme, width, height)


class Person:
    """Somebody at the portal: a browser profile of their own, with one page."""

    def __init__(self, browser, gateway, scheme, width, height):
        self.origin = gateway.ready["portal"].rstrip("/")
        self.context = browser.new_context(base_url=self.origin, viewport={"width": width, "height": height}, color_scheme=scheme,
                                           ignore_https_errors=True, locale="en-GB", timezone_id="Europe/Berlin",
                                           permissions=["clipboard-read", "clipboard-write"])
        self.context.set_default_timeout(SECONDS)
        self.page = self.context.new_page()
        self.complaints = []
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("console", self._heard)

    def _heard(self, message):
        # The browser itself notes each answer with a status of 400 and more.
        if message.type == "error" and not message.text.startswith(("Failed to load resource", "EventSource's response")):
            self.complaints.append(f"{message.text} ({message.location.get('url')})")

    def close(self):
        self.context.close()

    def moved(self, gateway):
        """The gateway serves at another port now; cookies know hosts alone."""
        self.origin = gateway.ready["portal"].rstrip("/")
        return self

    def open(self, path):
        self.page.goto(self.origin + path)
        return self.page

    def sign_in(self, user, password, code=None, path="/"):
        page = self.open(path)
        page.get_by_label("User name").fill(user)
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Continue").click()
        if code is not None:
            page.get_by_label("One-time code").fill(code() if callable(code) else code)
            page.get_by_role("button", name="Sign in").click()
        page.locator('nav[aria-label="Pages"]').wait_for(state="attached")  # a narrow window hides it
        return page

    def run(self, expression):
        """JavaScript in the page, by the debugger: the content security policy allows no other way."""
        session = self.context.new_cdp_session(self.page)
        answer = session.send("Runtime.evaluate", {"expression": expression, "awaitPromise": True, "returnByValue": True})
        session.detach()
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def violations(self, axe):
        """What axe finds, a line each."""
        self.run(axe)
        found = json.loads(self.run("axe.run(document, {resultTypes: ['violations']}).then((r) => JSON.stringify(r.violations.map("
                                    "(v) => [v.id, v.nodes.map((n) => n.target.join(' ') + ': ' + n.failureSummary)])))"))
        blanks = re.compile(r"\s+")
        return [f"{name}: {blanks.sub(' ', node)}" for name, nodes in found for node in nodes]

    def settled(self):
        """Waits until the page has fetched what it shows."""
        self.page.wait_for_load_state("load")
        expect(self.page.locator("main h1").first).to_be_visible()  # until it is known who is signed in, there is no page
        expect(self.page.locator(".mantine-Loader-root")).to_have_count(0)
        return self.page

    def picture(self, path):
        """As WebP: a third of what PNG takes."""
        session = self.context.new_cdp_session(self.page)
        taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": 80})
        session.detach()
        path.write_bytes(base64.b64decode(taken["data"]))
