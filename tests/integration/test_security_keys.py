# SPDX-License-Identifier: Apache-2.0
"""Security keys of users, by a real OpenSSH client and an agent that holds keys in software."""
import itertools

import paramiko
import pytest

from harness.process import until
from harness.security_key import TOUCHED, VERIFIED, Agent, SecurityKey
from harness.target import keygen, public_line

_names = (f"holder{n}" for n in itertools.count(1))


@pytest.fixture(params=["ed25519", "ecdsa"])
def holder(world, request, tmp_path):
    """A user with one security key."""
    one = Holder(world, next(_names), SecurityKey(request.param), tmp_path)
    yield one
    one.agent.close()


class Holder:
    def __init__(self, world, name, key, folder):
        self.world, self.name, self.key = world, name, key
        self.public = key.write(folder / "key.pub")
        self.agent = Agent(folder / "agent", key)
        self.declare("")

    def declare(self, options):
        self.world.gateway.apply({"kind": "user", "name": self.name, "groups": ["ops"], "public_keys": [options + self.key.line]})

    def logs_in(self):
        done = self.world.ssh("via", "echo in", options=["-l", f"{self.name}@deploy@web1", "-o", f"IdentityAgent={self.agent.path}",
                                                         "-o", f"IdentityFile={self.public}"])
        assert done.stdout in (b"in\n", b""), done
        return done.stdout == b"in\n"

    def reason(self):
        """Of the newest refusal of this key: the client goes on with another one, which is not the user's."""
        return [e["reason"] for e in self.world.gateway.audit()
                if e["type"] == "auth.failure" and e["actor"] == self.name and e["reason"] != "key not accepted"][-1]


# What the line says, what the key claims, and whether that does; sshd(8) says the same of these options.
CASES = [
    ("", TOUCHED, None),
    ("", TOUCHED | VERIFIED, None),
    ("", 0, "was not touched"),
    ("", VERIFIED, "was not touched"),
    ("no-touch-required ", 0, None),
    ("no-touch-required ", TOUCHED, None),
    ("verify-required ", TOUCHED, "did not verify its user"),
    ("verify-required ", TOUCHED | VERIFIED, None),
    ("verify-required ", VERIFIED, "was not touched"),
    ("verify-required,no-touch-required ", VERIFIED, None),
    ("verify-required,no-touch-required ", TOUCHED, "did not verify its user"),
]


def test_touch_and_pin_are_judged_by_the_options_of_the_line(holder):
    for options, flags, problem in CASES:
        holder.declare(options)
        holder.key.flags = flags
        assert holder.logs_in() == (problem is None), (options, flags)
        if problem:
            assert problem in holder.reason(), (options, flags)
    assert holder.agent.signed == len(CASES), "each was decided by a signature"


def test_the_references_answers_are_the_same(holder, tmp_path):
    """OpenSSH's own server, with the same lines and the same claims."""
    target = holder.world.target
    before = target.authorized.read_text()
    try:
        for options, flags, problem in CASES:
            target.authorized.write_text(before + options + holder.key.line + "\n")
            holder.key.flags = flags
            done = holder.world.ssh("direct", "echo in", options=["-o", f"IdentityAgent={holder.agent.path}", "-o", "PreferredAuthentications=publickey",
                                                                  "-o", f"IdentityFile={holder.public}", "-F", str(own_config(holder, tmp_path))])
            assert (done.stdout == b"in\n") == (problem is None), (options, flags, done)
    finally:
        target.authorized.write_text(before)


def own_config(holder, folder):
    """Without the account's own key."""
    path = folder / "ssh_config"
    text = holder.world.ssh_config.read_text().split("Host direct\n")[1].split("Host ")[0]
    rest = holder.world.ssh_config.read_text().split("Host *\n")[1]
    path.write_text("Host direct\n" + "\n".join(line for line in text.splitlines() if "IdentityFile" not in line) + "\nHost *\n" + rest)
    return path


def test_a_signature_over_something_else_is_none(holder):
    holder.key.spoil = True
    assert not holder.logs_in() and "signature" in holder.reason()
    holder.key.spoil, holder.key.signed_over = False, b"ssh:elsewhere"
    assert not holder.logs_in() and "does not verify" in holder.reason()
    holder.key.signed_over = None
    assert holder.logs_in()


def test_changed_options_end_what_was_proved_without_them(holder):
    """As a key that is replaced: open sessions go on and begin nothing new, and the next login is judged anew."""
    assert holder.logs_in()
    holder.declare("verify-required ")
    assert not holder.logs_in()


def test_add_key_takes_the_options_and_refuses_others(world):
    name, key = next(_names), SecurityKey()
    world.gateway.apply({"kind": "user", "name": name})
    refused = world.gateway.run("user", "add-key", name, "no-touch-required", "ssh-ed25519", "AAAA")
    assert refused.returncode == 1 and "for keys of security keys alone" in refused.stderr
    refused = world.gateway.run("user", "add-key", name, "no-touch-required,agent-forwarding", *key.line.split())
    assert refused.returncode == 1 and "no other option" in refused.stderr
    world.gateway.cli("user", "add-key", name, "verify-required", *key.line.split(), "the token")
    assert world.gateway.one("get", "user", name)["public_keys"] == [f"verify-required {key.line} the token"]
    again = world.gateway.run("user", "add-key", name, *key.line.split())
    assert again.returncode == 1 and "has this key already" in again.stderr


def test_a_key_line_of_an_authority_has_no_options(world, tmp_path):
    line = public_line(keygen(tmp_path / "host"))
    refused = world.gateway.run("apply", "-f", "-", input=f'{{kind: target, name: t, protocol: ssh, address: h, host_ca: ["no-touch-required {line}"]}}')
    assert refused.returncode != 0


def test_what_the_server_offers_names_both_types(world):
    transport = paramiko.Transport(("127.0.0.1", world.gateway.port))
    try:
        transport.start_client(timeout=20)
        # RFC 8308 section 2.4: the message comes after the keys are in force, and so perhaps after this line.
        told = until(lambda: transport.server_extensions.get("server-sig-algs"), what="the server's extensions")
        offered = told.decode().split(",")
    finally:
        transport.close()
    assert {"sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"} <= set(offered), offered
