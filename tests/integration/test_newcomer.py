# SPDX-License-Identifier: Apache-2.0
"""What a newcomer does first: brings an inventory along, and pins the targets' host keys."""
import json
import os
import pathlib
import pty
import subprocess

import pytest
from harness.process import until
from harness.target import OpenSshTarget, public_line


def fingerprint(path):
    return subprocess.run(["ssh-keygen", "-lf", f"{path}.pub"], check=True, capture_output=True, text=True).stdout.split()[1]


class ManyKeys(OpenSshTarget):
    """An sshd with a host key of each type that a gateway can check."""

    def __init__(self, folder, kinds=("rsa", "ecdsa", "ecdsa-384", "ecdsa-521")):
        super().__init__(folder)
        self.keys = [self.host_key] + [self.make(kind) for kind in kinds]
        self.options += [f"HostKey {key}" for key in self.keys[1:]]

    def make(self, kind):
        kind, _, bits = kind.partition("-")
        path = self.folder / f"host_{kind}{bits}"
        subprocess.run(["ssh-keygen", "-q", "-t", kind, *(["-b", bits] if bits else []), "-N", "", "-f", path], check=True)
        return path


@pytest.fixture
def many(world, tmp_path_factory):
    target = ManyKeys(world.folder / f"many-{os.urandom(4).hex()}").start()
    name = target.folder.name
    world.gateway.apply({"kind": "target", "name": name, "protocol": "ssh", "address": target.address, "labels": {"made": "here"}})
    target.name = name
    yield target
    target.stop()


def on_record(world, target):
    return world.gateway.one("get", "target", target.name).get("host_keys", [])


