# SPDX-License-Identifier: Apache-2.0
"""What is recorded can be listed, shown, played, exported and verified, and damage is named."""
import base64
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import sys
import time

import pytest

from harness.process import until
from harness.recording import data, part_at, parts
from harness.tmux import cells

FIELDS = {"id", "user", "account", "target", "protocol", "source", "state", "started_at", "ended_at", "end_reason", "bytes", "events", "integrity"}
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")


def record(world, command, host="via", input=b"", **options):
    """Runs a command through the gateway; the id of its sealed recording."""
    known = {r["id"] for r in world.gateway.recordings()}
    world.ssh(host, command, input=input, **options)
    new = until(lambda: [r["id"] for r in world.gateway.recordings() if r["id"] not in known], what="a new recording")
    assert len(new) == 1
    world.gateway.sealed(new[0])
    return new[0]


def files_of(world, identifier):
    return sorted((world.gateway.data / "recordings").rglob(f"{identifier}*"))


def test_list_and_show_have_the_fields_of_the_contract(world):
    identifier = record(world, "echo out; echo err >&2; exit 3")
    listed = next(r for r in world.gateway.recordings() if r["id"] == identifier)
    shown = world.gateway.one("recording", "show", identifier)
    for value in (listed, shown):
        assert FIELDS <= set(value), FIELDS - set(value)
        assert (value["user"], value["account"], value["target"], value["protocol"]) == ("alice", "deploy", "web1", "ssh")
        assert value["state"] == "sealed" and TIME.match(value["started_at"]) and TIME.match(value["ended_at"])
        assert value["bytes"] > 0 and value["events"] > 0
    session = world.gateway.one("session", "show", identifier)
    assert session["state"] == "ended" and session["id"] == identifier


def test_verify_says_so_when_whole(world):
    identifier = record(world, "echo whole")
    assert world.gateway.run("recording", "verify", identifier).returncode == 0
    assert world.gateway.run("recording", "verify", "nothing-like-this").returncode != 0


def test_every_channel_kind_is_in_the_record(world, tmp_path):
    import subprocess
    identifier = record(world, "echo marker-out; echo marker-err >&2; cat", input=b"marker-in\n")
    text = world.gateway.cli("recording", "export", identifier, "--format", "jsonl", "--with-input")
    events = [json.loads(line) for line in text.splitlines()]
    assert data(events, "up") == b"marker-in\n"
    assert b"marker-out\nmarker-in\n" == data(events, "down", "main") and b"marker-err\n" == data(events, "down", "stderr")
    # sftp bytes, too.
    (tmp_path / "file").write_bytes(b"contents-of-the-file-5512")
    known = {r["id"] for r in world.gateway.recordings()}
    subprocess.run(["scp", "-F", str(world.ssh_config), str(tmp_path / "file"), f"via:{world.account.home}/sftp-file"], check=True,
                   stdin=subprocess.DEVNULL, capture_output=True)
    new = until(lambda: [r["id"] for r in world.gateway.recordings() if r["id"] not in known])[0]
    world.gateway.sealed(new)
    up = data(world.gateway.events(new, "--with-input"), "up")
    assert b"contents-of-the-file-5512" in up


def test_typed_passwords_are_not_shown_and_not_lost(world, terminal):
    one = terminal(world.ssh_argv("via", options=["-tt"]))
    one.wait_prompt()
    # The echo is off before the question is asked, which is on the screen only then.
    one.enter("clear; stty -echo; printf 'se%s? ' cret; read -r X; stty echo; echo; echo got ${#X}")
    one.wait("secret?")
    one.enter("hunter2-swordfish")
    one.wait("got 17")
    identifier = world.gateway.live_session(user="alice")["id"]
    one.enter("exit")
    world.gateway.sealed(identifier)
    for form in ("text", "jsonl", "asciicast"):
        assert "swordfish" not in world.gateway.cli("recording", "export", identifier, "--format", form)
    up = data(world.gateway.events(identifier, "--with-input"), "up")
    assert b"hunter2-swordfish" in up
    for path in files_of(world, identifier):
        assert b"swordfish" not in path.read_bytes()
    opened = [e for e in world.gateway.audit() if e["session"] == identifier and e["type"].startswith("recording")]
    assert opened and any("input" in json.dumps(e) for e in opened), "reading typed input is audited"


