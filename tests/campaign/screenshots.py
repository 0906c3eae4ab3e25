#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A picture of every page of the portal, light and dark, at a real gateway with real sshd targets; axe looks at each.

    build/venv/bin/python tests/campaign/screenshots.py [--build build/dev] [--to docs/screenshots/portal] [--only NAME]…

Exit status 1 if axe finds a violation, a page complains, or a page is wider than its window."""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))

from playwright.sync_api import expect  # noqa: E402

from harness.account import TestAccount  # noqa: E402
from harness.chromium import Chromium, axe_source  # noqa: E402
from harness.scenery import Scenery  # noqa: E402
from harness.world import USER, USER_PASSWORD  # noqa: E402

SIZES = {360: 740, 1280: 800, 2560: 1440}
NARROW_AND_WIDE = ("overview", "live", "session-live", "session-past", "requests", "policies", "people", "connect", "audit")


# --- what is done on a page before its picture is taken ----------------------------------------------------------------
def shows(page):
    expect(page.locator(".screen[data-shows=true]").first).to_be_visible()


def plays(page):
    expect(page.locator(".xterm-rows").or_(page.get_by_text("on its own terminal only"))).to_be_visible()


def explains(page):
    form = page.get_by_role("region", name="Explain a decision")
    for label, value in {"User": "dave", "Account": "root", "Target": "web1"}.items():
        form.get_by_label(label).first.fill(value)
    page.get_by_role("button", name="Explain", exact=True).click()
    expect(page.get_by_role("row").filter(has_text="root-on-prod")).to_be_visible()


def checks(page):
    editor = page.get_by_label("policy as YAML")
    expect(editor).to_have_value(re.compile("ops-on-prod"))
    editor.fill(editor.input_value().replace("exec, sftp]", "exec]"))
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("status", name="What this changes")).to_be_visible()


def verifies(page):
    page.get_by_role("button", name="Verify the log").click()
    expect(page.get_by_text("signed heads")).to_be_visible()


def opens_an_event(page):
    page.get_by_role("row").filter(has_text="session.start").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()


def finds(page):
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("web")
    expect(page.get_by_role("option").filter(has_text="web1").first).to_be_visible()


def pauses(page):
    page.get_by_role("button", name="Pause", exact=True).first.click()
    expect(page.get_by_role("dialog")).to_be_visible()


def stores(page):
    page.get_by_role("button", name="Store its secret").click()
    expect(page.get_by_role("textbox", name="Password")).to_be_visible()


def pages(shown):
    """name → (address, what is done first)."""
    live, past, paused = shown["live"], shown["past"], shown["paused"]
    return {
        "overview": ("/", None),
        "live": ("/live", None),
        "wall": ("/live?view=wall", shows),
        "session-live": (f"/sessions/{live}", shows),
        "session-paused": (f"/sessions/{paused}", shows),
        "session-act": (f"/sessions/{live}", pauses),
        "session-past": (f"/sessions/{past}", plays),
        "session-events": (f"/sessions/{past}?tab=events", None),
        "session-audit": (f"/sessions/{past}?tab=audit", None),
        "session-evidence": (f"/sessions/{past}?tab=evidence", None),
        "requests": ("/requests", None),
        "requests-review": ("/requests?show=review", None),
        "requests-all": ("/requests?show=all", None),
        "requests-ask": ("/requests?show=ask", None),
        "connect": ("/connect", None),
        "recordings": ("/recordings", None),
        "audit": ("/audit", verifies),
        "audit-event": ("/audit?type=session.", opens_an_event),
        "people": (f"/people?name={USER}", None),
        "people-enrolled": ("/people?name=erin", None),
        "targets": ("/targets?name=web1", None),
        "accounts": ("/accounts?name=passworded", stores),
        "policies": ("/policies?name=ops-on-prod&tab=yaml", checks),
        "policies-history": ("/policies?name=ops-on-prod&tab=history", None),
        "policies-explain": ("/policies?tab=explain", explains),
        "policies-lint": ("/policies?tab=lint", None),
        "groups": ("/others?name=on-call", None),
        "system": ("/system", None),
        "sign-ins": ("/sign-ins", None),
        "palette": ("/", finds),
    }


class Campaign:
    def __init__(self, world, chromium, to):
        self.world, self.chromium, self.to = world, chromium, to
        self.axe = axe_source()
        self.found = []

    def look(self, person, name, scheme, width):
        label = f"{name} {scheme} {width}"
        self.found += [f"{label}: {line}" for line in person.violations(self.axe)]
        if person.run("document.documentElement.scrollWidth") > width:
            self.found.append(f"{label}: wider than the window")
        suffix = "" if width == 1280 else f"-{width}"
        person.picture(self.to / f"{name}-{scheme}{suffix}.webp")
        print(label, flush=True)

    def stranger(self, scheme):
        person = self.chromium.person(self.world.gateway, scheme=scheme)
        person.open("/").get_by_label("User name").wait_for()
        self.look(person, "sign-in", scheme, 1280)
        person.close()

    def everything(self, places, scheme, width):
        person = self.chromium.person(self.world.gateway, scheme=scheme, width=width, height=SIZES[width])
        person.sign_in("carol", USER_PASSWORD)
        for name, (path, prepare) in places.items():
            person.open(path)
            person.settled()
            if prepare:
                prepare(person.page)
                person.settled()
            self.look(person, name, scheme, width)
        self.found += [f"{scheme} {width}: {text}" for text in person.complaints]
        person.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/dev")
    parser.add_argument("--to", type=pathlib.Path, default=ROOT / "docs/screenshots/portal")
    parser.add_argument("--only", action="append", help="only the pages whose name begins so")
    given = parser.parse_args()
    subprocess.run([ROOT / "tools/build-pages"], check=True)
    given.to.mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sallyport-", dir="/tmp"))
    folder.chmod(0o755)
    account = TestAccount(folder)
    world, chromium = Scenery(given.build, folder / "world", account, ROOT / "build/pages"), Chromium()
    try:
        world.start()
        places = {name: place for name, place in pages(world.happen()).items() if not given.only or name.startswith(tuple(given.only))}
        campaign = Campaign(world, chromium, given.to)
        for scheme in ("light", "dark"):
            if not given.only or "sign-in" in given.only:
                campaign.stranger(scheme)
            campaign.everything(places, scheme, 1280)
        few = {name: place for name, place in places.items() if name in NARROW_AND_WIDE}
        campaign.everything(few, "light", 360)
        campaign.everything(few, "dark", 2560)
    finally:
        chromium.close()
        world.stop()
        account.remove()
        shutil.rmtree(folder, ignore_errors=True)
    size = sum(path.stat().st_size for path in given.to.iterdir())
    print(f"{len(list(given.to.iterdir()))} pictures, {size / 1e6:.1f} MB, {len(campaign.found)} faults")
    for line in campaign.found:
        print(line)
    return 1 if campaign.found else 0


if __name__ == "__main__":
    sys.exit(main())
