# SPDX-License-Identifier: Apache-2.0
"""Every decision and change is in the audit log, in a chain that shows every gap; and who may ask."""
import base64
import grp
import hashlib
import json
import os
import pwd
import shutil
import sqlite3
import subprocess
import threading

import paramiko
import pytest

from harness.process import until
from harness.world import USER


def types_of(events, session=None):
    return [e["type"] for e in events if session is None or e["session"] == session]


def test_a_session_tells_its_story(world):
    world.ssh("via", "true")
    newest = world.gateway.newest_recording()["id"]
    world.gateway.sealed(newest)
    events = until(lambda: (lambda found: found if any("end" in e["type"] for e in found) else None)(
        [e for e in world.gateway.audit() if e["session"] == newest]), what="the session's end in the audit log")
    assert len(events) >= 2
    assert {"node", "seq", "time", "type", "actor", "session"} <= set(events[0]) and events[0]["node"] == "node1"
    assert any(e["actor"] == USER for e in events)
    assert [e["seq"] for e in events] == sorted(e["seq"] for e in events)


def test_changes_and_refusals_are_there(make_world):
    world = make_world()
    assert world.ssh("via", "true", options=["-l", f"{USER}@root@web1"]).returncode != 0
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    with client, pytest.raises(paramiko.AuthenticationException):
        client.connect("127.0.0.1", world.gateway.port, f"{USER}@deploy@web1", password="battery staple guess", look_for_keys=False, allow_agent=False)
    world.gateway.cli("delete", "account", "keyed")

    def event(type_, **fields):
        """Waits for the one event of this kind with these fields: some are written when whoever caused them has gone."""
        def look():
            return [e for e in world.gateway.audit() if e["type"] == type_ and all(e.get(name) == value for name, value in fields.items())]
        (one,) = until(look, what=f"{type_} {fields} in the audit log")
        return one
    denied = event("session.denied", actor=USER, account="root", target="web1")
    assert denied["reason"] == "unknown_account" and denied["source"].startswith("127.0.0.1:")
    failed = event("auth.failure", actor=USER, method="password", login=f"{USER}@deploy@web1")
    assert failed["source"].startswith("127.0.0.1:")
    event("resource.delete", actor="local:root", kind="account", name="keyed")
    text = json.dumps(world.gateway.audit())
    for secret in (world.account.password, "PRIVATE KEY", "battery staple"):
        assert secret not in text and secret not in world.gateway.log_tail(100_000)
    assert world.gateway.run("audit", "verify").returncode == 0


def test_a_changed_or_deleted_event_is_found(make_world, sqlite_file):
    world = make_world()
    world.ssh("via", "true")
    assert world.gateway.run("audit", "verify").returncode == 0
    world.gateway.stop()
    database = next(path for path in world.gateway.data.rglob("*.db"))
    saved = {path: path.read_bytes() for path in database.parent.glob(database.name + "*")}
    with sqlite3.connect(database) as db:
        table = next(name for (name,) in db.execute("select name from sqlite_master where type='table'") if "audit" in name)
        columns = [row[1] for row in db.execute(f"pragma table_info({table})")]
        key = "seq" if "seq" in columns else "rowid"
        body = next(c for c in columns if c in ("body", "json", "event"))
        middle = db.execute(f"select {key} from {table} order by {key} limit 1 offset 3").fetchone()[0]
    damages = [f"update {table} set {body} = replace({body}, 'alice', 'mallo') where {body} like '%alice%'", f"delete from {table} where {key} = {middle}",
               f"update {table} set time_us = time_us + 1 where {key} = {middle}" if "time_us" in columns else f"update {table} set type = 'x' where {key} = {middle}"]
    for damage in damages:
        with sqlite3.connect(database) as db:
            assert db.execute(damage).rowcount > 0
            db.commit()
        world.gateway.start()  # a broken log is no reason to refuse: who broke it may want just that
        try:
            assert world.gateway.run("audit", "verify").returncode == 1, damage
        finally:
            world.gateway.stop()
        for path in database.parent.glob(database.name + "*"):
            path.unlink()
        for path, content in saved.items():
            path.write_bytes(content)


def forge(database, old, new, seq):
    """What anybody who may write to the database can do: change an event, make every hash fit again, take the signatures away."""
    with sqlite3.connect(database, timeout=20) as db:
        chain = bytes(32)
        for number, body, salt in db.execute("select seq, body, salt from audit order by seq").fetchall():
            if number == seq:
                assert old in body
                body = body.replace(old, new)
                db.execute("update audit set actor = replace(actor, ?, ?) where seq = ?", (old, new, number))
            leaf = hashlib.sha256(base64.b64decode(salt) + body.encode()).digest()
            chain = hashlib.sha256(chain + leaf).digest()
            db.execute("update audit set body = ?, leaf = ?, chain = ? where seq = ?", (body, leaf.hex(), chain.hex(), number))
        db.execute("delete from audit_heads where seq >= ?", (seq,))
    db.close()


