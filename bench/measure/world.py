# SPDX-License-Identifier: Apache-2.0
"""The ways to one target: direct, by ProxyJump, by two hops, and through the gateway with and without hashing. Real servers
on loopback with keys of their own; one key exchange and one cipher everywhere, so that the ways differ in nothing else."""
import getpass
import json
import pathlib
import shlex
import subprocess
import sys

from .accounts import Idle

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "integration"))
from harness.gateway import Gateway  # noqa: E402
from harness.process import descendants  # noqa: E402
from harness.target import OpenSshTarget, keygen, public_line  # noqa: E402

CIPHER = "aes256-gcm@openssh.com"
KEX = "curve25519-sha256"
ALGORITHMS = [f"Ciphers {CIPHER}", f"KexAlgorithms {KEX}"]
WAYS = ["direct", "jump", "two-hops", "sallyport", "sallyport-unhashed"]
NAMES = {"direct": "direct", "jump": "OpenSSH -J", "two-hops": "OpenSSH two hops", "sallyport": "Sallyport",
         "sallyport-unhashed": "Sallyport, no hash", "bare-direct": "bare SSH ends, direct",
         "bare-sallyport": "bare SSH ends, Sallyport"}


class World:
    def __init__(self, build, folder):
        self.folder = pathlib.Path(folder)
        self.key = keygen(self.folder / "user_key")
        line = public_line(self.key)
        self.bench = pathlib.Path(build).resolve() / "bench"
        self.gateway = Gateway(build, self.folder / "gateway")
        # An empty home: what a shell's start files do is no part of a hop's cost.
        home = self.folder / "home"
        home.mkdir()
        options = [*ALGORITHMS, f"SetEnv HOME={home}"]
        self.target = OpenSshTarget(self.folder / "target", [line], options=options)
        self.middle = OpenSshTarget(self.folder / "middle", [line], options=options)
        self.bare_target = None
        self.bare_port = 0
        self.bare_key = keygen(self.folder / "bare_host_key")
        self.ssh_config = self.folder / "ssh_config"
        self.middles = {}

    def start(self):
        self.gateway.start()
        self.target.user_ca.write_text(self.gateway.cli("ca", "show", "user"))
        self.target.start()
        self.middle.start()
        self.bare_target = subprocess.Popen([self.bench / "ssh_echo", "serve", self.bare_key], stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, text=True)
        self.bare_port = json.loads(self.bare_target.stdout.readline())["port"]
        self._declare()
        self._write_ssh_config()
        for way in WAYS:  # the first visit of each: known_hosts is written, caches are warm
            self.run(way, "true")
        hop, gateway = Idle(self.middle.process.pid), Idle(self.gateway.pid)
        gateway.processes = len([self.gateway.pid, *self.zygotes()])
        self.middles = {"jump": hop, "two-hops": hop, "sallyport": gateway, "sallyport-unhashed": gateway}
        return self

    def zygotes(self):
        workers = set(self.gateway.workers())
        return [pid for pid in descendants(self.gateway.pid) if pid not in workers]

    def _declare(self):
        login = getpass.getuser()
        resources = [{"kind": "user", "name": "bench", "groups": ["bench"], "public_keys": [public_line(self.key)]},
                     {"kind": "account", "name": "login", "targets": {"env": "bench"}, "login": "certificate", "login_name": login}]
        for name, hashed, address, key in (("hashed", True, self.target.address, self.target.key_line),
                                           ("unhashed", False, self.target.address, self.target.key_line),
                                           ("bare", True, f"127.0.0.1:{self.bare_port}", public_line(self.bare_key))):
            resources += [
                {"kind": "target", "name": name, "protocol": "ssh", "address": address,
                 "labels": {"env": "bench", "bulk": name}, "host_keys": [key]},
                {"kind": "policy", "name": name, "subjects": {"groups": ["bench"]}, "targets": {"bulk": name},
                 "accounts": ["login"], "allow": ["shell", "exec", "sftp"], "record": {"bulk_hash": hashed}}]
        self.gateway.apply(*resources)

    def _write_ssh_config(self):
        me = getpass.getuser()
        hosts = {"direct": (me, self.target.port), "middle": (me, self.middle.port), "jump": (me, self.target.port),
                 "sallyport": ("bench@login@hashed", self.gateway.port),
                 "sallyport-unhashed": ("bench@login@unhashed", self.gateway.port)}
        text = "".join(f"Host {name}\n  User {user}\n  Port {port}\n" + ("  ProxyJump middle\n" if name == "jump" else "")
                       for name, (user, port) in hosts.items())
        # Newer clients hide the time of keystrokes by sending later.
        text += ("Host *\n  HostName 127.0.0.1\n  IgnoreUnknown ObscureKeystrokeTiming\n  ObscureKeystrokeTiming no\n"
                 f"  IdentityFile {self.key}\n  IdentitiesOnly yes\n  BatchMode yes\n  LogLevel ERROR\n"
                 f"  Ciphers {CIPHER}\n  KexAlgorithms {KEX}\n  StrictHostKeyChecking accept-new\n  UpdateHostKeys no\n"
                 f"  UserKnownHostsFile {self.folder / 'known_hosts'}\n  GlobalKnownHostsFile /dev/null\n"
                 "  ForwardX11 no\n  ForwardAgent no\n")
        self.ssh_config.write_text(text)

    def argv(self, way, command, *options):
        ssh = ["ssh", "-F", str(self.ssh_config), *options]
        if way != "two-hops":
            return [*ssh, way, command]
        return [*ssh, "middle", "exec " + shlex.join([*ssh, "direct", command])]

    def run(self, way, command, **popen):
        popen.setdefault("stdin", subprocess.DEVNULL)
        popen.setdefault("stdout", subprocess.DEVNULL)
        result = subprocess.run(self.argv(way, command), stderr=subprocess.PIPE, **popen)
        if result.returncode != 0:
            raise RuntimeError(f"{way}: status {result.returncode}: {result.stderr.decode(errors='replace')}\n{self.gateway.log_tail(20)}")

    def stop(self):
        self.gateway.stop()
        self.target.stop()
        self.middle.stop()
        if self.bare_target:
            self.bare_target.kill()
            self.bare_target.wait()
            self.bare_target.stdout.close()
