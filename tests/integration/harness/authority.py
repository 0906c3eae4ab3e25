# SPDX-License-Identifier: Apache-2.0
"""An authority for users' certificates: a key, and ssh-keygen."""
import itertools
import pathlib
import shutil
import subprocess

from .target import keygen, public_line

_numbers = itertools.count(1)


class Authority:
    def __init__(self, folder, name="ca", kind="ed25519"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.key = keygen(self.folder / name, kind)

    @property
    def line(self):
        return public_line(self.key)

    def resource(self, name="corp", **more):
        return {"kind": "user-ca", "name": name, "public_keys": [self.line], **more}

    def sign(self, key, *options, principals="alice", life="-1m:+5m", serial=7, key_id="from a test"):
        """A copy of the key with a certificate beside it, so that each has one of its own. A .pub file may stand for the key."""
        folder = self.folder / f"cert{next(_numbers)}"
        folder.mkdir()
        for path in (pathlib.Path(key), pathlib.Path(f"{key}.pub")):
            if path.exists():
                shutil.copy(path, folder / path.name)
        own = folder / pathlib.Path(key).name
        public = own if own.suffix == ".pub" else pathlib.Path(f"{own}.pub")
        who = ["-n", principals] if principals else []
        subprocess.run(["ssh-keygen", "-q", "-s", str(self.key), "-I", key_id, "-z", str(serial), "-V", life, *who, *options, str(public)],
                       check=True, stdin=subprocess.DEVNULL, capture_output=True)
        return own

    @staticmethod
    def certificate_of(key):
        key = pathlib.Path(key)
        return key.with_name(key.name.removesuffix(".pub") + "-cert.pub")

    @staticmethod
    def fingerprint(path):
        return subprocess.run(["ssh-keygen", "-lf", str(path)], check=True, capture_output=True, text=True).stdout.split()[1]