def test_bulk_is_counted_and_hashed_not_seen(world):
    blob = os.urandom(24 << 20)
    identifier = record(world, "sha256sum", input=blob)
    stored = sum(path.stat().st_size for path in files_of(world, identifier))
    assert stored < 9 << 20, "only the first MiB are kept verbatim"
    text = world.gateway.cli("recording", "show", identifier, "-o", "json") + world.gateway.cli("recording", "export", identifier, "--format", "jsonl")
    assert "counted-and-hashed" in text
    events = world.gateway.events(identifier, "--with-input")
    seen = data(events, "up")
    assert blob.startswith(seen) and len(seen) < len(blob)
    rest = blob[len(seen):]
    assert hashlib.sha256(rest).hexdigest() in text or base64.b64encode(hashlib.sha256(rest).digest()).decode() in text


def test_asciicast_is_one(world, terminal):
    one = terminal(world.ssh_argv("via", options=["-tt"]), columns=90, rows=25)
    one.wait_prompt()
    one.enter("echo cast-$((3*3))")
    one.wait("cast-9")
    identifier = world.gateway.live_session(user="alice")["id"]
    one.enter("exit")
    world.gateway.sealed(identifier)
    lines = world.gateway.cli("recording", "export", identifier, "--format", "asciicast").splitlines()
    header = json.loads(lines[0])
    assert header["version"] == 2 and (header["width"], header["height"]) == (90, 25)
    events = [json.loads(line) for line in lines[1:]]
    assert all(len(event) == 3 and event[1] in "orim" for event in events)
    assert [event[0] for event in events] == sorted(event[0] for event in events)
    assert "cast-9" in "".join(event[2] for event in events if event[1] == "o")
    assert "cast-9" in world.gateway.cli("recording", "export", identifier, "--format", "text")


FEEDER = """
import json, sys, time
for line in open(sys.argv[1]).read().splitlines()[1:]:
    event = json.loads(line)
    if event[1] == "o":
        sys.stdout.write(event[2])
sys.stdout.flush()
time.sleep(600)
"""


def difference(want, have):
    """The rows that differ, escapes spelled out."""
    import difflib
    return "\n".join(difflib.unified_diff([repr(row) for row in want.splitlines()], [repr(row) for row in have.splitlines()], "live", "replayed", lineterm="", n=0))


def vim_scene(one, account):
    (account.home / "scene.c").write_text("".join(f"static const char *row_{n} = \"{'=' * (n % 50)}\"; // {n}\n" for n in range(300)))
    account.own(account.home / "scene.c")
    one.enter("clear; vim scene.c")
    one.wait("row_5")
    one.send("2", "0", "G", "z", "t", "V", "5", "j", "y", "P", "$")
    one.type("i 漢字 typed é")
    one.wait("漢字 typed é")


def colour_scene(one, account):
    one.enter("clear; for i in $(seq 200); do printf '\\033[38;2;%d;80;%dmrow %d\\033[0m \\033[4;48;5;%dmx\\033[0m\\n' $((i%256)) $((255-i)) $i $((i%200)); done; "
              "printf '\\033[5;10H\\033[7mpla%s\\033[0m\\033[12;1H' ced")
    one.wait("placed")


def htop_scene(one, account):
    one.enter("clear; htop -d 600")
    one.wait("F10")


