# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests that open the portal's pages in a real Chromium, at a real gateway, with real sshd targets. A test
file imports those that it uses; each file has a gateway of its own."""
import itertools
import pathlib
import shutil
import subprocess

import pytest

from . import chromium
from .portal import listening
from .process import until
from .target import keygen, public_line
from .world import USER, USER_PASSWORD, World

ROOT = pathlib.Path(__file__).resolve().parents[3]

needed = pytest.mark.skipif(not chromium.available() or shutil.which("npm") is None,
                            reason="THE PAGES ARE NOT TESTED: they need Chromium and npm (tools/install-deps pages test)")
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def pages():
    subprocess.run([ROOT / "tools/build-pages"], check=True, timeout=900)
    return ROOT / "build/pages"


@pytest.fixture(scope="module")
def portal(build, folder, account, store, pages):
    """carol administers, bob approves, alice works; root@web1 needs an approval."""
    world = World(build, folder / f"pages{next(_numbers)}", account, dropbear=False,
                  config=listening({"portal": {"pages": str(pages)},
                                    "limits": {"source_guesses_per_minute": 100_000, "preauth_per_source": 10_000, "auth_tries": 50}}))
    try:
        world.start()
        world.keys = {USER: world.user_key}
        for name, more in {"bob": {"groups": ["leads"]}, "carol": {"roles": ["administrator"]}, "dave": {"groups": ["ops"]}}.items():
            world.keys[name] = keygen(world.folder / f"{name}_key")
            world.gateway.apply({"kind": "user", "name": name, "public_keys": [public_line(world.keys[name])], **more})
            world.gateway.cli("user", "set-password", name, input=USER_PASSWORD + "\n")
        world.gateway.apply(
            {"kind": "account", "name": "root", "targets": {"env": "prod"}, "login": "certificate", "login_name": account.name},
            {"kind": "policy", "name": "root-on-prod", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"}, "accounts": ["root"],
             "allow": ["shell", "exec"], "require": {"approval": {"approvers": {"groups": ["leads"]}, "valid": "1h"}}})
        yield world
    finally:
        world.stop()


@pytest.fixture(scope="module")
def browser(portal):
    one = chromium.Chromium()
    yield one
    one.close()


@pytest.fixture
def someone(browser, portal):
    """someone(NAME, …) → a person who is signed in. At the end nobody's page may have complained."""
    made = []

    def make(name="carol", path="/", **options):
        one = browser.person(portal.gateway, **options)
        made.append(one)
        one.sign_in(name, USER_PASSWORD, path=path)
        return one

    yield make
    complaints = [text for one in made for text in one.complaints]
    for one in made:
        one.close()
    assert complaints == []


def row_of(page, identifier):
    """The row of a list that leads to a session."""
    return page.get_by_role("row").filter(has=page.locator(f'a[href*="{identifier}"]'))


def recorded(portal, *command):
    """A session that has ended, and its recording's id."""
    before = {one["id"] for one in portal.gateway.recordings()}
    done = portal.ssh("via", *command)
    assert done.returncode == 0, done
    fresh = until(lambda: [one for one in portal.gateway.recordings() if one["id"] not in before], 10, "the recording")
    portal.gateway.sealed(fresh[0]["id"])
    return fresh[0]["id"]
