# SPDX-License-Identifier: Apache-2.0
"""Fixtures. `world` is shared by the tests that harm nothing; `make_world` gives a fresh one to those that do."""
import itertools
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness.account import TestAccount  # noqa: E402
from harness.gateway import Gateway  # noqa: E402
from harness.postgres import Postgres  # noqa: E402
from harness.puppet import compile_messages  # noqa: E402
from harness.tmux import Tmux  # noqa: E402
from harness.world import World  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--build", default="build/dev", help="build folder whose bin/ is tested")
    parser.addoption("--store", choices=["sqlite", "postgresql"], default="sqlite", help="what the tests' gateways keep their data in")
    parser.addoption("--keep", action="store_true", help="leave the tests' folders for a look")


@pytest.fixture(scope="session")
def build(request):
    path = pathlib.Path(request.config.getoption("--build")).resolve()
    for name in ("sallyport", "sallyportd", "sallyport-front-ssh", "sallyport-back-ssh", "sallyport-back-telnet", "sallyport-inspector", "sallyport-front-web", "sallyport-viewer"):
        if not (path / "bin" / name).exists():
            pytest.exit(f"{path}/bin/{name} is not built", returncode=3)
    return path


@pytest.fixture(scope="session")
def sanitized(build):
    """Is this a build in which everything takes longer?"""
    cache = (build / "CMakeCache.txt").read_text(errors="replace")
    return any(line.startswith("SALLYPORT_SANITIZE:") and line.split("=", 1)[1].strip() for line in cache.splitlines())


@pytest.fixture(scope="session")
def messages(folder):
    """Those of the workers, for the puppets in their place."""
    compile_messages(folder / "messages")


@pytest.fixture(scope="session")
def folder(request):
    # Short: Unix socket paths are limited. Open to traverse: targets serve another user from here.
    path = pathlib.Path(tempfile.mkdtemp(prefix="spt-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    if not request.config.getoption("--keep"):
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(folder):
    made = Postgres(folder / "pg")
    try:
        yield made.start()
    finally:
        made.crash()  # nobody needs the checkpoint


@pytest.fixture(scope="session", autouse=True)
def store(request):
    """With --store postgresql every gateway of the run gets a database of its own."""
    if request.config.getoption("--store") == "postgresql":
        server = request.getfixturevalue("postgres")
        Gateway.new_store = staticmethod(lambda: server.url(server.database()))
    yield request.config.getoption("--store")
    Gateway.new_store = None


@pytest.fixture
def sqlite_file(store):
    """For tests that change the database's file behind the gateway's back."""
    if store != "sqlite":
        pytest.skip("the database is no file of the gateway's")


@pytest.fixture(scope="session")
def account(folder):
    made = TestAccount(folder)
    yield made
    made.remove()


_numbers = itertools.count(1)  # names of folders: never used twice


@pytest.fixture(scope="session")
def world(build, folder, account, store):
    made = World(build, folder / "w", account)
    try:
        yield made.start()
    finally:
        made.stop()


def assert_alive(worlds):
    dead = [f"{one.gateway.folder}: status {one.gateway.process.popen.returncode}" for one in worlds if one.gateway.died()]
    assert not dead, f"gateways that ended by themselves: {dead}"


@pytest.fixture(autouse=True)
def no_gateway_dies():
    """A broker that crashes is the fault of the test that saw it, whatever that looked at, and not of the next one."""
    yield
    dead = [one for one in World.started if one.gateway.died()]
    try:
        assert_alive(dead)
    finally:
        for one in dead:
            one.come_back()


@pytest.fixture
def make_world(build, folder, account, request):
    """make_world(config={…}, …) → a started World of the test's own."""
    made = []

    def make(start=True, **options):
        options.setdefault("dropbear", False)
        one = World(build, folder / f"w{next(_numbers)}", account, **options)
        made.append(one)
        return one.start() if start else one

    yield make
    try:
        assert_alive(made)
    finally:
        for one in made:
            one.stop()


@pytest.fixture
def terminal(folder):
    """terminal(COMMAND, …) → a Tmux that ends with the test."""
    made = []

    def make(command, **options):
        one = Tmux(folder / f"t{next(_numbers)}", command, **options)
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for one in World.started:
            report.sections.append((f"log of {one.gateway.folder}", one.gateway.log_tail()))
