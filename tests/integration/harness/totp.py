# SPDX-License-Identifier: Apache-2.0
"""Second factors: an authenticator app by oathtool, people who are enrolled, and ssh that answers questions."""
import contextlib
import json
import os
import subprocess
import time
import urllib.parse

from .process import until
from .target import keygen, public_line
from .world import USER_PASSWORD

STEP = 30


class App:
    """An authenticator app, with a clock that can be wrong."""

    def __init__(self, secret):
        self.secret = secret

    def code(self, steps=0):
        """Of the step that is so many after the present one."""
        now = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(time.time() + steps * STEP))
        made = subprocess.run(["oathtool", "--totp", "-b", "--now", now, "-"], input=self.secret, text=True, capture_output=True, check=True)
        return made.stdout.strip()

    @staticmethod
    def settle(seconds):
        """Waits until the present step lasts so long: what a test calls the last, this and the next code stays so."""
        until(lambda: STEP - time.time() % STEP >= seconds, STEP + 1, "the beginning of a step")


def enrol(gateway, user, recovery_codes=False):
    """(app, recovery codes). The code of the step before is used for it."""
    App.settle(20)
    options = ["--recovery-codes"] if recovery_codes else []
    command = subprocess.Popen(gateway.argv("user", "enroll-totp", user, *options, "-o", "json"), text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    first = command.stdout.readline()
    assert first, command.communicate()[1]
    uri = json.loads(first)["uri"]
    app = App(urllib.parse.parse_qs(urllib.parse.urlparse(uri).query)["secret"][0])
    out, err = command.communicate(app.code(-1) + "\n", timeout=60)
    assert command.returncode == 0, out + err
    return app, json.loads(out)["recovery_codes"]


class Enrolled:
    """A user of a test's own, with a key, a password and an app."""

    def __init__(self, world, name, recovery_codes=False, groups=("ops",)):
        self.world, self.name = world, name
        self.key = keygen(world.folder / f"{name}_key")
        self.password = USER_PASSWORD
        world.gateway.apply({"kind": "user", "name": name, "groups": list(groups), "public_keys": [public_line(self.key)]})
        world.gateway.cli("user", "set-password", name, input=self.password + "\n")
        self.app, self.recovery_codes = enrol(world.gateway, name, recovery_codes)
        self.folder = world.folder / f"{name}_asked"
        self.folder.mkdir()
        ask = self.folder / "ask"
        ask.write_text("#!/bin/sh\n"
                       f"printf '%s\\n' \"$1\" >> {self.folder}/questions\n"
                       'case "$1" in\n'
                       f"*'One-time code'*) head -n 1 {self.folder}/codes; sed -i 1d {self.folder}/codes;;\n"
                       f"*) cat {self.folder}/password;;\nesac\n")
        ask.chmod(0o700)
        (self.folder / "password").write_text(self.password + "\n")

    def questions(self):
        path = self.folder / "questions"
        return path.read_text().splitlines() if path.exists() else []

    def argv(self, *command, codes=(), methods="publickey,keyboard-interactive", address=None, options=(), host="via"):
        """A command line of ssh, and the environment in which its questions for codes are answered with these, one after the other."""
        (self.folder / "codes").write_text("".join(f"{one}\n" for one in codes))
        (self.folder / "questions").unlink(missing_ok=True)
        more = ["-l", address or f"{self.name}@deploy@web1", "-i", str(self.key), "-o", "BatchMode=no", "-o", f"PreferredAuthentications={methods}",
                "-o", f"NumberOfPasswordPrompts={max(1, len(codes))}", *options]
        env = {**os.environ, "SSH_ASKPASS": str(self.folder / "ask"), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"}
        return self.world.ssh_argv(host, *command, options=more), env

    def ssh(self, *command, **more):
        argv, env = self.argv(*command, **more)
        return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=90, env=env)

    @contextlib.contextmanager
    def kept_login(self, socket, **more):
        """A ControlMaster at the gateway itself, without a target."""
        argv, env = self.argv(address=self.name, host="gateway", options=["-M", "-N", "-S", str(socket)], **more)
        master = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
        try:
            until(socket.exists, 30, "the login")
            yield master
        finally:
            master.kill()
            master.wait()
            socket.unlink(missing_ok=True)

    def logs_in(self, *codes, **more):
        done = self.ssh("echo in", codes=codes, **more)
        assert done.stdout in (b"in\n", b""), done
        return done.stdout == b"in\n"
