# SPDX-License-Identifier: Apache-2.0
"""The client's end of a WebSocket to a portal, frame by frame."""
import base64
import json
import os
import struct


class Socket:
    """The client's end of a WebSocket, as RFC 6455 has it."""

    def __init__(self, browser, path, cookie=True, origin=None, key=None):
        self.connection = browser.raw(seconds=15)
        key = key or base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET /api/v1{path} HTTP/1.1", f"Host: {browser.authority}", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", f"Origin: {origin or browser.origin}"]
        if cookie:
            lines.append(f"Cookie: __Host-sallyport={browser.cookie if cookie is True else cookie}")
        self.connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            chunk = self.connection.recv(65536)
            assert chunk, "no answer"
            self.buffer += chunk
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        self.status = int(head.split()[1])

    def take(self, size):
        while len(self.buffer) < size:
            chunk = self.connection.recv(65536)
            if not chunk:
                return None
            self.buffer += chunk
        out, self.buffer = self.buffer[:size], self.buffer[size:]
        return out

    def frame(self):
        """(opcode, payload), or None at the end."""
        head = self.take(2)
        if head is None:
            return None
        size = head[1] & 0x7F
        assert not head[1] & 0x80, "a server does not mask"
        if size == 126:
            size = struct.unpack(">H", self.take(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self.take(8))[0]
        return head[0] & 0x0F, self.take(size)

    def message(self):
        got = self.frame()
        return json.loads(got[1]) if got and got[0] == 1 else None

    def send(self, opcode, payload, mask=b"\x01\x02\x03\x04"):
        size = len(payload)
        head = bytes([0x80 | opcode]) + (bytes([0x80 | size]) if size < 126 else bytes([0xFE]) + struct.pack(">H", size) if size < 65536
                                         else bytes([0xFF]) + struct.pack(">Q", size))
        self.connection.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))

    def closed(self):
        try:
            while self.frame() is not None:
                pass
        except TimeoutError:
            return False
        except (OSError, AssertionError, TypeError):
            pass
        return True
