# SPDX-License-Identifier: Apache-2.0
"""The account that tests log in to on the targets: made for the run, with a home of its own, and removed after it."""
import os
import pathlib
import pwd
import secrets
import subprocess

from .target import keygen, public_line


class TestAccount:
    __test__ = False  # not a test class

    def __init__(self, folder):
        if os.geteuid() != 0:
            raise RuntimeError("the integration tests make a temporary account: run them as root")
        self.name = f"spt-{secrets.token_hex(4)}"
        self.password = f"pw-{secrets.token_hex(12)}"
        self.home = pathlib.Path(folder) / self.name
        self.home.mkdir()
        subprocess.run(["useradd", "-M", "-d", str(self.home), "-s", "/bin/bash", "-p", "*", self.name], check=True,
                       capture_output=True)
        subprocess.run(["chpasswd"], input=f"{self.name}:{self.password}\n", text=True, check=True)
        self.key = keygen(self.home.parent / f"{self.name}.key")
        dot_ssh = self.home / ".ssh"
        dot_ssh.mkdir(mode=0o700)
        (dot_ssh / "authorized_keys").write_text(public_line(self.key) + "\n")
        (self.home / ".bashrc").write_text("PS1='$ '\nexport LC_ALL=C.UTF-8\nunset HISTFILE\nbind 'set enable-bracketed-paste off' 2>/dev/null\n")
        (self.home / ".bash_profile").write_text(". ~/.bashrc\n")
        (self.home / ".vimrc").write_text("set nocompatible noswapfile viminfo= t_RV= t_RB= t_RF= t_u7=\nsyntax on\nset termguicolors number\n")
        self.own(self.home)

    def own(self, path):
        """Gives a path and what is below it to the account."""
        entry = pwd.getpwnam(self.name)
        for each in [pathlib.Path(path), *pathlib.Path(path).rglob("*")]:
            os.chown(each, entry.pw_uid, entry.pw_gid)

    def remove(self):
        # What it still runs is this test run's own: the name is used by nothing else.
        uid = pwd.getpwnam(self.name).pw_uid
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and entry.stat().st_uid == uid:
                    os.kill(int(entry.name), 9)
            except (FileNotFoundError, ProcessLookupError):
                pass
        subprocess.run(["userdel", "-f", self.name], capture_output=True)
