# SPDX-License-Identifier: Apache-2.0
"""A terminal in the browser: what a page does with its WebSocket, without the page."""
import json
import urllib.parse

from .web_socket import Socket


class WebTerminal(Socket):
    def __init__(self, browser, target="web1", account="deploy", columns=100, rows=30, **options):
        query = urllib.parse.urlencode({"target": target, "account": account, "columns": columns, "rows": rows})
        super().__init__(browser, f"/connect?{query}", **options)
        self.shown = b""   # since the last expect()
        self.output = b""  # all binary frames
        self.told = []     # all text frames
        self.closed_with = None
        self.commands = 0

    def step(self):
        """Takes one frame. False: it was the last."""
        got = self.frame()
        if got is None:
            return False
        opcode, payload = got
        if opcode == 2:
            self.shown += payload
            self.output += payload
        elif opcode == 1:
            self.told.append(json.loads(payload))
        elif opcode == 9:
            self.send(10, payload)
        elif opcode == 8:
            self.closed_with = int.from_bytes(payload[:2], "big")
            return False
        return True

    def expect(self, wanted):
        """Until the terminal has shown it; what came up to there."""
        looked = 0
        while (at := self.shown.find(wanted, looked)) < 0:
            looked = max(0, len(self.shown) - len(wanted))
            assert self.step(), f"{wanted!r} never came: {self.told[-3:]} {self.shown[-500:]!r}"
        at += len(wanted)
        out, self.shown = self.shown[:at], self.shown[at:]
        return out

    def hears(self, good):
        """Until a text frame is good; that one."""
        seen = 0
        while True:
            for one in self.told[seen:]:
                if good(one):
                    return one
            seen = len(self.told)
            assert self.step(), f"the socket ended: {self.told}"

    def state(self, wanted, words=""):
        return self.hears(lambda one: one.get("state") == wanted and words in one.get("words", ""))

    def forget(self):
        """What was told up to here is of no interest any more."""
        self.told.clear()

    @property
    def session(self):
        return self.hears(lambda one: "session" in one)["session"]

    def type(self, keys):
        self.send(2, keys if isinstance(keys, bytes) else keys.encode())

    def resize(self, columns, rows):
        self.send(1, json.dumps({"resize": {"columns": columns, "rows": rows}}).encode())

    def shell(self):
        """A live shell that has run a command."""
        self.state("live")
        self.run("true")
        return self

    def run(self, command):
        """What the command shows. A shell draws its prompt again when the size changes, so a prompt says nothing."""
        self.commands += 1
        self.type(f"{command}; echo over-$(({self.commands}+1000))-\r")
        return self.expect(f"over-{self.commands + 1000}-".encode())

    def end(self):
        """What the end says; after it the socket is closed."""
        while self.step():
            pass
        ends = [one["end"] for one in self.told if "end" in one]
        assert len(ends) == 1 and self.told[-1] == {"end": ends[0]}, self.told
        return ends[0]
