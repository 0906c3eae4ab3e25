# SPDX-License-Identifier: Apache-2.0
"""PuTTY's, Dropbear's and paramiko's clients, each to an OpenSSH and to a Dropbear target."""
import hashlib
import os
import shutil
import socket
import subprocess

import paramiko
import pytest

from harness.world import USER, USER_PASSWORD

TARGETS = ["deploy@web1", "keyed@web1", "keyed@small1", "passworded@small1"]
DATA = os.urandom(3 << 20)


@pytest.fixture(scope="module")
def putty(world):
    """A plink command line up to the user name, with the key in PuTTY's format."""
    key = world.folder / "alice.ppk"
    subprocess.run(["puttygen", str(world.user_key), "-o", str(key), "-O", "private"], check=True, stdin=subprocess.DEVNULL)
    scan = subprocess.run(["ssh-keygen", "-lf", "-"], input=world.known_hosts_for_gateway(), text=True, capture_output=True, check=True)
    keys = [word for line in scan.stdout.splitlines() for word in line.split() if word.startswith("SHA256:")]
    home = world.folder / "putty"
    home.mkdir(exist_ok=True)
    options = [part for key_hash in keys for part in ("-hostkey", key_hash)]

    def run(tool, user, *args, **options_):
        return subprocess.run([tool, "-batch", "-P", str(world.gateway.port), "-i", str(key), *options, *(["-l", user] if tool == "plink" else []),
                               *args], capture_output=True, timeout=90, env={**os.environ, "HOME": str(home)}, **options_)
    return run


@pytest.mark.parametrize("address", TARGETS)
def test_plink(putty, address):
    result = putty("plink", f"{USER}@{address}", "127.0.0.1", "cat; echo err >&2; exit 5", input=DATA)
    assert (result.returncode, result.stderr) == (5, b"err\n")
    assert result.stdout == DATA


@pytest.mark.parametrize("address", TARGETS)
def test_pscp(putty, address, account, tmp_path):
    (tmp_path / "file").write_bytes(DATA)
    name = f"pscp-{address.replace('@', '-')}"
    # pscp splits user and host at the last '@'.
    result = putty("pscp", None, str(tmp_path / "file"), f"{USER}@{address}@127.0.0.1:{account.home}/{name}", stdin=subprocess.DEVNULL)
    assert result.returncode == 0, result
    assert (account.home / name).read_bytes() == DATA


@pytest.mark.parametrize("address", TARGETS)
def test_dbclient(world, address, tmp_path):
    key = tmp_path / "key"
    subprocess.run(["dropbearconvert", "openssh", "dropbear", str(world.user_key), str(key)], check=True, capture_output=True)
    result = subprocess.run(["dbclient", "-y", "-i", str(key), "-p", str(world.gateway.port), "-l", f"{USER}@{address}", "127.0.0.1",
                             "sha256sum; echo err >&2; exit 6"], input=DATA, capture_output=True, timeout=90,
                            env={**os.environ, "HOME": str(tmp_path)})
    assert result.returncode == 6, result
    assert result.stdout.split()[0].decode() == hashlib.sha256(DATA).hexdigest()
    assert b"err\n" in result.stderr


def connect(world, address, **options):
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    options = options or {"key_filename": str(world.user_key)}
    client.connect("127.0.0.1", world.gateway.port, f"{USER}@{address}", look_for_keys=False, allow_agent=False, timeout=20,
                   banner_timeout=20, auth_timeout=20, **options)
    return client


@pytest.mark.parametrize("address", TARGETS)
def test_paramiko(world, address, account, tmp_path):
    with connect(world, address) as client:
        stdin, stdout, stderr = client.exec_command("cat; echo err >&2; exit 8")
        stdin.write(b"hello")
        stdin.channel.shutdown_write()
        assert (stdout.read(), stderr.read(), stdout.channel.recv_exit_status()) == (b"hello", b"err\n", 8)
        with client.open_sftp() as sftp:
            name = f"{account.home}/paramiko-{address.replace('@', '-')}"
            with sftp.open(name, "wb") as out:
                out.set_pipelined(True)
                out.write(DATA)
            with sftp.open(name, "rb") as back:
                back.prefetch()
                assert back.read() == DATA
            assert sftp.stat(name).st_size == len(DATA)
            # Dropbear 2022.83 closes channels without a program when one of its children ends: let the server of SFTP
            # be gone, and start each program before the next channel opens.
            sftp.get_channel().shutdown_write()
            sftp.get_channel().recv_exit_status()
        channels = []
        for n in range(5):
            channels.append(client.get_transport().open_session())
            # paramiko loses a channel that ends before it has looked at the answer: let each wait for a line.
            channels[-1].exec_command(f"read x; echo {n}")
        for channel in channels:
            channel.sendall(b"go\n")
        assert [channel.makefile().read() for channel in channels] == [f"{n}\n".encode() for n in range(5)]


