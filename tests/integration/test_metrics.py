# SPDX-License-Identifier: Apache-2.0
"""Figures for a monitoring system, and whether the node is ready."""
import re
import socket
import urllib.error
import urllib.request

import pytest

from harness.process import until
from harness.world import USER

LINE = re.compile(r'^([a-z_]+)(\{[a-z_]+="(?:[^"\\\n]|\\.)*"(?:,[a-z_]+="(?:[^"\\\n]|\\.)*")*\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?)$')


def get(world, path, method="GET"):
    """(status, type, text)"""
    asked = urllib.request.Request(f"http://{world.gateway.ready['metrics']}{path}", method=method)
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read().decode()


def figures(world):
    """{name with its labels: figure}, from a text whose every line is of the format."""
    status, kind, text = get(world, "/metrics")
    assert status == 200 and kind.startswith("text/plain; version=0.0.4")
    assert text.endswith("\n")
    families, out = {}, {}
    for line in text.splitlines():
        if line.startswith("# "):
            _, word, name, rest = line.split(" ", 3)
            families.setdefault(name, {})[word] = rest
            continue
        name, labels, figure = LINE.match(line).groups()
        assert set(families[name]) == {"HELP", "TYPE"}, name
        assert families[name]["TYPE"] == ("counter" if name.endswith("_total") else "gauge")
        assert name + (labels or "") not in out, "a figure comes once"
        out[name + (labels or "")] = float(figure)
    return out


@pytest.fixture
def watched(make_world):
    return make_world(config={"listen": {"ssh": "127.0.0.1:0", "metrics": "127.0.0.1:0"}})


def test_figures_follow_what_happens(watched):
    before = figures(watched)
    assert before["sallyport_ready"] == 1 and before["sallyport_sessions"] == 0
    assert any(name.startswith('sallyport_info{node="node1",version="') for name in before)
    with watched.popen("via", "echo up; cat") as client:
        assert client.stdout.readline() == b"up\n"
        during = figures(watched)
        assert during["sallyport_sessions"] == 1
        assert during['sallyport_connections{state="logged-in"}'] == 1
        client.stdin.close()
        assert client.wait(30) == 0
    until(lambda: figures(watched)["sallyport_sessions"] == 0, 20, "the session's end")
    started = 'sallyport_audit_events_total{type="session.start"}'
    after = figures(watched)
    assert after[started] == before.get(started, 0) + 1
    assert after["process_cpu_seconds_total"] > before["process_cpu_seconds_total"] > 0
    assert after["process_resident_memory_bytes"] > 1_000_000


def test_nobody_is_named(watched):
    assert watched.ssh("via", "true").returncode == 0
    text = get(watched, "/metrics")[2]
    for name in (USER, "deploy"):
        assert not re.search(rf"\b{re.escape(name)}\b", text), name


def test_the_node_says_why_it_is_not_ready(make_world):
    world = make_world(config={"listen": {"ssh": "127.0.0.1:0", "metrics": "127.0.0.1:0"}, "recording": {"write_only": True}})
    status, _, text = get(world, "/readyz")
    assert status == 503 and "declare a recipient" in text
    assert figures(world)["sallyport_ready"] == 0
    assert world.ssh("via", "true").returncode == 255


def test_it_is_ready(watched):
    assert get(watched, "/readyz")[::2] == (200, "ready\n")


@pytest.mark.parametrize("path,method", [("/", "GET"), ("/metrics", "POST"), ("/metricsx", "GET"), ("/api/v1/session", "GET")])
def test_there_is_nothing_else(watched, path, method):
    assert get(watched, path, method)[0] == 404


def test_strangers_who_hold_its_connections_are_bounded(watched):
    host, port = watched.gateway.ready["metrics"].rsplit(":", 1)
    held = [socket.create_connection((host, int(port)), timeout=30) for _ in range(40)]
    ended = 0
    for one in held:
        one.settimeout(0.5)
        try:
            ended += one.recv(1) == b""
        except TimeoutError:
            pass
    assert ended >= 40 - 16
    assert watched.ssh("via", "echo served").stdout == b"served\n"
    for one in held:  # those that have a place lose it in time
        one.settimeout(30)
        assert one.recv(1) == b""
        one.close()
    assert figures(watched)["sallyport_ready"] == 1


def test_a_question_without_an_end_is_cut(watched):
    host, port = watched.gateway.ready["metrics"].rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=30) as endless:
        try:
            for _ in range(100):
                endless.sendall(b"GET /metrics HTTP/1.1\r\nX: " + b"a" * 1000)
            assert endless.recv(1) == b""
        except ConnectionError:
            pass


def test_without_the_setting_nothing_listens(world):
    assert world.gateway.ready["metrics"] == ""