def test_a_forged_history_is_never_signed(make_world, sqlite_file):
    world = make_world()
    assert world.ssh("via", "true").returncode == 0
    head = world.gateway.folder / "head.json"
    head.write_text(world.gateway.cli("audit", "heads"))
    assert world.gateway.run("audit", "verify", "--head", head).returncode == 0
    seq = next(e["seq"] for e in world.gateway.audit() if e["actor"] == USER)
    forge(world.gateway.data / "sallyport.db", USER, "mallory", seq)

    # The running gateway adds nothing to it, signs nothing, and opens nothing that it could not note.
    refused = world.ssh("via", "true")
    assert refused.returncode != 0
    assert world.gateway.run("audit", "heads").returncode != 0
    assert world.gateway.run("audit", "verify").returncode == 1
    assert "behind the gateway's back" in world.gateway.log_tail(100_000)

    # The next start goes on, and says for ever what it found.
    world.gateway.restart()
    world.write_ssh_config()
    assert world.ssh("via", "true").returncode == 0
    found = world.gateway.run("audit", "verify", "-o", "json")
    verdict = json.loads(found.stdout)
    assert found.returncode == 1 and len(verdict["faults"]) == 1, verdict
    known = ["--known-fault", verdict["faults"][0]]
    assert world.gateway.run("audit", "verify", *known).returncode == 0
    assert world.gateway.run("audit", "verify", *known, "--head", head).returncode == 1


def test_an_older_database_is_told_by_a_head_kept_elsewhere(make_world, sqlite_file):
    world = make_world()
    world.gateway.stop()
    database = world.gateway.data / "sallyport.db"
    saved = {path: path.read_bytes() for path in database.parent.glob(database.name + "*")}
    world.gateway.start()
    world.write_ssh_config()
    assert world.ssh("via", "true").returncode == 0
    head = world.gateway.folder / "head.json"
    head.write_text(world.gateway.cli("audit", "heads"))
    world.gateway.stop()
    for path in database.parent.glob(database.name + "*"):
        path.unlink()
    for path, content in saved.items():
        path.write_bytes(content)
    world.gateway.start()
    assert world.gateway.run("audit", "verify").returncode == 0, "what it was then, it is now"
    found = world.gateway.run("audit", "verify", "--head", head)
    assert found.returncode == 1 and "kept elsewhere" in found.stdout


def test_a_second_gateway_leaves_the_first_alone(world):
    second = subprocess.run([str(world.gateway.bin / "sallyport"), "serve", "--config", str(world.gateway.config_path)], capture_output=True, text=True,
                            timeout=30, stdin=subprocess.DEVNULL)
    assert second.returncode != 0 and "another gateway" in second.stderr
    assert world.ssh("via", "true").returncode == 0


def as_account(world, account, *args):
    """The command line as the unprivileged account, from a place it can reach: the checkout may lie where only root may go."""
    entry = pwd.getpwnam(account.name)
    program = world.gateway.folder / "sallyport"
    if not program.exists():
        # Other threads may be here, too: whoever sees the file sees it whole.
        whole = program.with_name(f"sallyport.{threading.get_ident()}")
        shutil.copy(world.gateway.bin / "sallyport", whole)
        whole.replace(program)
    return subprocess.run([str(program), "--config", str(world.gateway.config_path), *args], capture_output=True,
                          text=True, timeout=20, user=entry.pw_uid, group=entry.pw_gid, extra_groups=[], stdin=subprocess.DEVNULL)


def test_only_root_and_the_group_may_ask(make_world, account):
    world = make_world()
    for path in (world.gateway.data, world.gateway.data / "admin.sock"):
        assert path.stat().st_mode & 0o007 == 0, f"{path} is open to others"
    assert as_account(world, account, "session", "list").returncode != 0
    # Even with the way open, the socket's peer credentials decide.
    for path in (world.gateway.data, world.gateway.data / "admin.sock"):
        path.chmod(0o777)
    refused = as_account(world, account, "session", "list")
    assert refused.returncode != 0 and refused.stdout == ""


