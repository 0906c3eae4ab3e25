# SPDX-License-Identifier: Apache-2.0
"""Targets: an OpenSSH and a Dropbear server, each with keys and configuration of its own, on loopback."""
import os
import pathlib
import shutil
import signal
import subprocess
import time

from .process import Process, children, descendants, free_port, until


def keygen(path, kind="ed25519", comment="test"):
    path = pathlib.Path(path)
    if not path.exists():
        bits = ["-b", "3072"] if kind == "rsa" else []
        subprocess.run(["ssh-keygen", "-q", "-t", kind, *bits, "-N", "", "-C", comment, "-f", str(path)], check=True)
    return path


def public_line(path):
    """"TYPE BASE64" of a private key's public half."""
    return " ".join(pathlib.Path(f"{path}.pub").read_text().split()[:2])


class _Listening:
    """Starts a server that listens on self.port; _launch() makes self.process and returns what its log says then."""

    placed = False  # has it listened there? Then its address may be declared, and stays.

    def start(self):
        deadline = time.monotonic() + 20
        while True:
            ready = self._launch()
            until(lambda: ready in self.process.own_log_text() or not self.process.alive(), 20, lambda: f"a server on port {self.port}:\n{self.log_text()}")
            if self.process.alive():
                self.placed = True
                return self
            said = self.process.own_log_text()
            self.process.kill()
            assert "in use" in said and time.monotonic() < deadline, said
            if not self.placed:
                self.port = free_port()
            else:
                time.sleep(0.2)


class OpenSshTarget(_Listening):
    def __init__(self, folder, authorized=(), user_ca=None, options=()):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self.host_key = keygen(self.folder / "host_key")
        self.authorized = self.folder / "authorized_keys"
        self.authorized.write_text("".join(line + "\n" for line in authorized))
        self.user_ca = self.folder / "user_ca.pub"
        self.user_ca.write_text((user_ca or "") + "\n")
        self.port = free_port()
        self.options = list(options)
        self.process = None

    def _launch(self):
        config = self.folder / "sshd_config"
        config.write_text("\n".join([
            *self.options,
            f"ListenAddress 127.0.0.1:{self.port}", f"HostKey {self.host_key}", "PidFile none",
            f"TrustedUserCAKeys {self.user_ca}", f"AuthorizedKeysFile {self.authorized}",
            "PasswordAuthentication yes", "PubkeyAuthentication yes", "PermitRootLogin yes", "UsePAM no", "StrictModes no",
            "MaxSessions 200", "MaxStartups 400:30:500", "MaxAuthTries 20", "LogLevel VERBOSE", "PrintMotd no", "PrintLastLog no",
            "UseDNS no", "AcceptEnv *", "AllowTcpForwarding yes", "Subsystem sftp internal-sftp"]) + "\n")
        if os.geteuid() == 0:
            pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        self.process = Process([shutil.which("sshd") or "/usr/sbin/sshd", "-D", "-e", "-f", config], self.folder / "sshd.log")
        return f"Server listening on 127.0.0.1 port {self.port}."

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def key_line(self):
        return public_line(self.host_key)

    def log_text(self):
        return self.process.log_text()

    def new_host_key(self):
        """The machine at this address is another one from now on."""
        self.stop()
        for path in (self.host_key, pathlib.Path(f"{self.host_key}.pub")):
            path.unlink()
        keygen(self.host_key)
        return self.start()

    def session_pids(self):
        """The processes that serve connections now."""
        return children(self.process.pid)

    def stop(self):
        if self.process:
            # A connection's process leaves the listener's group; it must not outlive the test either.
            for pid in descendants(self.process.pid):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.kill()
            self.process = None


class DropbearTarget(_Listening):
    """Logs users in by the authorized_keys of their home, or by password; knows no certificates."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.host_key = self.folder / "host_key"
        self.port = free_port()
        self.process = None
        if not self.host_key.exists():
            subprocess.run(["dropbearkey", "-t", "ed25519", "-f", str(self.host_key)], check=True, capture_output=True)

    def _launch(self):
        self.process = Process([shutil.which("dropbear") or "/usr/sbin/dropbear", "-F", "-E", "-r", self.host_key,
                                "-p", f"127.0.0.1:{self.port}", "-P", self.folder / "pid"], self.folder / "dropbear.log")
        return "Not backgrounding"  # it says so once it listens

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def key_line(self):
        text = subprocess.run(["dropbearkey", "-y", "-f", str(self.host_key)], check=True, capture_output=True, text=True).stdout
        return next(" ".join(line.split()[:2]) for line in text.splitlines() if line.startswith("ssh-"))

    def log_text(self):
        return self.process.log_text()

    def stop(self):
        if self.process:
            self.process.kill()
            self.process = None
