# SPDX-License-Identifier: Apache-2.0
"""What a session sent is decoded in a contained child, by every verb; and a search misses nothing of it."""
import os
import pathlib
import pty
import re
import shlex
import subprocess
import time

import pytest

from harness.process import until

ESCAPES = {
    "an OSC that is cancelled": r"\033]0;\030",
    "an OSC that another sequence ends": r"\033]0;title\033[m",
    "a DCS that is cancelled": r"\033P1$r\032",
    "an OSC that never ends": r"\033]0;title\n",
    "a CSI that never ends": r"\033[\n",
}


def record(world, command, options=()):
    known = {r["id"] for r in world.gateway.recordings()}
    world.ssh("via", command, options=options)
    new = until(lambda: [r["id"] for r in world.gateway.recordings() if r["id"] not in known], what="a new recording")
    assert len(new) == 1
    world.gateway.sealed(new[0])
    return new[0]


def children(pid):
    return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def facts(pid):
    status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
    limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
    links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    return status, limits, links


def assert_contained(pid, sanitized):
    status, limits, links = facts(pid)
    assert status["Uid"].split() == ["65534"] * 4 and status["Gid"].split() == ["65534"] * 4
    assert status["CapEff"] == "0" * 16 and status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
    assert re.search(r"Max core file size +0 +0 ", limits)
    # A sanitizer's shadow needs more addresses than any bound allows.
    assert sanitized or re.search(r"Max address space +536870912 +536870912 ", limits)
    assert sum(link.startswith("socket:") for link in links) == 1, links  # orders; never the gateway's
    assert sum(link.startswith("pipe:") for link in links) == 2, links
    return links


def test_a_live_session_is_watched_by_a_contained_child(world, sanitized):
    session = world.popen("via", "cat", options=["-tt"])
    watcher = None
    try:
        identifier = until(lambda: [s["id"] for s in world.gateway.json("session", "list") if s["state"] == "live"], what="a live session")[0]
        watcher = subprocess.Popen(world.gateway.argv("session", "watch", identifier, "-o", "json"), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE)
        until(lambda: children(watcher.pid), what="the watcher's child")
        session.stdin.write(b"something\n")
        session.stdin.flush()
        assert watcher.stdout.readline()  # it decodes by now
        child = children(watcher.pid)[0]
        links = assert_contained(child, sanitized)
        assert len(links) == 3, links
        assert re.search(r"Max core file size +0 +0 ", facts(watcher.pid)[1])
        watcher.kill()
        watcher.wait()
        until(lambda: not os.path.exists(f"/proc/{child}"), what="the end of the child with its parent")
    finally:
        for process in (watcher, session):
            if process and process.poll() is None:
                process.kill()
                process.wait()


@pytest.mark.parametrize("verb", [["export", "--format", "text"], ["export", "--format", "jsonl"], ["show", "--events", "-o", "json"], ["play", "--dump"]],
                         ids=lambda verb: "-".join(verb))
def test_a_recording_is_read_by_a_contained_child(world, verb, sanitized):
    identifier = record(world, "seq 1 200000")
    reader = subprocess.Popen(world.gateway.argv("recording", verb[0], identifier, *verb[1:]), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        assert reader.stdout.read(1)  # a pipe that nobody empties holds it here
        links = assert_contained(children(reader.pid)[0], sanitized)
        assert [link for link in links if link.endswith(f"{identifier}.rec")], links
        assert len(links) <= 6, links
        rest = reader.stdout.read()
        assert reader.wait() == 0 and b"200000" in rest[-2000:]
    finally:
        if reader.poll() is None:
            reader.kill()
            reader.wait()


@pytest.mark.parametrize("name", ESCAPES)
def test_no_escape_sequence_blinds_the_search(world, name):
    needle = f"needle-{os.urandom(4).hex()}"
    shell = f"printf '{ESCAPES[name]}'; echo {needle[:6]}\"\"{needle[6:]}"
    identifier = record(world, shell)
    hits = world.gateway.json("recording", "search", needle, "--id", identifier)
    assert [hit["where"] for hit in hits if needle in hit["text"]] == ["output"] * len(hits) and hits, shlex.quote(shell)


def test_one_damaged_recording_hides_no_other(world):
    needle = f"needle-{os.urandom(4).hex()}"
    made = [record(world, f"echo {needle}") for _ in range(4)]
    victim = next((world.gateway.data / "recordings").rglob(f"{made[1]}.rec"))
    whole = victim.read_bytes()
    try:
        victim.write_bytes(whole[:100])
        found = world.gateway.run("recording", "search", needle, "-o", "json")
    finally:
        victim.write_bytes(whole)
    assert found.returncode == 1 and made[1] in found.stderr
    import json
    assert {hit["id"] for hit in json.loads(found.stdout)} == {made[0], made[2], made[3]}
    # In the order of the list, the newest first, however the work was shared out.
    again = world.gateway.json("recording", "search", needle)
    assert list(dict.fromkeys(hit["id"] for hit in again)) == made[::-1]


def test_a_terminal_shows_how_far_the_search_is(world):
    for _ in range(2):
        record(world, "echo something")
    ours, theirs = pty.openpty()
    searching = subprocess.Popen(world.gateway.argv("recording", "search", "nothing-like-this"), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    said = b""
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                piece = os.read(ours, 4096)
            except OSError:
                break
            if not piece:
                break
            said += piece
        assert searching.wait(60) == 0
    finally:
        os.close(ours)
        if searching.poll() is None:
            searching.kill()
            searching.wait()
    assert re.search(rb"\r\d+ of \d+ recordings searched, 0 hits", said) and b"\x1b[K" in said, said
