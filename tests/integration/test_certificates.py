# SPDX-License-Identifier: Apache-2.0
"""Certificates of users by a real ssh-keygen, shown by a real ssh. OpenSSH's own sshd with TrustedUserCAKeys is asked the
same, and gives the reference's answer."""
import itertools
import json
import subprocess
import time

import paramiko
import pytest

from harness.authority import Authority
from harness.process import until
from harness.security_key import TOUCHED, VERIFIED, Agent, SecurityKey
from harness.target import OpenSshTarget, keygen, public_line
from harness.world import World

_names = (f"bearer{n}" for n in itertools.count(1))
ALLOW = ["shell", "exec", "sftp", "forwarding"]


class Scene:
    """A world with an authority, a user without any key, and a server that trusts the same authority."""

    def __init__(self, world, account, folder):
        self.world, self.account = world, account
        self.ca = Authority(folder / "ca")
        self.key = keygen(folder / "key")
        principals = folder / "principals"
        # The option alone changes nothing: sshd wants it here and in the certificate.
        principals.write_text("no-touch-required alice\n")
        self.krl = folder / "krl"
        self.revoke()
        folder.chmod(0o755)
        self.reference = OpenSshTarget(folder / "reference", user_ca=self.ca.line,
                                       options=[f"AuthorizedPrincipalsFile {principals}", f"RevokedKeys {self.krl}"]).start()
        world.gateway.apply({"kind": "user", "name": "alice", "groups": ["ops"]}, self.ca.resource(),
                            {"kind": "policy", "name": "ops-on-prod", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"},
                             "accounts": ["deploy"], "allow": ALLOW})

    def revoke(self, *specification, keys=()):
        """For the server: a key revocation list of OpenSSH."""
        listed = self.krl.with_suffix(".spec")
        listed.write_text("".join(f"{line}\n" for line in specification))
        subprocess.run(["ssh-keygen", "-q", "-k", "-f", str(self.krl), "-s", f"{self.ca.key}.pub", str(listed), *map(str, keys)], check=True,
                       stdin=subprocess.DEVNULL, capture_output=True)
        self.krl.chmod(0o644)

    def options(self, key, *more):
        return ["-o", f"CertificateFile={Authority.certificate_of(key)}", "-o", "PreferredAuthentications=publickey", *more]

    def ssh(self, key, command="echo in", options=(), login="alice@deploy@web1", host="via"):
        return self.world.ssh(host, command, options=["-l", login, "-i", str(key), *self.options(key, *options)])

    def popen(self, key, command="echo up; cat", options=()):
        client = self.world.popen("via", command, options=["-l", "alice@deploy@web1", "-i", str(key), *self.options(key, *options)])
        assert client.stdout.readline() == b"up\n"
        return client

    def logs_in(self, key, *options):
        done = self.ssh(key, options=options)
        assert done.stdout in (b"in\n", b""), done
        return done.stdout == b"in\n"

    def reference_says(self, key, *options):
        done = subprocess.run(["ssh", "-F", "/dev/null", "-p", str(self.reference.port), "-l", self.account.name, "-i", str(key), "-o", "BatchMode=yes",
                               "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={self.ca.folder}/known", "-o", "IdentitiesOnly=yes",
                               "-o", "LogLevel=ERROR", *self.options(key, *options), "127.0.0.1", "echo in"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        return done.stdout == b"in\n"

    def audited(self, kind):
        return [e for e in self.world.gateway.audit() if e["type"] == kind]

    def reason(self):
        """Of the newest certificate that was refused: the client goes on with the plain key."""
        return [e["reason"] for e in self.audited("auth.failure") if e["reason"] != "key not accepted"][-1]


def last_words(client):
    """What a client says that is ended; its standard input stays open, so it does not end by itself."""
    told = client.stderr.read()
    client.wait(timeout=30)
    return told


@pytest.fixture(scope="module")
def scene(build, folder, account, store):
    world = World(build, folder / "certs", account, dropbear=False)
    try:
        made = Scene(world.start(), account, folder / "certs" / "scene")
        yield made
    finally:
        made.reference.stop()
        world.stop()


@pytest.fixture(autouse=True)
def restored(scene):
    """Each test begins with the same authority and nothing revoked."""
    scene.world.gateway.apply(scene.ca.resource(), {"kind": "user", "name": "alice", "groups": ["ops"]})
    scene.revoke()


# What the certificate says, and why it is refused; None: it is not.
CASES = {
    "good": ({}, None),
    "good until later": ({"life": "-10m:+12h"}, None),
    "several principals": ({"principals": "bob,alice,carol"}, None),
    "from here": ({"options": ["-O", "source-address=192.0.2.0/24,127.0.0.0/8"]}, None),
    "no extensions": ({"options": ["-O", "clear"]}, None),
    "an unknown extension": ({"options": ["-O", "extension:new@example.org=1"]}, None),
    "expired": ({"life": "20200101:20200102"}, "has expired"),
    "not yet valid": ({"life": "20990101:20990102"}, "not valid yet"),
    "another principal": ({"principals": "bob"}, "does not name this principal"),
    "a principal that only begins so": ({"principals": "alicex,alic"}, "does not name this principal"),
    "a pattern": ({"principals": "*"}, "does not name this principal"),
    "no principal": ({"principals": None}, "does not name this principal"),
    "from elsewhere": ({"options": ["-O", "source-address=192.0.2.0/24"]}, "source address"),
    "an unknown critical option": ({"options": ["-O", "critical:new@example.org=1"]}, "unknown critical option"),
    "a verified user of a plain key": ({"options": ["-O", "verify-required"]}, "FIDO"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_certificate_is_judged_as_by_openssh(scene, case):
    says, problem = CASES[case]
    key = scene.ca.sign(scene.key, *says.get("options", ()), **{k: v for k, v in says.items() if k != "options"})
    assert scene.logs_in(key) == (problem is None)
    if problem:
        assert problem in scene.reason()
    # OpenSSH looks at verify-required of security keys alone.
    if "plain key" not in case:
        assert scene.reference_says(key) == (problem is None), "the reference says something else"


def test_a_certificate_of_a_host_is_none(scene):
    """OpenSSH's client shows no such certificate; paramiko does."""
    def takes(port, user, key):
        held = paramiko.Ed25519Key.from_private_key_file(str(key))
        held.load_certificate(str(Authority.certificate_of(key)))
        transport = paramiko.Transport(("127.0.0.1", port))
        try:
            transport.start_client(timeout=20)
            transport.auth_publickey(user, held)
            return transport.is_authenticated()
        except paramiko.AuthenticationException:
            return False
        finally:
            transport.close()

    for options, good in (((), True), (("-h",), False)):
        key = scene.ca.sign(scene.key, *options)
        assert takes(scene.world.gateway.port, "alice@deploy@web1", key) == good
        assert takes(scene.reference.port, scene.account.name, key) == good
    assert "host certificate" in scene.reason()


def test_another_authority_is_not_trusted(scene, tmp_path):
    key = Authority(tmp_path / "other").sign(scene.key)
    assert not scene.logs_in(key) and not scene.reference_says(key)
    failure = [e for e in scene.audited("auth.failure") if "not trusted" in e["reason"]][-1]
    assert "key_id" not in failure, "nothing of what a stranger's certificate says"


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_authorities_and_keys_of_other_types(scene, kind, tmp_path):
    ca = Authority(tmp_path / "ca", kind=kind)
    scene.world.gateway.apply(ca.resource("typed"))
    key = keygen(tmp_path / "key", kind)
    assert scene.logs_in(ca.sign(key)) and scene.logs_in(scene.ca.sign(key))
    if kind == "rsa":
        assert not scene.logs_in(ca.sign(scene.key, "-t", "ssh-rsa")), "a signature over SHA-1"
    scene.world.gateway.cli("delete", "user-ca", "typed")
    assert not scene.logs_in(ca.sign(key))


REVOKED = {
    "serial": lambda s, key: ({"serials": [7]}, ["serial: 7"], ()),
    "range of serials": lambda s, key: ({"serials": ["5-9"]}, ["serial: 5-9"], ()),
    "key id": lambda s, key: ({"key_ids": ["from a test"]}, ["id: from a test"], ()),
    "key": lambda s, key: ({"keys": [Authority.fingerprint(f"{s.key}.pub")]}, [], [f"{s.key}.pub"]),
    "authority": lambda s, key: ({"keys": [Authority.fingerprint(f"{s.ca.key}.pub")]}, [], [f"{s.ca.key}.pub"]),
}


@pytest.mark.parametrize("what", REVOKED)
def test_what_is_revoked_counts_no_more_as_by_openssh(scene, what):
    key = scene.ca.sign(scene.key)
    assert scene.logs_in(key) and scene.reference_says(key)
    revoked, specification, keys = REVOKED[what](scene, key)
    scene.world.gateway.apply(scene.ca.resource(revoked=revoked))
    scene.revoke(*specification, keys=keys)
    assert not scene.logs_in(key) and "revoked" in scene.reason()
    assert not scene.reference_says(key), "the reference says something else"
    failure = [e for e in scene.audited("auth.failure") if "revoked" in e["reason"]][-1]
    assert (failure["key_id"], failure["serial"], failure["ca"]) == ("from a test", "7", "corp")
    if what in ("serial", "key id"):
        assert scene.logs_in(scene.ca.sign(scene.key, serial=8, key_id="another")), "only that one"


@pytest.mark.parametrize("what", [*REVOKED, "principals", "sources", "max_lifetime", "the resource", "the user"])
def test_what_is_open_ends_with_it(scene, what):
    """A live session and a login without one, within two seconds and what a busy machine adds."""
    gateway = scene.world.gateway
    key = scene.ca.sign(scene.key)
    before = len(scene.audited("auth.success"))
    client = scene.popen(key)
    idle = scene.world.popen("gateway", options=["-N", "-i", str(key), *scene.options(key)])
    until(lambda: len(scene.audited("auth.success")) == before + 2, 20, "both logins")
    changes = {"principals": {"principals": {"alice": ["bob"]}}, "sources": {"sources": ["192.0.2.0/24"]}, "max_lifetime": {"max_lifetime": "10s"}}
    begun = time.monotonic()
    if what == "the resource":
        gateway.cli("delete", "user-ca", "corp")
    elif what == "the user":
        gateway.apply({"kind": "user", "name": "alice", "groups": ["ops"], "disabled": True})
    elif what in changes:
        gateway.apply(scene.ca.resource(**changes[what]))
    else:
        gateway.apply(scene.ca.resource(revoked=REVOKED[what](scene, key)[0]))
    told = last_words(client)
    assert client.returncode != 0 and b"Sallyport" in told, told
    last_words(idle)
    assert time.monotonic() - begun < 2 + 20
    if what != "the user":
        assert b"your certificate does not count any more" in told, told
        assert scene.audited("session.revoked")[-1]["reason"] == "certificate"


def test_a_session_ends_when_its_certificate_does(scene):
    key = scene.ca.sign(scene.key, life="-1m:+8s")
    ends = time.time() + 8
    client = scene.popen(key)
    told = last_words(client)
    assert ends - 1.5 < time.time() < ends + 2 + 20
    assert b"has expired" in told, told
    assert not scene.logs_in(key)


def test_the_audit_log_names_the_certificate(scene):
    key = scene.ca.sign(scene.key, serial=4711, key_id="job 4711 \u00e4")
    assert scene.logs_in(key)
    for kind in ("auth.success", "session.start"):
        event = scene.audited(kind)[-1]
        assert (event["key_id"], event["serial"], event["ca"]) == ("job 4711 \u00e4", "4711", "corp"), event
        assert event["ca_key"] == Authority.fingerprint(f"{scene.ca.key}.pub")
    assert scene.audited("auth.success")[-1]["method"] == "certificate " + Authority.fingerprint(f"{scene.key}.pub")


def test_a_forced_command_is_the_only_one(scene):
    key = scene.ca.sign(scene.key, "-O", "force-command=echo forced")
    assert scene.ssh(key, "echo forced").stdout == b"forced\n"
    for command in ("echo other", "echo forced; id", ""):
        refused = scene.ssh(key, command)
        assert refused.stdout == b"" and b"your certificate permits only the command 'echo forced'" in refused.stderr, refused
    denied = scene.ssh(key, options=["-s"], command="sftp")
    assert denied.returncode != 0 and b"permits only" in denied.stderr
    own = scene.ssh(key, "requests", login="alice", host="gateway")
    assert own.returncode != 0 and b"permits only another command" in own.stderr, "commands for Sallyport itself are commands"
    files = scene.ca.sign(scene.key, "-O", "force-command=internal-sftp")
    assert b"permits only sftp" in scene.ssh(files, "echo other").stderr
    batch = subprocess.run(["sftp", "-F", str(scene.world.ssh_config), "-b", "-", "-i", str(files), *scene.options(files), "-o", "User=alice@deploy@web1", "via"],
                           input=b"pwd\n", capture_output=True, timeout=60)
    assert batch.returncode == 0 and b"Remote working directory" in batch.stdout, batch


def test_extensions_that_are_missing_are_not_permitted(scene):
    bare, whole = scene.ca.sign(scene.key, "-O", "clear"), scene.ca.sign(scene.key)
    assert b"PTY allocation request failed" in scene.ssh(bare, "true", options=["-tt", "-o", "LogLevel=INFO"]).stderr
    assert scene.ssh(whole, "test -t 0 && echo tty", options=["-tt"]).stdout.strip() == b"tty"
    port = scene.reference.port
    for key, answer in ((whole, True), (bare, False)):
        done = scene.world.popen("via", options=["-l", "alice@deploy@web1", "-i", str(key), *scene.options(key), "-W", f"127.0.0.1:{port}"])
        said = done.communicate(b"", timeout=30)[0]
        assert said.startswith(b"SSH-2.0-") == answer, said


def test_principals_lead_to_the_users_that_the_authority_names(scene):
    gateway, name = scene.world.gateway, next(_names)
    gateway.apply({"kind": "user", "name": name, "groups": ["ops"]}, scene.ca.resource(principals={"team of all": [name, "alice"], "robots": [name]}))
    by_team, by_robots, by_name = (scene.ca.sign(scene.key, principals=p) for p in ("team of all", "robots", name))
    login = f"{name}@deploy@web1"
    assert scene.logs_in(by_team) and scene.ssh(by_team, login=login).stdout == b"in\n"
    assert not scene.logs_in(by_robots) and scene.ssh(by_robots, login=login).stdout == b"in\n"
    assert scene.ssh(by_name, login=login).stdout == b"", "with principals, no name stands for itself"


def test_a_long_life_is_refused(scene):
    scene.world.gateway.apply(scene.ca.resource(max_lifetime="1h"))
    assert scene.logs_in(scene.ca.sign(scene.key, life="+1h")), "as ssh-keygen writes an hour"
    assert not scene.logs_in(scene.ca.sign(scene.key, life="+2h")) and "longer than the 3600 seconds" in scene.reason()
    assert not scene.logs_in(scene.ca.sign(scene.key, life="always:forever"))


def test_through_a_jump(scene):
    key = scene.ca.sign(scene.key)
    proxy = f"ssh -F {scene.world.ssh_config} -i {key} -o CertificateFile={Authority.certificate_of(key)} -W %h:%p gateway"
    done = scene.world.ssh("web1", "echo in", options=["-o", "ProxyJump=none", "-o", f"ProxyCommand={proxy}", "-i", str(key), *scene.options(key)])
    assert done.stdout == b"in\n", done


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_security_keys_that_are_certified(scene, kind, tmp_path):
    """Touch and PIN as the certificate says, and as OpenSSH judges it."""
    token = SecurityKey(kind)
    public = token.write(tmp_path / "token.pub")
    with Agent(tmp_path / "agent", token) as agent:
        for options, flags, good in (((), TOUCHED, True), ((), 0, False), (("-O", "no-touch-required"), 0, True),
                                     (("-O", "verify-required"), TOUCHED, False), (("-O", "verify-required"), TOUCHED | VERIFIED, True)):
            key = scene.ca.sign(public, *options)
            agent.held = [(token.blob, token)]
            agent.add_certificate(Authority.certificate_of(key), token)
            token.flags = flags
            more = ("-o", f"IdentityAgent={agent.path}")
            assert scene.logs_in(key, *more) == good, (options, flags)
            assert scene.reference_says(key, *more) == good, (options, flags)


def test_a_service_account_by_certificate(scene):
    name = next(_names)
    key = scene.ca.sign(scene.key, principals=name)

    def declare(*sources):
        scene.world.gateway.apply({"kind": "user", "name": name, "type": "service", "groups": ["ops"], "sources": list(sources)})

    declare("127.0.0.0/8")
    assert scene.ssh(key, login=f"{name}@deploy@web1").stdout == b"in\n"
    assert b"service account" in scene.ssh(key, "", login=name, host="gateway").stderr
    declare("192.0.2.0/24")
    assert scene.ssh(key, login=f"{name}@deploy@web1").stdout == b""


def test_the_resource_is_refused_where_it_is_wrong(scene):
    gateway = scene.world.gateway
    for wrong in ({"public_keys": []}, {"public_keys": ["ssh-ed25519 AAAA"]}, {"max_lifetime": 0}, {"principals": {}}, {"sources": ["10.0.0.1/8"]},
                  {"revoked": {"serials": [0]}}, {"revoked": {"keys": ["AAAA"]}}, {"trust": True}):
        refused = gateway.run("apply", "-f", "-", input=json.dumps({**scene.ca.resource("wrong"), **wrong}))
        assert refused.returncode != 0 and "user-ca 'wrong'" in refused.stderr, (wrong, refused)
    assert gateway.one("get", "user-ca", "corp")["public_keys"] == [public_line(scene.ca.key)]
    assert "corp" in gateway.cli("get", "user-cas")