@pytest.mark.parametrize("scene", [vim_scene, colour_scene, htop_scene], ids=["vim", "colours", "htop"])
def test_replay_shows_the_same_screen_as_live(world, terminal, tmp_path, scene):
    """Cell by cell, attributes and cursor: what tmux shows of the exported recording is what it showed live."""
    live = terminal(world.ssh_argv("via", options=["-tt"]), columns=110, rows=34)
    live.wait_prompt()
    identifier = world.gateway.live_session(user="alice")["id"]
    scene(live, world.account)
    # While it is live, its export must already end in this screen.
    cast = tmp_path / "cast"

    def exported_at_rest():
        shown = live.settled(), live.cursor()
        cast.write_text(world.gateway.cli("recording", "export", identifier, "--format", "asciicast"))
        return shown if (live.screen(), live.cursor()) == shown else None
    screen, cursor = until(exported_at_rest, 30, "an export of a screen that stays")
    feeder = tmp_path / "feeder.py"
    feeder.write_text(FEEDER)
    replay = terminal([sys.executable, str(feeder), str(cast)], columns=110, rows=34, environment={"TERM": "xterm-256color"})
    until(lambda: (replay.screen(), replay.cursor()) == (screen, cursor), 20,
          lambda: f"the live screen in its export, cursor {cursor} and {replay.cursor()}:\n" + difference(screen, replay.screen()))
    # And `recording play` shows it, while it plays.
    played = terminal([str(world.gateway.bin / "sallyport"), "--config", str(world.gateway.config_path), "recording", "play", identifier,
                       "--idle-limit", "0.05"], columns=110, rows=34)
    until(lambda: cells(played.screen()) == cells(screen), 30, lambda: "the live screen in `recording play`:\n" + difference(screen, played.screen()))
    live.send("C-c")
    live.close()
    world.gateway.sealed(identifier)


def test_watching_shows_the_same_screen_as_live(world, terminal):
    live = terminal(world.ssh_argv("via", options=["-tt"]), columns=100, rows=30)
    live.wait_prompt()
    identifier = world.gateway.live_session(user="alice")["id"]
    colour_scene(live, world.account)
    screen = live.settled()
    # Joined late: a keyframe first, then everything from there on.
    watcher = terminal([str(world.gateway.bin / "sallyport"), "--config", str(world.gateway.config_path), "session", "watch", identifier],
                       columns=100, rows=30)
    until(lambda: cells(watcher.screen()) == cells(screen), 15, lambda: "the live screen for the watcher:\n" + difference(screen, watcher.screen()))
    live.enter("clear; echo fur'ther' on")
    until(lambda: cells(watcher.screen()) == cells(live.screen()) and "further on" in watcher.screen(), 15, "the watcher following")
    watcher.send("q")
    until(watcher.dead, what="the watcher leaving")
    live.enter("exit")


# --- damage ---------------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def sound(world):
    """A recording of several chunks, and its bytes."""
    identifier = record(world, "echo [first]; head -c 1500000 /dev/urandom | base64; echo [last]", input=b"typed\n")
    path = next(p for p in files_of(world, identifier) if p.suffix == ".rec")
    assert world.gateway.run("recording", "verify", identifier).returncode == 0
    return identifier, path, path.read_bytes()


@pytest.fixture
def verify_damaged(world, sound):
    """verify_damaged(BYTES) → what `recording verify` says of the record with these bytes; puts the good ones back."""
    identifier, path, good = sound

    def verify(damaged):
        path.write_bytes(damaged)
        return world.gateway.run("recording", "verify", identifier, "-o", "json")
    yield verify
    path.write_bytes(good)


def faults(result):
    """What `recording verify` calls faulty: the parts of the record that it names."""
    report = json.loads(result.stdout)
    found = [finding["where"] for finding in report["findings"] if finding["severity"] == "fault"]
    assert (result.returncode == 0) == report["sound"] == (not found), result
    return found


def named(result, *where):
    """Is one of these parts ("header", "chunk 3", "seal", "end") called faulty?"""
    return any(re.match(rf"{name}(?!\d)", found) for found in faults(result) for name in where)


