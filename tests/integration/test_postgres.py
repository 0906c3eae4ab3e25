# SPDX-License-Identifier: Apache-2.0
"""A gateway whose store is PostgreSQL, the server going away under it, and two nodes in one store."""
import json
import threading

import paramiko
import pytest

from harness.gateway import Gateway
from harness.postgres import Postgres
from harness.process import until
from harness.world import USER

SECRET = "S3cret-of-the-database"


@pytest.fixture
def server(folder, request):
    """One that a test may stop."""
    made = Postgres(folder / f"pg-{abs(hash(request.node.name)) % 10_000}")
    yield made.start()
    made.stop()


class Echo:
    """A session that says what it hears."""

    def __init__(self, world, port=None):
        options = ["-p", str(port)] if port else []
        self.popen = world.popen("via", "cat", options=options)

    def says(self, text):
        self.popen.stdin.write(text.encode() + b"\n")
        self.popen.stdin.flush()
        got = []
        reading = threading.Thread(target=lambda: got.append(self.popen.stdout.readline()), daemon=True)
        reading.start()
        reading.join(30)
        return got == [text.encode() + b"\n"]

    def end(self):
        self.popen.stdin.close()
        return self.popen.wait(30)


def types_of(gateway, session):
    return [e["type"] for e in gateway.audit() if e["session"] == session]


@pytest.mark.parametrize("how", ["restart", "crash"])
def test_the_server_goes_away_and_comes_back(make_world, server, how):
    world = make_world(config={"store": server.url(server.database())})
    gateway = world.gateway
    echo = Echo(world)
    assert echo.says("one")
    session = gateway.live_session()["id"]
    head = gateway.folder / "head.json"
    head.write_text(gateway.cli("audit", "heads"))

    server.stop() if how == "restart" else server.crash()
    assert echo.says("two"), "what lives goes on"
    refused = world.ssh("via", "true")
    assert refused.returncode != 0 and b"database does not answer" in refused.stderr, refused
    # What restricts is done at once, and told of later; what loosens must be told of first.
    assert gateway.run("session", "pause", session).returncode == 0
    resumed = gateway.run("session", "resume", session)
    assert resumed.returncode != 0 and "does not answer" in resumed.stderr, resumed
    for verb in (["session", "list", "--all"], ["audit", "tail"], ["delete", "account", "keyed"]):
        failed = gateway.run(*verb)
        assert failed.returncode != 0 and "does not answer" in failed.stderr, (verb, failed)
    assert gateway.one("status")["audit_waiting"] > 0

    server.start()
    until(lambda: gateway.one("status")["audit_waiting"] == 0, 30, "what waited is written")
    until(lambda: gateway.run("session", "resume", session).returncode == 0, 30, "the database answers")
    assert echo.says("three")
    assert echo.end() == 0
    until(lambda: "session.end" in types_of(gateway, session), what="the session's end in the audit log")
    types = types_of(gateway, session)
    wanted = ["session.start", "recording.start", "target.login", "session.pause", "session.resume", "session.end"]
    assert [t for t in types if t in wanted] == wanted, types
    assert world.ssh("via", "echo four").stdout == b"four\n"
    verdict = json.loads(gateway.cli("audit", "verify", "--head", head, "-o", "json"))
    assert verdict["ok"] and verdict["heads"] >= 1, verdict
    seqs = [e["seq"] for e in gateway.audit()]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    assert gateway.run("recording", "verify", session).returncode == 0


def test_a_session_that_ends_meanwhile_is_noted_later(make_world, server):
    world = make_world(config={"store": server.url(server.database())})
    echo = Echo(world)
    assert echo.says("one")
    session = world.gateway.live_session()["id"]
    server.stop()
    assert echo.end() == 0
    server.start()
    until(lambda: world.gateway.run("recording", "show", session).returncode == 0, 30, "the database answers")
    assert world.gateway.sealed(session, 30)["state"] == "sealed"
    assert types_of(world.gateway, session).count("session.end") == 1


def test_a_server_that_is_not_there_is_told_without_the_password(make_world, folder, tmp_path):
    world = make_world(config={"store": f"postgresql://sallyport:{SECRET}@127.0.0.1:1/none"}, start=False)
    with pytest.raises(AssertionError) as failed:
        world.gateway.start()
    assert "cannot be reached" in str(failed.value) and SECRET not in str(failed.value)


