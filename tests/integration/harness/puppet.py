# SPDX-License-Identifier: Apache-2.0
"""Driving a worker that was taken over (tests/hostile/puppet.cc): the test speaks to the broker in its own messages."""
import base64
import os
import pathlib
import socket
import struct
import subprocess
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

ROOT = pathlib.Path(__file__).resolve().parents[3]
EVENT, CONTROL = b"\x01", b"\x02"


def compile_messages(folder):
    """The broker's messages as Python classes, generated from src; makes `import ipc.ssh_front_pb2` work."""
    folder.mkdir(exist_ok=True)
    protos = [*(ROOT / "src/ipc").glob("*.proto"), *(ROOT / "src/event").glob("*.proto")]
    subprocess.run(["protoc", "-I", str(ROOT / "src"), f"--python_out={folder}", *map(str, protos)], check=True)
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def libexec(build, folder, **stand_ins):
    """A folder of worker programs in which the front, the back, the inspector or the viewer (or several of them) is a puppet."""
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    for leg in ("front", "back"):
        name = f"sallyport-{leg}-ssh"
        source = "sallyport-puppet" if stand_ins.get(leg) else name
        os.symlink(build / "bin" / source, folder / name)
    os.symlink(build / "bin" / "sallyport-back-telnet", folder / "sallyport-back-telnet")
    os.symlink(build / "bin" / ("sallyport-puppet" if stand_ins.get("web") else "sallyport-front-web"), folder / "sallyport-front-web")
    inspector = "sallyport-puppet-inspector" if stand_ins.get("inspector") else "sallyport-inspector"
    os.symlink(build / "bin" / inspector, folder / "sallyport-inspector")
    os.symlink(build / "bin" / ("sallyport-puppet-viewer" if stand_ins.get("viewer") else "sallyport-viewer"), folder / "sallyport-viewer")
    return folder


class Puppet:
    """The line protocol over the worker's peer socket."""

    def __init__(self, connection, timeout=10):
        self.connection = connection
        self.connection.settimeout(timeout)
        self.buffer = b""

    def line(self):
        """The next line, or None when the worker is gone."""
        while b"\n" not in self.buffer:
            try:
                chunk = self.connection.recv(65536)
            except ConnectionError:
                return None
            if not chunk:
                return None
            self.buffer += chunk
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r").decode(errors="replace")

    def say(self, line):
        try:
            self.connection.sendall(line.encode() + b"\n")
        except ConnectionError:
            pass

    def send(self, kind, message):
        """One message to the broker: a protobuf, or bytes as they are."""
        body = message if isinstance(message, bytes) else message.SerializeToString()
        self.say("m " + (kind + body).hex())

    def raw(self):
        """The next message of the broker as bytes, kind first; None when the worker is gone."""
        while (line := self.line()) is not None:
            if line.startswith("m "):
                return bytes.fromhex(line[2:])
        return None

    def control(self, cls):
        """The next control message of the broker, parsed; None when the worker is gone."""
        while (message := self.raw()) is not None:
            if message[:1] == CONTROL:
                parsed = cls()
                parsed.ParseFromString(message[1:])
                return parsed
        return None

    def gone(self):
        """Waits for the worker's end: true unless it is still there at the deadline."""
        try:
            while self.line() is not None:
                pass
            return True
        except TimeoutError:
            return False

    def ask(self, line):
        """A command of the puppet's: what it answers, or None when the worker did not live to say it. What the broker
        sends meanwhile is not looked at."""
        self.say(line)
        while (line := self.line()) is not None:
            if line.startswith("r "):
                return line
        return None

    def attempt(self, name):
        """A system call: what it returned, or None when the worker did not live to say it."""
        return self.ask(f"try {name}")

    def attempts(self):
        """The names of the system calls that can be tried."""
        self.say("list")
        names = []
        while (line := self.line()) != "r .":
            assert line is not None
            if line.startswith("r "):
                names.append(line[2:])
        return names

    def close(self):
        self.connection.close()


def string(value):
    value = value.encode() if isinstance(value, str) else value
    return struct.pack(">I", len(value)) + value


def kexinit():
    """A plausible KEXINIT payload: the broker hashes it and looks no further."""
    lists = ["curve25519-sha256,kex-strict-c-v00@openssh.com", "ssh-ed25519", "aes256-gcm@openssh.com", "aes256-gcm@openssh.com", "", "", "none", "none", "", ""]
    return b"\x14" + os.urandom(16) + b"".join(string(names) for names in lists) + b"\0" + b"\0\0\0\0"


def fill_kex(inputs, client_version="SSH-2.0-puppet", server_version="SSH-2.0-puppet"):
    inputs.method = "curve25519-sha256"
    inputs.host_key_algorithm = "ssh-ed25519"
    inputs.client_version, inputs.server_version = client_version.encode(), server_version.encode()
    inputs.client_kexinit, inputs.server_kexinit = kexinit(), kexinit()
    inputs.client_public, inputs.server_public = os.urandom(32), os.urandom(32)
    inputs.shared_secret = b"\x01" + os.urandom(31)
    return inputs


def mpint(value):
    value = value.lstrip(b"\0")
    return string(b"\0" + value if value and value[0] & 0x80 else value)


def exchange_hash(inputs, client_version=None, host_key=None):
    """RFC 8731 §3: what both ends hash."""
    import hashlib
    return hashlib.sha256(string(client_version or inputs.client_version) + string(inputs.server_version) + string(inputs.client_kexinit) +
                          string(inputs.server_kexinit) + string(host_key or inputs.host_key) + string(inputs.client_public) +
                          string(inputs.server_public) + mpint(inputs.shared_secret)).digest()


class Key:
    """An ed25519 key from an OpenSSH file, or a new one; signs as SSH does."""

    def __init__(self, path=None):
        self.private = load_ssh_private_key(pathlib.Path(path).read_bytes(), None) if path else Ed25519PrivateKey.generate()
        self.blob = string("ssh-ed25519") + string(self.private.public_key().public_bytes_raw())

    def line(self):
        return "ssh-ed25519 " + base64.b64encode(self.blob).decode()

    def sign(self, data):
        return string("ssh-ed25519") + string(self.private.sign(data))


def login_blob(session_id, user, key):
    """What a publickey login signs (RFC 4252 §7)."""
    return string(session_id) + b"\x32" + string(user) + string("ssh-connection") + string("publickey") + b"\x01" + string("ssh-ed25519") + string(key.blob)
