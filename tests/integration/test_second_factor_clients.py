# SPDX-License-Identifier: Apache-2.0
"""One-time codes by plink and paramiko: a code is good once, and guessing is limited, whatever the client."""
import itertools
import socket
import subprocess

import paramiko
import pytest

from harness.process import until
from harness.totp import Enrolled
from harness.world import World

_names = (f"client{n}" for n in itertools.count(1))
GUESSES = 5  # after which no code counts for a while


@pytest.fixture(scope="module")
def guarded(build, folder, account, store):
    """A world of these tests' own: guesses of all of them come from one address."""
    world = World(build, folder / "totpc", account, config={"limits": {"source_guesses_per_minute": 100_000}}, dropbear=False)
    try:
        yield world.start()
    finally:
        world.stop()


@pytest.fixture
def carol(guarded):
    return Enrolled(guarded, next(_names))


@pytest.fixture
def plink(guarded, carol, terminal, tmp_path):
    """plink() → a terminal in which plink has proved the key and asks for a code."""
    key = tmp_path / "key.ppk"
    subprocess.run(["puttygen", str(carol.key), "-o", str(key), "-O", "private"], check=True, stdin=subprocess.DEVNULL)
    scan = subprocess.run(["ssh-keygen", "-lf", "-"], input=guarded.known_hosts_for_gateway(), text=True, capture_output=True, check=True)
    hashes = [part for word in scan.stdout.split() if word.startswith("SHA256:") for part in ("-hostkey", word)]

    def start():
        one = terminal(["plink", "-no-antispoof", "-P", str(guarded.gateway.port), *hashes, "-i", str(key), "-l", f"{carol.name}@deploy@web1",
                        "127.0.0.1", "echo now in"], environment={"HOME": str(tmp_path)}, rows=60)
        one.wait("One-time code:")
        return one
    return start


def asked(terminal, times):
    """Waits until plink has asked so often for a code."""
    until(lambda: terminal.screen(False).count("One-time code:") == times, 30, lambda: f"question {times}:\n{terminal.screen(False)}")


def connected(world):
    transport = paramiko.Transport(socket.create_connection(("127.0.0.1", world.gateway.port)))
    transport.start_client(timeout=20)
    return transport


def reasons(world, user):
    return [e["reason"] for e in world.gateway.audit() if e["type"] == "auth.failure" and e["actor"] == user]


def wrong_code(app):
    return next(code for code in ("000000", "111111", "222222") if code not in {app.code(n) for n in range(-2, 5)})


def by_key(world, person, codes):
    """Logs in by key and by these codes, one after the other; whether one of them did."""
    name = f"{person.name}@deploy@web1"
    with connected(world) as transport:
        assert transport.auth_publickey(name, paramiko.Ed25519Key.from_private_key_file(str(person.key))) == ["keyboard-interactive"]
        for code in codes:
            try:
                transport.auth_interactive(name, lambda title, text, prompts, code=code: [code for _ in prompts])
            except paramiko.AuthenticationException:
                continue
            return transport.is_authenticated()
        return False


def test_plink_a_code_is_good_once(guarded, carol, plink):
    code = carol.app.code()
    first = plink()
    first.enter(code)
    first.wait("now in")
    second = plink()
    second.enter(code)
    asked(second, 2)
    assert "now in" not in second.screen(False)
    second.enter(carol.app.code(1))
    second.wait("now in")
    assert reasons(guarded, carol.name) == ["a code that was used already"]


def test_plink_guessing_is_slowed_down(guarded, carol, plink):
    wrong = wrong_code(carol.app)
    one = plink()
    for n in range(GUESSES):
        asked(one, n + 1)
        one.enter(wrong)
    # What comes of the last one: another question, or the end of the connection.
    until(lambda: reasons(guarded, carol.name).count("wrong code") == GUESSES, 30, "the last guess")
    again = plink()
    again.enter(carol.app.code())
    until(lambda: "too many wrong codes of this user" in reasons(guarded, carol.name), 30, "the right one, but too soon")
    assert "now in" not in one.screen(False) + again.screen(False)
    assert not [e for e in guarded.gateway.audit() if e["type"] == "auth.success" and e["actor"] == carol.name]


def test_paramiko_a_code_is_good_once(guarded, carol):
    code = carol.app.code()
    assert by_key(guarded, carol, [code])
    assert not by_key(guarded, carol, [code])
    assert by_key(guarded, carol, [carol.app.code(1)])
    assert not by_key(guarded, carol, [code]), "one before the last"
    assert reasons(guarded, carol.name) == ["a code that was used already"] * 2


def test_paramiko_guessing_is_slowed_down_over_all_connections(guarded, carol):
    wrong = wrong_code(carol.app)
    for _ in range(GUESSES):
        assert not by_key(guarded, carol, [wrong])
    assert not by_key(guarded, carol, [carol.app.code()]), "the right one, but too soon"
    assert reasons(guarded, carol.name) == ["wrong code"] * GUESSES + ["too many wrong codes of this user"]