def test_the_password_comes_from_a_file_and_stays_there(make_world, server, tmp_path):
    name = server.database()
    server.run(f"ALTER USER sallyport PASSWORD '{SECRET}'")
    rules = server.folder / "data" / "pg_hba.conf"
    rules.write_text("local all all scram-sha-256\n")
    server.run("SELECT pg_reload_conf()")
    file = tmp_path / "pgpass"
    file.write_text(f"*:*:*:sallyport:{SECRET}\n")
    file.chmod(0o600)
    world = make_world(config={"store": server.url(name) + f"&passfile={file}"})
    assert world.ssh("via", "echo ok").stdout == b"ok\n"
    gateway = world.gateway
    said = gateway.log_tail(100_000) + gateway.cli("status") + json.dumps(gateway.audit())
    with open(f"/proc/{gateway.pid}/cmdline", "rb") as f:
        said += f.read().decode()
    assert SECRET not in said


def test_what_runs_again_does_the_same(make_world, server):
    """Every transaction loses its first try: whatever it holds must still be there for the second."""
    name = server.database()
    world = make_world(config={"store": server.url(name)})
    gateway = world.gateway
    server.contend(name, "settings", "credentials")
    gateway.apply({"kind": "user", "name": "bob", "groups": ["ops"]}, {"kind": "user", "name": "carol"})
    gateway.cli("user", "set-password", USER, input=f"{SECRET}\n")
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    with client:
        client.connect("127.0.0.1", gateway.port, f"{USER}@deploy@web1", password=SECRET, look_for_keys=False, allow_agent=False, timeout=30)
        assert client.exec_command("echo ok")[1].read() == b"ok\n"
    gateway.cli("account", "set-secret", "passworded", input=world.account.password)
    assert world.ssh("passworded", "echo ok").stdout == b"ok\n"
    gateway.cli("master-key", "rotate")
    assert world.ssh("keyed", "echo ok").stdout == b"ok\n"
    gateway.cli("delete", "user", "bob")
    gateway.restart()
    world.write_ssh_config()
    assert world.ssh("passworded", "echo ok").stdout == b"ok\n"
    assert json.loads(gateway.cli("audit", "verify", "-o", "json"))["ok"]
    kinds = [(e["type"], e.get("name") or e.get("user") or e.get("account")) for e in gateway.audit()]
    for once in [("resource.create", "bob"), ("resource.create", "carol"), ("resource.delete", "bob")]:
        assert kinds.count(once) == 1, (once, kinds)


class Pair:
    """The node of a world, and a second one in its store."""

    def __init__(self, world, build, folder, server):
        self.world = world
        self.first = world.gateway
        self.second = Gateway(build, folder, {"store": self.first.config["store"], "node": "node2", "master_key": self.first.config["master_key"]})
        self.second.start()

    def ssh(self, gateway, *command):
        return self.world.ssh("via", *command, options=["-p", str(gateway.port)])


@pytest.fixture
def pair(make_world, build, folder, server, request):
    world = make_world(config={"store": server.url(server.database())})
    made = Pair(world, build, folder / f"second-{abs(hash(request.node.name)) % 10_000}", server)
    yield made
    made.second.stop()


def test_each_node_has_its_log_and_any_reads_and_proves_all(pair):
    first, second = pair.first, pair.second
    assert pair.ssh(first, "true").returncode == 0
    assert pair.ssh(second, "true").returncode == 0, "a second node needs no resources of its own"
    assert first.one("status")["node_key"] != second.one("status")["node_key"]
    assert first.cli("ca", "show", "user") == second.cli("ca", "show", "user")

    def started(gateway, *more):
        return {e["node"] for e in gateway.json("audit", "search", "session.start", "--type", "session.start", *more)}
    for gateway in (first, second):
        until(lambda: started(gateway) == {"node1", "node2"}, what="both nodes' sessions")
        assert started(gateway, "--node", "node2") == {"node2"}
        events = gateway.json("audit", "tail", "-n", "500")
        assert [e["time"] for e in events] == sorted(e["time"] for e in events)
    # Each by its own signature, and with the heads that each gave.
    heads = first.folder / "heads.jsonl"
    heads.write_text(first.cli("audit", "heads") + second.cli("audit", "heads"))
    for gateway in (first, second):
        verdict = json.loads(gateway.cli("audit", "verify", "--head", heads, "-o", "json"))
        assert verdict["ok"] and [n["node"] for n in verdict["nodes"]] == ["node1", "node2"] and all(n["ok"] for n in verdict["nodes"])
    # An export goes on where one ended, in each log.
    whole = [json.loads(line) for line in first.cli("audit", "export").splitlines()]
    last = {node: max(e["seq"] for e in whole if e["node"] == node) for node in ("node1", "node2")}
    assert pair.ssh(second, "true").returncode == 0
    after = ",".join(f"{node}:{seq}" for node, seq in last.items())
    rest = until(lambda: [json.loads(line) for line in first.cli("audit", "export", "--after", after).splitlines()], what="more")
    assert all(e["seq"] > last[e["node"]] for e in rest)


