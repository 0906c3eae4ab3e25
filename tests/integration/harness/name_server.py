# SPDX-License-Identifier: Apache-2.0
"""A name server on loopback: it knows the names it is told of, and says nothing about any other."""
import socket
import struct
import threading


class NameServer:
    def __init__(self, known=None):
        self.known = known or {}  # name → IPv4 address
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.1)
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.closing = False
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while not self.closing:
            try:
                question, source = self.socket.recvfrom(1024)
            except socket.timeout:
                continue
            reply = self._answer(question)
            if reply:
                self.socket.sendto(reply, source)

    def _answer(self, question):
        """RFC 1035 §4.1: an A record, or no record for another type."""
        at, labels = 12, []
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        name = ".".join(labels)
        self.asked.append(name)
        if name not in self.known:
            return None
        kind = struct.unpack("!H", question[at + 1:at + 3])[0]
        head = question[:2] + struct.pack("!HHHHH", 0x8580, 1, 1 if kind == 1 else 0, 0, 0) + question[12:at + 5]
        if kind != 1:
            return head
        return head + struct.pack("!HHHIH", 0xC00C, 1, 1, 60, 4) + socket.inet_aton(self.known[name])

    def stop(self):
        self.closing = True
        self.thread.join(5)
        self.socket.close()
