# SPDX-License-Identifier: Apache-2.0
"""A security key in software, and an ssh-agent that holds some: real OpenSSH clients log in with them, and the test says
what the key claims (PROTOCOL.u2f; draft-miller-ssh-agent)."""
import base64
import hashlib
import os
import pathlib
import socket
import struct
import threading

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

TOUCHED, VERIFIED = 0x01, 0x04

FAILURE, IDENTITIES_ANSWER, SIGN_RESPONSE = 5, 12, 14
REQUEST_IDENTITIES, SIGN_REQUEST = 11, 13


def string(data):
    return struct.pack(">I", len(data)) + data


def mpint(number):
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big"))


def strings(data, count):
    """The first strings of a message, and what follows them."""
    out = []
    for _ in range(count):
        size, = struct.unpack(">I", data[:4])
        out.append(data[4:4 + size])
        data = data[4 + size:]
    return out, data


class SecurityKey:
    """sk-ssh-ed25519@openssh.com or sk-ecdsa-sha2-nistp256@openssh.com. Change `flags` and `counter` before it signs."""

    def __init__(self, kind="ed25519", application="ssh:", flags=TOUCHED):
        self.application = application.encode()
        self.flags, self.counter = flags, 0
        self.signed_over = None  # application of the signature, where a test wants another one than the key's
        self.spoil = False
        if kind == "ed25519":
            self.name = b"sk-ssh-ed25519@openssh.com"
            self.secret = ed25519.Ed25519PrivateKey.generate()
            point = self.secret.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            self.blob = string(self.name) + string(point) + string(self.application)
        else:
            self.name = b"sk-ecdsa-sha2-nistp256@openssh.com"
            self.secret = ec.generate_private_key(ec.SECP256R1())
            point = self.secret.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
            self.blob = string(self.name) + string(b"nistp256") + string(point) + string(self.application)

    @property
    def line(self):
        return f"{self.name.decode()} {base64.b64encode(self.blob).decode()}"

    def write(self, path):
        """The .pub file, for ssh -i and ssh-keygen -s."""
        path = pathlib.Path(path)
        path.write_text(self.line + " a security key\n")
        return path

    def sign(self, data):
        self.counter += 1
        application = self.application if self.signed_over is None else self.signed_over
        message = (hashlib.sha256(application).digest() + bytes([self.flags]) + struct.pack(">I", self.counter) + hashlib.sha256(data).digest())
        if self.name.startswith(b"sk-ssh"):
            signature = self.secret.sign(message)
        else:
            r, s = decode_dss_signature(self.secret.sign(message, ec.ECDSA(hashes.SHA256())))
            signature = mpint(r) + mpint(s)
        if self.spoil:
            signature = signature[:-1] + bytes([signature[-1] ^ 1])
        return string(self.name) + string(signature) + bytes([self.flags]) + struct.pack(">I", self.counter)


class Agent:
    """Serves the keys on a socket; certificates of theirs too, as (blob, key)."""

    def __init__(self, path, *keys):
        self.path = str(path)
        self.held = [(key.blob, key) for key in keys]
        self.signed = 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def add_certificate(self, path, key):
        self.held.insert(0, (base64.b64decode(pathlib.Path(path).read_text().split()[1]), key))

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
        os.unlink(self.path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, client.makefile("rb") as incoming:
            while len(head := incoming.read(4)) == 4:
                message = incoming.read(struct.unpack(">I", head)[0])
                client.sendall(string(self._answer(message)))

    def _answer(self, message):
        if message[0] == REQUEST_IDENTITIES:
            listed = b"".join(string(blob) + string(b"in software") for blob, _ in self.held)
            return bytes([IDENTITIES_ANSWER]) + struct.pack(">I", len(self.held)) + listed
        if message[0] == SIGN_REQUEST:
            (blob, data), _ = strings(message[1:], 2)
            for held, key in self.held:
                if held == blob:
                    self.signed += 1
                    return bytes([SIGN_RESPONSE]) + string(key.sign(data))
        return bytes([FAILURE])
