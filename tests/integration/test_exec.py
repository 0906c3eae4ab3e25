# SPDX-License-Identifier: Apache-2.0
"""Commands through the gateway give what they give directly: bytes, stderr apart, exit status, half-closed input."""
import hashlib
import os
import pathlib
import subprocess
import threading
import time

import pytest

from harness.process import until

MIB = 1 << 20


def both(world, command, **options):
    direct = world.ssh("direct", command, **options)
    via = world.ssh("via", command, **options)
    return direct, via


def same(direct, via):
    assert (via.returncode, via.stdout, via.stderr) == (direct.returncode, direct.stdout, direct.stderr)


@pytest.mark.parametrize("command, status", [
    ("echo out; echo err >&2; exit 7", 7),
    ("true", 0),
    ("exit 255", 255),
    ("no-such-command-here", 127),
    ("printf 'a\\0b\\377\\r\\nc'", 0),
    ("for i in $(seq 300); do echo o$i; echo e$i >&2; done", 0),
    ("cat", 0),
    ("env | grep ^SPT_ | sort", 0),
    ("pwd; id -un; echo $SHELL; tty", 1),
])
def test_same_as_direct(world, command, status):
    direct, via = both(world, command, input=b"typed\n", options=["-o", "SetEnv=SPT_A=1 SPT_B=two"])
    assert direct.returncode == status
    same(direct, via)


def test_every_byte_value_both_ways(world):
    data = bytes(range(256)) * 64
    via = world.ssh("via", "cat; cat </dev/null >&2", input=data)
    assert via.stdout == data and via.stderr == b"" and via.returncode == 0


def test_names_with_percent_and_plus(world):
    for host in ("via", "via-percent", "via-plus"):
        assert world.ssh(host, "echo $((6*7))").stdout == b"42\n"


def test_no_input_at_all(world):
    direct, via = both(world, "cat; echo done", options=["-n"])
    same(direct, via)


def test_a_closed_input_is_only_half_a_close(world):
    """The target sees end of input, and goes on answering for a while."""
    command = "sha256sum; sleep 0.5; echo late; echo late-error >&2; exit 3"
    direct, via = both(world, command, input=b"x" * 100_000)
    assert direct.returncode == 3 and b"late\n" in direct.stdout
    same(direct, via)


def test_target_closes_output_first(world):
    direct, via = both(world, "exec >&-; cat >/dev/null; exit 4", input=b"y" * 1000)
    same(direct, via)


def test_a_killed_command_reports_its_signal(world):
    direct, via = both(world, "kill -TERM $$")
    same(direct, via)
    assert via.returncode != 0


def test_stderr_flood_beside_stdout(world):
    command = "head -c 3000000 /dev/zero | tr '\\0' e >&2 & head -c 3000000 /dev/zero | tr '\\0' o; wait"
    via = world.ssh("via", command)
    assert via.stdout == b"o" * 3_000_000 and via.stderr == b"e" * 3_000_000


def test_100_mb_down(world):
    command = "openssl enc -aes-128-ctr -nosalt -pass pass:x -pbkdf2 -in /dev/zero 2>/dev/null | head -c 104857600"
    hashes = []
    for host in ("direct", "via"):
        process = world.popen(host, command, stdin=subprocess.DEVNULL)
        digest, count = hashlib.sha256(), 0
        while chunk := process.stdout.read(MIB):
            digest.update(chunk)
            count += len(chunk)
        assert process.wait() == 0
        assert count == 100 * MIB
        hashes.append(digest.hexdigest())
    assert hashes[0] == hashes[1]


def test_100_mb_up(world, tmp_path):
    source = tmp_path / "data"
    source.write_bytes(os.urandom(MIB) * 100)
    expected = hashlib.sha256(source.read_bytes()).hexdigest()
    with source.open("rb") as data:
        out = subprocess.run(world.ssh_argv("via", "sha256sum"), stdin=data, capture_output=True, timeout=120)
    assert out.returncode == 0 and out.stdout.split()[0].decode() == expected


def test_100_mb_both_ways_at_once(world):
    """cat: what goes up comes down, while both directions are full."""
    process = world.popen("via", "cat")
    block = os.urandom(MIB)
    sent, received, count = hashlib.sha256(), hashlib.sha256(), 0

    def feed():
        for _ in range(100):
            sent.update(block)
            process.stdin.write(block)
        process.stdin.close()

    feeder = threading.Thread(target=feed)
    feeder.start()
    while chunk := process.stdout.read(MIB):
        received.update(chunk)
        count += len(chunk)
    feeder.join()
    assert process.wait() == 0
    assert count == 100 * MIB and received.hexdigest() == sent.hexdigest()