def test_paramiko_password_and_keyboard_interactive(world):
    with connect(world, "deploy@web1", password=USER_PASSWORD) as client:
        assert client.exec_command("echo in")[1].read() == b"in\n"
    transport = paramiko.Transport(socket.create_connection(("127.0.0.1", world.gateway.port)))
    try:
        transport.start_client(timeout=20)
        transport.auth_interactive(f"{USER}@deploy@web1", lambda title, text, prompts: [USER_PASSWORD for _ in prompts])
        assert transport.is_authenticated()
    finally:
        transport.close()


def channel_request(channel, kind, *fields):
    """A raw channel request without an answer: paramiko offers no call for signal and break."""
    message = paramiko.Message()
    message.add_byte(bytes([98]))
    message.add_int(channel.remote_chanid)
    message.add_string(kind)
    message.add_boolean(False)
    for field in fields:
        (message.add_string if isinstance(field, str) else message.add_int)(field)
    channel.transport._send_user_message(message)


def test_signal_reaches_the_command(world):
    """As directly: sshd delivers a signal request to the command (RFC 4254, 6.9)."""
    with connect(world, "deploy@web1") as client:
        channel = client.get_transport().open_session()
        channel.settimeout(20)
        channel.exec_command("trap 'echo got usr1; exit 11' USR1; echo ready; while :; do sleep 0.1; done")
        assert channel.recv(100) == b"ready\n"
        channel_request(channel, "signal", "USR1")
        assert channel.makefile().read() == b"got usr1\n"
        assert channel.recv_exit_status() == 11


def test_break_request_is_carried(world):
    with connect(world, "deploy@web1") as client:
        channel = client.get_transport().open_session()
        channel.settimeout(20)
        channel.get_pty()
        channel.exec_command("echo ready; read x; echo still here")
        assert channel.recv(100).strip() == b"ready"
        channel_request(channel, "break", 500)
        channel.sendall(b"\n")
        assert b"still here" in channel.makefile().read()
    newest = world.gateway.newest_recording()["id"]
    world.gateway.sealed(newest)
    assert "break" in world.gateway.cli("recording", "export", newest, "--format", "jsonl")


def exit_signal(client):
    """What a client is told of a command that a signal ended: (name, core dumped, message, language) of RFC 4254, 6.10."""
    channel = client.get_transport().open_session()
    told = []

    def handle(message):  # paramiko itself passes it over
        if message.get_text() == "exit-signal":
            message.get_boolean()
            told.append((message.get_text(), message.get_boolean(), message.get_text(), message.get_text()))
        else:
            message.rewind()
            message.get_int()  # the channel's number
            type(channel)._handle_request(channel, message)

    ordinary = client.get_transport()._channel_handler_table
    client.get_transport()._channel_handler_table = {**ordinary, 98: lambda _, message: handle(message)}
    channel.exec_command("ulimit -c 0; kill -SEGV $$")
    assert channel.recv_exit_status() == -1
    return told


def test_exit_signal_is_carried(world):
    with connect(world, "deploy@web1") as via, paramiko.SSHClient() as direct:
        direct.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        direct.connect("127.0.0.1", world.target.port, username=world.account.name, key_filename=str(world.account.key),
                       look_for_keys=False, allow_agent=False)
        wanted = exit_signal(direct)
        assert [one[0] for one in wanted] == ["SEGV"]
        assert exit_signal(via) == wanted
    newest = world.gateway.newest_recording()["id"]
    world.gateway.sealed(newest)
    assert "SEGV" in world.gateway.cli("recording", "export", newest, "--format", "jsonl")


def test_window_changes_by_paramiko(world):
    with connect(world, "deploy@web1") as client:
        channel = client.invoke_shell(term="vt100", width=90, height=20)
        channel.settimeout(20)
        channel.resize_pty(width=111, height=33)
        channel.send("stty size\n")
        seen = b""
        while b"33 111" not in seen:
            chunk = channel.recv(1000)
            assert chunk, seen
            seen += chunk


def test_tools_are_the_packaged_ones():
    for tool in ("plink", "dbclient", "rsync", "ansible"):
        assert shutil.which(tool), f"{tool} is missing: tools/install-deps test"
