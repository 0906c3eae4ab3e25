# SPDX-License-Identifier: Apache-2.0
"""A gateway, an OpenSSH and a Dropbear target, a person, and an ssh_config in which `direct` and `via` name the same
target without and with the gateway: whatever takes a host name can be run both ways and compared."""
import pathlib
import subprocess

from .gateway import Gateway
from .target import DropbearTarget, OpenSshTarget, keygen, public_line

USER = "alice"
USER_PASSWORD = "correct horse battery staple"


class World:
    started = []  # all that are up: whoever harms one, it shows there

    def __init__(self, build, folder, account, config=None, dropbear=True, target_options=(), gateway_user=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self.account = account
        self.user_key = keygen(self.folder / "alice_key")
        self.gateway = Gateway(build, self.folder / "gw", config, gateway_user)
        self.target = OpenSshTarget(self.folder / "target", [public_line(account.key)], options=target_options)
        self.dropbear = DropbearTarget(self.folder / "dropbear") if dropbear else None
        self.ssh_config = self.folder / "ssh_config"
        self.known_hosts = self.folder / "known_hosts"

    def start(self):
        World.started.append(self)
        self.gateway.start()
        self.target.user_ca.write_text(self.gateway.cli("ca", "show", "user"))
        self.target.start()
        if self.dropbear:
            self.dropbear.start()
        self.declare()
        self.write_ssh_config()
        return self

    def declare(self):
        login = self.account.name
        resources = [
            {"kind": "user", "name": USER, "groups": ["ops"], "public_keys": [public_line(self.user_key)]},
            {"kind": "target", "name": "web1", "protocol": "ssh", "address": self.target.address, "labels": {"env": "prod", "kind": "openssh"},
             "host_keys": [self.target.key_line]},
            {"kind": "account", "name": "deploy", "targets": {"kind": "openssh"}, "login": "certificate", "login_name": login},
            {"kind": "account", "name": "keyed", "targets": {"env": "prod"}, "login": "key", "login_name": login},
            {"kind": "account", "name": "passworded", "targets": {"env": "prod"}, "login": "password", "login_name": login},
            {"kind": "policy", "name": "ops-on-prod", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"},
             "accounts": ["deploy", "keyed", "passworded"], "allow": ["shell", "exec", "sftp"]},
        ]
        if self.dropbear:
            resources.append({"kind": "target", "name": "small1", "protocol": "ssh", "address": self.dropbear.address,
                              "labels": {"env": "prod", "kind": "dropbear"}, "host_keys": [self.dropbear.key_line]})
        self.gateway.apply(*resources)
        self.gateway.cli("account", "set-secret", "keyed", input=pathlib.Path(self.account.key).read_text())
        self.gateway.cli("account", "set-secret", "passworded", input=self.account.password)
        self.gateway.cli("user", "set-password", USER, input=USER_PASSWORD + "\n")

    def write_ssh_config(self):
        """Hosts: direct, via (and via-percent, via-plus), keyed, passworded, small-direct, small; gateway; web1 by jump."""
        port = self.gateway.port

        def host(name, user, address_port, key):
            return f"Host {name}\n  HostName 127.0.0.1\n  Port {address_port}\n  User {user}\n  IdentityFile {key}\n"

        parts = [
            host("direct", self.account.name, self.target.port, self.account.key),
            host("via", f"{USER}@deploy@web1", port, self.user_key),
            host("via-percent", f"{USER}%deploy%web1", port, self.user_key),
            host("via-plus", f"{USER}+deploy+web1", port, self.user_key),
            host("keyed", f"{USER}@keyed@web1", port, self.user_key),
            host("passworded", f"{USER}@passworded@web1", port, self.user_key),
            host("gateway", USER, port, self.user_key),
            "Host web1\n  ProxyJump gateway\n  User deploy\n",
        ]
        if self.dropbear:
            parts += [host("small-direct", self.account.name, self.dropbear.port, self.account.key),
                      host("small", f"{USER}@keyed@small1", port, self.user_key)]
        parts.append(f"Host *\n  UserKnownHostsFile {self.known_hosts}\n  GlobalKnownHostsFile /dev/null\n"
                     "  StrictHostKeyChecking accept-new\n  IdentitiesOnly yes\n  BatchMode yes\n  LogLevel ERROR\n"
                     "  ConnectTimeout 20\n  UpdateHostKeys no\n")
        self.ssh_config.write_text("\n".join(parts))

    def ssh_argv(self, host, *command, options=()):
        return ["ssh", "-F", str(self.ssh_config), *options, host, *command]

    def ssh(self, host, *command, options=(), input=b"", timeout=60):
        """Runs ssh; standard output and error are bytes."""
        return subprocess.run(self.ssh_argv(host, *command, options=options), input=input, capture_output=True, timeout=timeout)

    def popen(self, host, *command, options=(), **popen):
        popen.setdefault("stdin", subprocess.PIPE)
        popen.setdefault("stdout", subprocess.PIPE)
        popen.setdefault("stderr", subprocess.PIPE)
        return subprocess.Popen(self.ssh_argv(host, *command, options=options), **popen)

    def known_hosts_for_gateway(self):
        """The gateway's own keys, as known_hosts lines."""
        return subprocess.run(["ssh-keyscan", "-p", str(self.gateway.port), "127.0.0.1"], check=True, capture_output=True, text=True).stdout

    def come_back(self):
        """After the gateway's sudden end: it serves again, and the hosts of ssh_config lead to it."""
        self.gateway.start()
        self.write_ssh_config()

    def stop(self):
        if self in World.started:
            World.started.remove(self)
        self.gateway.stop()
        self.target.stop()
        if self.dropbear:
            self.dropbear.stop()