def test_output_appears_as_it_comes(world):
    """No buffering for the sake of speed: a line is here long before the command ends."""
    process = world.popen("via", "echo first; read x; echo second")
    assert process.stdout.readline() == b"first\n"
    # Only now is it told to go on.
    assert process.communicate(b"\n", timeout=30)[0] == b"second\n"


def running(marker):
    """Processes that call themselves so."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cmdline").read_bytes().split(b"\0")[0] == marker.encode():
                found.append(int(entry.name))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


@pytest.mark.parametrize("command, options", [("cat", []), ("sleep 600", ["-tt"])], ids=["end-of-input", "hang-up"])
def test_client_that_goes_away_ends_the_command(world, command, options):
    """By what it would be told directly: the end of its input, or on a terminal that it hung up."""
    marker = f"spt-{os.getpid()}-{time.monotonic_ns()}"
    process = world.popen("via", f"echo up; exec -a {marker} {command}", options=options)
    assert process.stdout.readline().strip() == b"up"
    identifier = world.gateway.live_session(user="alice")["id"]
    until(lambda: running(marker), what="the command on the target")
    process.kill()
    process.wait()
    until(lambda: world.gateway.one("session", "show", identifier)["state"] == "ended", what="the session's end")
    until(lambda: not running(marker), what="the command's end on the target")


def test_control_master_with_50_commands_at_once(world, folder):
    control = folder / "cm"
    options = ["-o", f"ControlPath={control}", "-o", "ControlMaster=no"]
    master = world.popen("via", options=["-o", f"ControlPath={control}", "-M", "-N"])
    try:
        until(control.exists, what="the master's socket")
        processes = [world.popen("via", f"sleep 0.3; echo out-{n}; echo err-{n} >&2; exit {n}", options=options,
                                 stdin=subprocess.DEVNULL) for n in range(50)]
        for n, process in enumerate(processes):
            out, err = process.communicate(timeout=60)
            assert (process.returncode, out, err) == (n, f"out-{n}\n".encode(), f"err-{n}\n".encode())
    finally:
        master.terminate()
        master.wait()


EXCHANGED = "SSH2_MSG_NEWKEYS received"  # what ssh -v and sshd's DEBUG1 say of each key exchange


def test_rekeying_on_both_legs_keeps_data_whole(make_world, tmp_path):
    """The client rekeys every MiB, the target's server too, and the gateway by its own rule, all under load."""
    world = make_world(config={"ssh": {"rekey_bytes": 1 << 20}}, target_options=["RekeyLimit 1M", "LogLevel DEBUG1"])
    with (tmp_path / "ssh.log").open("wb") as log:
        process = world.popen("via", "cat", options=["-v", "-o", "RekeyLimit=1M"], stderr=log)
    block = os.urandom(MIB)
    sent, received = hashlib.sha256(), hashlib.sha256()

    def feed():
        for _ in range(40):
            sent.update(block)
            process.stdin.write(block)
        process.stdin.close()

    feeder = threading.Thread(target=feed)
    feeder.start()
    while chunk := process.stdout.read(65536):
        received.update(chunk)
    feeder.join()
    assert process.wait() == 0 and received.hexdigest() == sent.hexdigest()
    until(lambda: not world.target.session_pids(), what="the target's session to end")
    exchanges = {"client": (tmp_path / "ssh.log").read_text().count(EXCHANGED), "target": world.target.log_text().count(EXCHANGED)}
    assert all(count > 20 for count in exchanges.values()), exchanges


def test_rekeying_with_every_cipher(world):
    data = os.urandom(3 * MIB)
    for cipher in ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes256-ctr", "aes128-ctr"):
        via = world.ssh("via", "cat", input=data, options=["-v", "-c", cipher, "-o", "RekeyLimit=1M"])
        assert via.stdout == data, cipher
        assert via.stderr.count(EXCHANGED.encode()) > 2, cipher


def test_every_key_exchange_and_host_key(world):
    for option in ("KexAlgorithms=curve25519-sha256", "KexAlgorithms=diffie-hellman-group14-sha256",
                   "KexAlgorithms=diffie-hellman-group16-sha512", "KexAlgorithms=diffie-hellman-group18-sha512",
                   "HostKeyAlgorithms=ssh-ed25519", "HostKeyAlgorithms=rsa-sha2-512", "HostKeyAlgorithms=rsa-sha2-256",
                   "MACs=hmac-sha2-512-etm@openssh.com"):
        more = ["-c", "aes128-ctr"] if option.startswith("MACs") else []
        via = world.ssh("via", "echo ok", options=["-o", option, "-o", f"UserKnownHostsFile={world.folder}/known_{option.split('=')[1][:12]}", *more])
        assert via.stdout == b"ok\n", (option, via.stderr)