def test_a_forged_log_of_another_node_is_found(pair, server):
    assert pair.ssh(pair.second, "true").returncode == 0
    pair.second.stop()
    database = pair.first.config["store"].split("@/")[1].split("?")[0]
    server.run("UPDATE audit SET actor = 'mallory', body = replace(body, 'alice', 'mallory') WHERE node = 'node2' AND actor = 'alice'", database)
    found = pair.first.run("audit", "verify", "-o", "json")
    verdict = json.loads(found.stdout)
    assert found.returncode == 1 and verdict["problem"].startswith("node node2: ")
    assert {n["node"]: n["ok"] for n in verdict["nodes"]} == {"node1": True, "node2": False}
    # Nor can the node be erased: it knows its own key.
    server.run("DELETE FROM audit WHERE node = 'node2'; DELETE FROM audit_heads WHERE node = 'node2'; DELETE FROM settings WHERE name = 'audit.tip.node2'; "
               "DELETE FROM credentials WHERE owner_name = 'node2'", database)
    with pytest.raises(AssertionError) as refused:
        pair.second.start()
    assert "does not know this node" in str(refused.value)


def test_a_change_on_one_node_holds_on_the_other(pair):
    first, second = pair.first, pair.second
    echo = Echo(pair.world, second.port)
    assert echo.says("one")
    first.apply({"kind": "policy", "name": "nothing", "subjects": {"groups": ["nobody"]}, "targets": {"env": "prod"}, "accounts": ["deploy"], "allow": ["exec"]})
    first.cli("delete", "policy", "ops-on-prod")
    until(lambda: pair.ssh(second, "true").returncode != 0, 15, "the second node knows of the policy")
    # Who may not log in any more is put out there, too.
    first.apply({"kind": "user", "name": USER, "groups": ["ops"], "disabled": True})
    echo.popen.wait(15)
    until(lambda: any(e["type"] == "session.end" and e["node"] == "node2" for e in first.audit()), what="the end in the second node's log")


def test_an_approval_that_is_ended_on_one_node_ends_its_sessions_on_the_other(pair):
    first, second = pair.first, pair.second
    first.apply({"kind": "user", "name": "bob"},
                {"kind": "policy", "name": "ops-on-prod", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"}, "accounts": ["deploy"],
                 "allow": ["exec"], "require": {"approval": {"approvers": {"users": ["bob"]}, "valid": "1h"}}})

    def approved():
        made = json.loads(first.cli("request", "create", "--user", USER, "--account", "deploy", "web1", "-o", "json"))
        first.cli("request", "approve", made["id"])
        return made["id"]
    test = ("policy", "test", "--user", USER, "--target", "web1", "--account", "deploy", "-o", "json")
    until(lambda: json.loads(second.run(*test).stdout).get("needs"), 15, "the second node knows of the policy")
    ended = approved()
    echo = Echo(pair.world, second.port)
    assert echo.says("one")
    assert json.loads(first.cli("request", "show", ended, "-o", "json"))["sessions"] == 1
    first.cli("request", "cancel", ended)
    # Its input stays open: else it may end by itself.
    until(lambda: echo.popen.poll() is not None, 20, "the session's end")
    told = echo.popen.communicate(timeout=20)[1]
    assert echo.popen.returncode != 0 and b"the approval was ended" in told, told
    # Another one is not concerned.
    kept = approved()
    echo = Echo(pair.world, second.port)
    assert echo.says("two")
    ended = approved()
    first.cli("request", "cancel", ended)
    assert echo.says("three") and echo.end() == 0
    assert json.loads(first.cli("request", "show", kept, "-o", "json"))["state"] == "approved"


def test_a_node_that_comes_back_leaves_the_others_sessions_alone(pair):
    first, second = pair.first, pair.second
    mine, other = Echo(pair.world), Echo(pair.world, second.port)
    assert mine.says("one") and other.says("one")
    sessions = {"node1": first.live_session()["id"], "node2": second.live_session()["id"]}
    first.kill()
    pair.world.come_back()
    assert first.one("session", "show", sessions["node1"])["state"] == "ended"
    assert first.one("session", "show", sessions["node2"])["state"] == "live"
    assert other.says("two") and other.end() == 0
    verdict = json.loads(first.cli("audit", "verify", "-o", "json"))
    assert verdict["ok"], verdict


def test_two_nodes_of_one_name_do_not_get_on(pair, build, folder):
    third = Gateway(build, folder / "third", {**pair.second.config, "data_dir": str(folder / "third" / "data")})
    with pytest.raises(AssertionError) as refused:
        third.start()
    assert "another gateway that is called 'node2'" in str(refused.value)
    assert pair.ssh(pair.second, "echo here").stdout == b"here\n"