def test_a_sound_record_has_no_fault(sound, verify_damaged):
    """And the parts that the tests below damage are those that it has."""
    names = [name for name, start, end in parts(sound[2])]
    assert names[0] == "header" and names[-1] == "seal" and names[1:-1] == [f"chunk {n}" for n in range(len(names) - 2)]
    assert len(names) >= 5, "several chunks"
    assert faults(verify_damaged(sound[2])) == []


def test_any_flipped_byte_is_named(sound, verify_damaged):
    good = sound[2]
    places = random.Random(7).sample(range(len(good)), 60) + list(range(0, 64, 8)) + list(range(len(good) - 64, len(good), 8))
    # Each part's first bytes and last byte, too: where its head is.
    places += [place for name, start, end in parts(good) for place in (start, start + 9, start + 140, end - 1)]
    for place in places:
        damaged = bytearray(good)
        damaged[place] ^= 1 << (place % 8)
        result = verify_damaged(bytes(damaged))
        assert named(result, part_at(good, place)), (place, part_at(good, place), faults(result))


def test_missing_and_repeated_bytes_are_named(sound, verify_damaged):
    good = sound[2]
    for place in random.Random(8).sample(range(len(good)), 12):
        here, after = part_at(good, place), part_at(good, place + 1)
        for what, damaged in (("missing", good[:place] + good[place + 1:]), ("repeated", good[:place] + good[place:place + 1] + good[place:]),
                              ("cut", good[:place])):
            result = verify_damaged(damaged)
            # A byte more between two parts is neither's.
            assert named(result, here, after), (what, place, here, faults(result))
    assert named(verify_damaged(good + b"\0"), "end")
    assert named(verify_damaged(good + good), "end", "chunk 0")
    assert named(verify_damaged(b""), "header")


def test_swapped_blocks_are_named(sound, verify_damaged):
    good = sound[2]
    third = len(good) // 3
    result = verify_damaged(good[:third] + good[2 * third:3 * third] + good[third:2 * third] + good[3 * third:])
    assert named(result, part_at(good, third)), faults(result)
    # Whole chunks, each sound in itself.
    (_, a, b), (_, _, c) = parts(good)[1:3]
    assert {"chunk 0", "chunk 1"} <= {found.split(" at ")[0] for found in faults(verify_damaged(good[:a] + good[b:c] + good[a:b] + good[c:]))}


def test_a_deleted_record_and_another_ones_bytes_are_named(world, sound, verify_damaged):
    identifier, path, good = sound
    other = record(world, "echo another")
    other_path = next(p for p in files_of(world, other) if p.suffix == ".rec")
    assert named(verify_damaged(other_path.read_bytes()), "header"), "another session's record under this id"
    path.unlink()
    assert world.gateway.run("recording", "verify", identifier).returncode != 0
    path.write_bytes(good)
    assert world.gateway.run("recording", "verify", identifier).returncode == 0


def test_a_missing_or_swapped_key_file_is_named(world, sound):
    identifier, path, _ = sound
    keys = path.with_suffix(".keys")
    good = keys.read_bytes()
    other = next(p for p in files_of(world, record(world, "echo another")) if p.suffix == ".keys").read_bytes()
    try:
        for bad in (None, b"", other, good[:-1], good + bytes(9000), good + bytes(100_000)):
            keys.unlink(missing_ok=True)
            if bad is not None:
                keys.write_bytes(bad)
            result = world.gateway.run("recording", "verify", identifier)
            assert result.returncode == 1 and "FAULT  keys" in result.stdout, (bad and len(bad), result)
        assert world.gateway.run("recording", "verify", "--file", path).returncode == 1, "a damaged one beside the file"
    finally:
        keys.write_bytes(good)
    assert world.gateway.run("recording", "verify", identifier).returncode == 0