def on_terminal(argv, answer, before_answer=lambda: None):
    """Runs a command on a terminal of its own, answers its question, and returns its status and what it showed."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(argv[0], argv)
    shown = b""
    asked = False
    while True:
        try:
            chunk = os.read(fd, 4096)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
        if not asked and b"Type yes" in shown:
            asked = True
            before_answer()
            os.write(fd, answer)
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


def scan_argv(world, name, *more):
    return [str(world.gateway.bin / "sallyport"), "--config", str(world.gateway.config_path), "target", "scan", name, *more]


def test_scan_shows_every_type_of_key_as_ssh_keygen_does(world, many):
    result = world.gateway.run("target", "scan", many.name)
    assert result.returncode == 1 and "nothing was pinned" in result.stderr, "nobody was there to compare"
    assert "out of band" in result.stdout
    for key in many.keys:
        assert fingerprint(key) in result.stdout
    assert on_record(world, many) == []


def test_scan_pins_what_was_confirmed_on_a_terminal(world, many):
    status, shown = on_terminal(scan_argv(world, many.name), b"no\n")
    assert status == 1 and "nothing was pinned" in shown and on_record(world, many) == []
    status, shown = on_terminal(scan_argv(world, many.name), b"yes\n")
    assert status == 0 and "pinned" in shown
    assert sorted(on_record(world, many)) == sorted(" ".join(public_line(key).split()[:2]) for key in many.keys)
    resource = world.gateway.one("get", "target", many.name)
    assert resource["labels"] == {"made": "here"} and resource["address"] == many.address
    result = world.gateway.run("target", "scan", many.name)
    assert result.returncode == 0 and "nothing changes" in result.stdout
    events = world.gateway.cli("audit", "search", many.name)
    assert "target.scan" in events and "resource.update" in events


def test_a_pinned_key_opens_sessions(world, many):
    many.authorized.write_text(public_line(world.account.key) + "\n")
    scanned = json.loads(world.gateway.cli("target", "scan", many.name, "--yes", "-o", "json"))
    assert scanned["pinned"] and scanned["target"] == many.name and scanned["software"].startswith("SSH-2.0-OpenSSH")
    assert {key["state"] for key in scanned["keys"]} == {"new"} and len(scanned["keys"]) == 5
    world.gateway.apply({"kind": "account", "name": f"{many.name}-in", "targets": [many.name], "login": "key", "login_name": world.account.name},
                        {"kind": "policy", "name": many.name, "subjects": {"groups": ["ops"]}, "targets": [many.name],
                         "accounts": [f"{many.name}-in"], "allow": ["exec"]})
    world.gateway.cli("account", "set-secret", f"{many.name}-in", input=pathlib.Path(world.account.key).read_text())
    done = world.ssh("gateway", "echo", "inside", options=["-l", f"alice@{many.name}-in@{many.name}"])
    assert done.stdout == b"inside\n", done


def test_a_changed_key_is_never_replaced_in_silence(world, many):
    world.gateway.cli("target", "scan", many.name, "--yes")
    before = on_record(world, many)
    many.new_host_key()
    for more in ((), ("--yes",), ("--yes", "-o", "json")):
        result = world.gateway.run("target", "scan", many.name, *more)
        assert result.returncode == 1 and "--replace" in result.stderr
        if "-o" not in more:
            assert "THE HOST KEY HAS CHANGED" in result.stdout
        assert on_record(world, many) == before
    status, shown = on_terminal(scan_argv(world, many.name, "--replace"), b"\n")
    assert status == 1 and on_record(world, many) == before
    result = world.gateway.run("target", "scan", many.name, "--yes", "--replace")
    assert result.returncode == 0, result
    after = on_record(world, many)
    assert len(after) == 5 and len(set(before) & set(after)) == 4
    assert " ".join(public_line(many.host_key).split()[:2]) in after


def test_a_change_between_the_scan_and_the_pinning_is_not_lost(world, many):
    changed = {"kind": "target", "name": many.name, "protocol": "ssh", "address": many.address, "labels": {"made": "meanwhile"}}
    status, shown = on_terminal(scan_argv(world, many.name), b"yes\n", lambda: world.gateway.apply(changed))
    assert status == 1 and "changed meanwhile; nothing was pinned" in shown, shown
    assert world.gateway.one("get", "target", many.name)["labels"] == {"made": "meanwhile"}
    assert on_record(world, many) == []
    status, shown = on_terminal(scan_argv(world, many.name), b"yes\n")
    assert status == 0 and len(on_record(world, many)) == 5, shown
    assert world.gateway.one("get", "target", many.name)["labels"] == {"made": "meanwhile"}


def test_what_cannot_be_scanned_says_why(world, many):
    many.stop()
    result = world.gateway.run("target", "scan", many.name)
    assert result.returncode == 1 and "cannot be reached" in result.stderr
    result = world.gateway.run("target", "scan", "nosuch")
    assert result.returncode == 1 and "there is no target nosuch" in result.stderr
    web = subprocess.Popen(["python3", "-m", "http.server", "--bind", "127.0.0.1", str(many.port)], cwd=many.folder,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: "proved no host key" in world.gateway.run("target", "scan", many.name).stderr, 30, "the web server's answer")
    finally:
        web.kill()
        web.wait()
    assert on_record(world, many) == []


def test_scan_of_a_target_without_ecdsa_says_so(world):
    scanned = json.loads(world.gateway.run("target", "scan", "small1", "-o", "json").stdout)
    assert [key["state"] for key in scanned["keys"] if key["state"] == "known"], scanned
    # Whichever side looks first finds that there is nothing in common.
    assert len(scanned["keys"]) + len(scanned["without"]) == 5
    assert all("no common host key algorithm" in why or "connection closed" in why for why in scanned["without"]), scanned


INI = """[web]
web[01:02] ansible_user=deploy
[db]
db1 ansible_host=10.0.0.9 ansible_port=2200 ansible_password=secret ansible_user=postgres
"""
CSV = "name,address,port,user,label:env\nweb01,10.0.0.1,,deploy,prod\ndb1,10.0.0.9,2200,postgres,prod\n"
SSH_CONFIG = "Host web01 web02\n  User deploy\nHost db1\n  HostName 10.0.0.9\n  Port 2200\n  User postgres\n  ProxyJump web01\n"


@pytest.mark.parametrize("form, text", [("ansible", INI), ("csv", CSV), ("ssh-config", SSH_CONFIG)])
def test_an_imported_inventory_is_applied_as_it_is(world, form, text):
    path = world.folder / f"inventory-{form}"
    path.write_text(text)
    printed = world.gateway.run("import", form, path)
    assert printed.returncode == 0, printed
    assert "secret" not in printed.stdout.replace("set-secret", "")
    applied = world.gateway.cli("apply", "-f", "-", "--dry-run", input=printed.stdout)
    for resource in ("target/web01 created", "target/db1 created", "account/deploy ", "account/postgres created"):
        assert resource in applied, applied
    as_json = world.gateway.json("import", form, path)
    assert next(one for one in as_json if one["name"] == "db1")["address"] == "10.0.0.9:2200"
    if form != "csv":
        assert printed.stderr and all(f"#   {line.removeprefix('sallyport: ')}" in printed.stdout for line in printed.stderr.splitlines())


def test_what_is_no_inventory_is_refused_with_its_line(world):
    path = world.folder / "broken"
    path.write_text("[web]\nweb1\n[broken\n")
    result = world.gateway.run("import", "ansible", path)
    assert result.returncode == 1 and f"{path}:3: " in result.stderr and result.stdout == ""


@pytest.fixture
def dora(world):
    world.gateway.apply({"kind": "user", "name": "dora", "email": "dora@example.org", "groups": ["ops"],
                         "public_keys": [public_line(world.user_key)]})
    yield "dora"
    world.gateway.cli("delete", "user", "dora")


@pytest.mark.usefixtures("dora")
def test_an_email_address_is_a_second_name(world):
    """ssh splits at the last '@', so it carries one; so does the user part of -J."""
    host = ["-o", f"Port={world.gateway.port}", "-o", f"IdentityFile={world.user_key}"]
    for name in ("dora@example.org@deploy@web1", "dora@example.org%deploy%web1", "dora@deploy@web1"):
        done = world.ssh(f"{name}@127.0.0.1", "echo", "inside", options=host)
        assert done.stdout == b"inside\n", (name, done)
        assert world.gateway.newest_recording()["user"] == "dora"
    jump = "dora@example.org@gateway"
    done = subprocess.run(["ssh", "-F", str(world.ssh_config), *host, "-J", jump, "deploy@web1", "echo", "jumped"],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    assert done.stdout == b"jumped\n", done
    assert world.gateway.newest_recording()["user"] == "dora"
    done = world.ssh("nobody@example.org@deploy@web1@127.0.0.1", "true", options=host)
    assert done.returncode == 255 and b"Permission denied" in done.stderr
