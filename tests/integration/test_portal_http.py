# SPDX-License-Identifier: Apache-2.0
"""What no browser sends: requests that two parsers could read in two ways, floods, and clients that do not read."""
import socket
import ssl
import time

import pytest

from harness.portal import Browser, listening
from harness.process import until
from harness.world import USER, USER_PASSWORD, World


@pytest.fixture(scope="module")
def portal(build, folder, account, store):
    world = World(build, folder / "phttp", account, dropbear=False,
                  config=listening({"limits": {"preauth_seconds": 4, "preauth_per_source": 40}}))
    try:
        yield world.start()
    finally:
        world.stop()


@pytest.fixture
def browser(portal):
    return Browser(portal.gateway)


HOST = b"Host: a\r\n"
SECOND = b"GET /api/v1/session HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize("name, data, status", [
    ("chunked", b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND, b"501"),
    ("chunked and a length", b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND, b"400"),
    ("a hidden coding", b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SECOND, b"400"),
    ("two lengths", b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + SECOND, b"400"),
    ("a list of lengths", b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Content-Length: 0,44\r\n\r\n" + SECOND, b"400"),
    ("a body of GET", b"GET /api/v1/session HTTP/1.1\r\n" + HOST + b"Content-Length: 44\r\n\r\n" + SECOND, b"400"),
    ("a folded field", b"GET /api/v1/session HTTP/1.1\r\n" + HOST + b"X: a\r\n Content-Length: 9\r\n\r\n", b"400"),
    ("bare line feeds", b"GET /api/v1/session HTTP/1.1\nHost: a\n\r\n\r\n", b"400"),
    ("no host", b"GET /api/v1/session HTTP/1.1\r\n\r\n", b"400"),
    ("two hosts", b"GET /api/v1/session HTTP/1.1\r\n" + HOST + HOST + b"\r\n", b"400"),
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
    ("CONNECT", b"CONNECT a:22 HTTP/1.1\r\n" + HOST + b"\r\n", b"501"),
    ("a head that is too large", b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 20_000 + b"\r\n\r\n", b"431"),
    ("too many fields", b"GET / HTTP/1.1\r\n" + HOST + b"".join(b"X-%d: a\r\n" % n for n in range(100)) + b"\r\n", b"431"),
    ("a body that is too large", b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Content-Length: 999999999\r\n\r\n", b"413"),
])
def test_what_could_be_read_in_two_ways_is_refused_and_ends_the_connection(browser, name, data, status):
    said = browser.says(data)
    assert said.count(b"HTTP/1.1 ") <= 1, "the hidden request was answered"
    # The end of a connection that was not read may overtake the answer.
    assert not said or said.startswith(b"HTTP/1.1 " + status), said[:200]


def test_pipelined_requests_are_not_answered(browser):
    said = browser.says(SECOND + SECOND)
    assert said.count(b"HTTP/1.1 ") <= 1


def test_requests_in_turn_on_one_connection(browser):
    with browser.raw() as connection:
        for _ in range(3):
            connection.sendall(SECOND)
            got = b""
            while b"signed-out" not in got:
                got += connection.recv(65536)
            assert got.startswith(b"HTTP/1.1 401")


def test_garbage_instead_of_tls_ends_the_connection(browser):
    with socket.create_connection((browser.host, browser.port), timeout=10) as plain:
        plain.sendall(SECOND)
        assert plain.recv(4096)[:1] in (b"", b"\x15"), "nothing, or an alert"


def test_a_slow_client_is_ended_in_time(browser, portal):
    began = time.monotonic()
    with browser.raw(seconds=20) as connection:
        try:
            for byte in b"GET /api/v1/session HTTP/1.1\r\nHost: a\r\nX: ":
                connection.sendall(bytes([byte]))
                time.sleep(0.25)
        except (ConnectionError, ssl.SSLError):
            pass
        try:
            assert connection.recv(4096) == b""
        except (ConnectionError, ssl.SSLError):
            pass
    assert 3 < time.monotonic() - began < 15
    until(lambda: not portal.gateway.workers("front-web"), 10, "no front left")


def test_a_connection_that_says_nothing_costs_no_process(browser, portal):
    until(lambda: not portal.gateway.workers("front-web"), 15, "no front left")
    silent = [socket.create_connection((browser.host, browser.port)) for _ in range(10)]
    assert browser.get("/session").status == 401, "others are served"
    assert len(portal.gateway.workers("front-web")) <= 1
    for one in silent:
        one.settimeout(10)
        assert one.recv(1) == b"", "its time is over"
        one.close()


def test_one_address_does_not_take_all_places(browser, portal):
    held = [socket.create_connection((browser.host, browser.port)) for _ in range(45)]
    dropped = 0
    for one in held:
        one.settimeout(0.2)
        try:
            dropped += one.recv(1) == b""
        except TimeoutError:
            pass
    assert dropped >= 5
    for one in held:
        one.close()


def test_a_client_that_does_not_read_holds_up_nobody(browser, portal):
    portal.gateway.apply({"kind": "user", "name": "admin", "roles": ["administrator"]})
    portal.gateway.cli("user", "set-password", "admin", input=USER_PASSWORD + "\n")
    assert browser.sign_in("admin", USER_PASSWORD).status == 201
    items = [{"resource": {"kind": "group", "name": f"big{n}", "description": "x" * 200}} for n in range(1000)]
    answer = browser.post("/resources", {"items": items})
    if answer.status == 400:  # a group has no description
        items = [{"resource": {"kind": "group", "name": f"big{n}"}} for n in range(1000)]
        answer = browser.post("/resources", {"items": items})
    assert answer.status == 200, answer.body
    request = f"GET /api/v1/resources/group HTTP/1.1\r\nHost: a\r\nCookie: __Host-sallyport={browser.cookie}\r\n\r\n".encode()
    slow = [browser.raw(request) for _ in range(5)]
    for _ in range(10):
        assert browser.get("/session").status == 200
    for one in slow:
        got = b""
        while not got.endswith(b"0\r\n\r\n"):
            chunk = one.recv(65536)
            assert chunk, "the list breaks off"
            got += chunk
        assert got.count(b'"resource"') == 1000
        one.close()
