# SPDX-License-Identifier: Apache-2.0
"""A terminal that tests can look at: tmux with a server of its own."""
import os
import pathlib
import re
import shlex
import subprocess

from .process import until

CONFIG = """
set -g default-terminal "tmux-256color"
set -ga terminal-overrides ",*:Tc"
set -g status off
set -g escape-time 0
set -g history-limit 20000
set -g remain-on-exit on
"""


class Tmux:
    def __init__(self, folder, command, columns=100, rows=30, environment=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.socket = self.folder / "tmux.sock"
        config = self.folder / "tmux.conf"
        config.write_text(CONFIG)
        env = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **(environment or {})}
        env.pop("TMUX", None)
        self.base = ["tmux", "-S", str(self.socket), "-f", str(config)]
        line = command if isinstance(command, str) else shlex.join(map(str, command))
        subprocess.run([*self.base, "new-session", "-d", "-s", "t", "-x", str(columns), "-y", str(rows), line],
                       check=True, env=env, capture_output=True, stdin=subprocess.DEVNULL)

    def _tmux(self, *args):
        return subprocess.run([*self.base, *args], check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout

    def send(self, *keys):
        """Key names as tmux knows them."""
        self._tmux("send-keys", "-t", "t", *keys)

    def type(self, text):
        self._tmux("send-keys", "-t", "t", "-l", text)

    def enter(self, text):
        self.type(text)
        self.send("Enter")

    def resize(self, columns, rows):
        self._tmux("resize-window", "-t", "t", "-x", str(columns), "-y", str(rows))

    def screen(self, attributes=True):
        """The screen's cells with their attributes (colours, bold …) as escape sequences, row by row."""
        return self._tmux("capture-pane", "-p", "-t", "t", *(["-e"] if attributes else []))

    def cursor(self):
        return self._tmux("display-message", "-p", "-t", "t", "#{cursor_x},#{cursor_y},#{cursor_flag},#{alternate_on}").strip()

    def wait(self, text, seconds=15):
        until(lambda: text in self.screen(False), seconds, lambda: f"{text!r} on the screen, which shows:\n{self.screen(False)}")

    def at_prompt(self):
        """The shell waits: the last row with text is a bare prompt (trailing blanks are not captured)."""
        rows = [row for row in self.screen(False).splitlines() if row.strip()]
        return bool(rows) and rows[-1].rstrip() == "$"

    def wait_prompt(self, seconds=20):
        until(self.at_prompt, seconds, lambda: f"a prompt on the screen, which shows:\n{self.screen(False)}")

    def settled(self, seconds=15, quiet=0.4):
        """Waits until the screen does not change for a moment, and returns it."""
        import time
        deadline = time.monotonic() + seconds
        last, since = self.screen(), time.monotonic()
        while time.monotonic() - since < quiet:
            if time.monotonic() > deadline:
                raise AssertionError("the screen does not come to rest")
            time.sleep(0.05)
            now = self.screen()
            if now != last:
                last, since = now, time.monotonic()
        return last

    def dead(self):
        return self._tmux("display-message", "-p", "-t", "t", "#{pane_dead}").strip() == "1"

    def close(self):
        subprocess.run([*self.base, "kill-server"], capture_output=True, stdin=subprocess.DEVNULL)


def cells(screen):
    """A captured screen as rows of (character, attributes): what is seen, whichever escape said it. The first 16 colours
    have two names each; blank cells without attributes at the end of a row are the same as none."""
    rows, state = [], {}
    for line in screen.splitlines():
        row = []
        for code, character in re.findall("\x1b\\[([0-9;:]*)m|(.)", line):
            if character:
                row.append((character, tuple(sorted(state.items()))))
            else:
                _apply(state, [int(part or 0) for part in re.split("[;:]", code)])
        while row and row[-1] == (" ", ()):
            row.pop()
        rows.append(row)
    return rows


_ATTRIBUTES = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 5: "blink", 7: "reverse", 8: "hidden", 9: "strike"}
_OFF = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 25: ("blink",), 27: ("reverse",), 28: ("hidden",), 29: ("strike",)}


def _apply(state, codes):
    """One SGR sequence (ECMA-48 8.3.117, and the 256 and 24-bit colours of xterm)."""
    while codes:
        code = codes.pop(0)
        ground = "text" if code // 10 in (3, 9) else "back"
        if code == 0:
            state.clear()
        elif code in _ATTRIBUTES:
            state[_ATTRIBUTES[code]] = True
        elif code in _OFF:
            for name in _OFF[code]:
                state.pop(name, None)
        elif code in (38, 48):
            if codes.pop(0) == 5:
                state[ground] = codes.pop(0)
            else:
                state[ground] = tuple(codes[:3])
                del codes[:3]
        elif code in (39, 49):
            state.pop(ground, None)
        elif 30 <= code <= 47:
            state[ground] = code % 10
        elif 90 <= code <= 107:
            state[ground] = 8 + code % 10