def test_damage_costs_one_chunk_not_the_rest(world, sound, verify_damaged):
    identifier, path, good = sound
    before = world.gateway.cli("recording", "export", identifier, "--format", "text")
    # Brackets are not in base64: these stand for what came before and what came after.
    assert "[first]\n" in before and "\n[last]\n" in before
    damaged = bytearray(good)
    damaged[len(good) // 2] ^= 0x10
    where = part_at(good, len(good) // 2)
    assert {found.split(" at ")[0] for found in faults(verify_damaged(bytes(damaged)))} == {where}
    result = world.gateway.run("recording", "export", identifier, "--format", "text")
    assert "[first]\n" in result.stdout and "\n[last]\n" in result.stdout
    assert len(before) - 655_360 < len(result.stdout) < len(before), "a chunk holds no more than a tail, which has 640 KiB"
    assert where in result.stdout + result.stderr, "and is named"


def test_verify_works_offline_from_a_file(world, sound, tmp_path):
    identifier, path, good = sound
    copy = tmp_path / path.name
    shutil.copy(path, copy)
    result = world.gateway.run("recording", "verify", "--file", copy)
    assert result.returncode == 0, result
    copy.write_bytes(good[:-100] + bytes(reversed(good[-100:])))
    assert world.gateway.run("recording", "verify", "--file", copy).returncode != 0


def test_recordings_survive_a_restart(make_world):
    world = make_world()
    identifier = record(world, "echo before restart")
    world.gateway.restart()
    assert "before restart" in world.gateway.cli("recording", "export", identifier, "--format", "text")
    assert world.gateway.run("recording", "verify", identifier).returncode == 0
    assert world.gateway.run("audit", "verify").returncode == 0
    world.write_ssh_config()
    assert world.ssh("via", "echo after", options=["-o", f"UserKnownHostsFile={world.folder}/again"]).stdout == b"after\n"


def test_a_session_that_nobody_could_read_is_refused(make_world):
    world = make_world(config={"recording": {"write_only": True}})
    refused = world.ssh("via", "echo never")
    assert refused.returncode == 255 and b"cannot be recorded" in refused.stderr + refused.stdout
    assert not world.gateway.recordings()
    world.gateway.apply({"kind": "recipient", "name": "auditor", "public_key": base64.b64encode(b"\x09" * 32).decode()})
    identifier = record(world, "echo recorded")
    assert world.gateway.run("recording", "verify", identifier).returncode == 0
    assert world.gateway.run("recording", "export", identifier, "--format", "text").returncode != 0
    assert world.gateway.run("delete", "recipient", "auditor").returncode != 0


def test_a_restart_does_not_seal_damage_over(make_world):
    """One byte of the seal, and the whole of it: the record is left as it was found, and all who ask are told."""
    world = make_world()
    flipped, cut = record(world, "echo one"), record(world, "echo two")
    paths = {identifier: next(p for p in files_of(world, identifier) if p.suffix == ".rec") for identifier in (flipped, cut)}
    world.gateway.stop()
    damaged = {flipped: bytearray(paths[flipped].read_bytes()), cut: paths[cut].read_bytes()}
    damaged[flipped][-3] ^= 1
    damaged[cut] = damaged[cut][:damaged[cut].rindex(b"SPSEAL")]
    for identifier, path in paths.items():
        path.write_bytes(damaged[identifier])
    world.gateway.start()
    for identifier, path in paths.items():
        assert path.read_bytes() == bytes(damaged[identifier])
        result = world.gateway.run("recording", "verify", identifier)
        assert result.returncode == 1 and "seal" in result.stdout, result
        types = [e["type"] for e in world.gateway.audit() if e["session"] == identifier]
        assert types.count("recording.damaged") == 1 and types.count("session.end") == 1, types
        assert next(r for r in world.gateway.recordings() if r["id"] == identifier)["integrity"] == "damaged"


def test_host_keys_and_cas_stay_the_same_over_a_restart(make_world):
    world = make_world()
    before = [world.gateway.cli("ca", "show", which) for which in ("user", "host")], sorted(world.known_hosts_for_gateway().split())
    world.gateway.config["listen"] = {"ssh": f"127.0.0.1:{world.gateway.port}"}
    world.gateway.restart()
    assert ([world.gateway.cli("ca", "show", which) for which in ("user", "host")], sorted(world.known_hosts_for_gateway().split())) == before