def test_the_groups_members_have_the_roles_of_their_users(make_world, account):
    group = grp.getgrgid(pwd.getpwnam(account.name).pw_gid).gr_name
    world = make_world(config={"service_group": group})
    for path in (world.gateway.data, world.gateway.data / "admin.sock"):
        path.chmod(0o777)
    nobodys = as_account(world, account, "session", "list", "-o", "json")
    assert nobodys.returncode != 0 and "local_account" in nobodys.stderr
    world.gateway.apply({"kind": "user", "name": "eve", "local_account": account.name, "roles": ["administrator"]})
    asked = as_account(world, account, "session", "list", "-o", "json")
    assert asked.returncode == 0 and json.loads(asked.stdout) == []


def test_files_are_closed_to_others(world):
    for path in [world.gateway.folder / "master.key", *world.gateway.data.rglob("*")]:
        if path.is_dir() or path.is_file():
            assert os.stat(path).st_mode & 0o007 == 0, path


def test_apply_is_all_or_nothing_and_names_what_is_wrong(world):
    bad = world.gateway.folder / "bad.yaml"
    for text, word in [("{kind: user, name: ok1}\n---\n{kind: user, name: 'b@d'}\n", "name"), ("{kind: user, name: ok2, colour: red}\n", "colour"),
                       ("{kind: thing, name: x}\n", "kind"), ("{kind: user, name: a, name: b}\n", "name"), ("{kind: [", "bad.yaml")]:
        bad.write_text(text)
        result = world.gateway.run("apply", "-f", bad)
        assert result.returncode != 0 and word in result.stderr, (text, result)
    assert {u["name"] for u in world.gateway.json("get", "user")} == {USER}


def test_an_exported_log_is_checked_without_the_gateway(make_world):
    world = make_world()
    gateway = world.gateway
    assert world.ssh("via", "true").returncode == 0
    key = gateway.one("status")["node_key"]
    first = gateway.cli("audit", "export", "--proof")
    kept = gateway.folder / "heads.jsonl"
    kept.write_text(gateway.cli("audit", "heads"))
    assert world.ssh("via", "true").returncode == 0
    events = [json.loads(line) for line in first.splitlines()]
    assert "signature" in events[-1] and all("salt" in e for e in events[:-1])
    rest = gateway.cli("audit", "export", "--proof", "--after", str(events[-2]["seq"]))
    for refused in (["--type", "session."], ["--session", "x"]):
        assert gateway.run("audit", "export", "--proof", *refused).returncode != 0
    gateway.stop()

    file = gateway.folder / "evidence.jsonl"

    def check(text, *more):
        file.write_text(text)
        result = gateway.run("-o", "json", "audit", "verify", "--file", file, *more)
        assert result.stdout, result.stderr
        return result.returncode, json.loads(result.stdout)

    whole = first + rest
    lines = whole.splitlines(keepends=True)
    status, verdict = check(whole, "--node-key", key, "--head", kept)
    assert status == 0 and verdict["ok"] and verdict["signer_trusted"]
    assert verdict["events"] == len(lines) - 2 == verdict["signed_seq"] and verdict["heads"] == 3
    assert check(first, "--node-key", key)[0] == 0
    assert check(whole)[1]["signer_trusted"] is False

    other = base64.b64encode(bytes(32)).decode()
    body = json.loads(lines[3])["body"]
    damages = {"changed": whole.replace(json.dumps(body), json.dumps(body.replace("time", "tune"))), "missing": "".join(lines[:3] + lines[4:]),
               "swapped": "".join(lines[:3] + [lines[4], lines[3]] + lines[5:]), "cut off": "".join(lines[:-4]), "unsigned": "".join(lines[:-1])}
    for name, text in damages.items():
        assert text != whole, name
        status, verdict = check(text, "--node-key", key)
        assert status == 1 and not verdict["ok"] and verdict["problem"], name
    status, verdict = check(whole, "--node-key", other)
    assert status == 1 and "not trusted" in verdict["problem"]
    # An older state of the log is whole in itself: a head that was kept elsewhere tells that more has been.
    kept.write_text(lines[-1])
    status, verdict = check(first, "--node-key", key, "--head", kept)
    assert status == 1 and "cut off" in verdict["problem"]
    for path in ("/dev/stdin", gateway.folder, gateway.folder / "missing.jsonl"):
        result = gateway.run("audit", "verify", "--file", path)
        assert result.returncode != 0 and not result.stdout and str(path) in result.stderr
    for text in ("", "not a log\n", "{}\n"):
        file.write_text(text)
        result = gateway.run("audit", "verify", "--file", file)
        assert result.returncode != 0 and not result.stdout and "evidence.jsonl" in result.stderr, text
