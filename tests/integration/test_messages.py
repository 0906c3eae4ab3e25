# SPDX-License-Identifier: Apache-2.0
"""What users are told: banners, why a target could not be logged in to, why a program ended; and the state in which their
terminal is left."""
import http.server
import os
import signal
import socket
import subprocess
import threading

import pytest

from harness.process import descendants, free_port, status_field, until
from harness.target import OpenSshTarget
from harness.world import USER

TARGET_BANNER = "Property of ACME.\nLeave, or \\be\\ recorded.\n"
GATEWAY_BANNER = "This is a gateway.\nAll is recorded: ä.\n"


# --- banners --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bannered(build, folder, account):
    from harness.world import World
    banner = folder / "banner.txt"
    banner.write_text(TARGET_BANNER)
    world = World(build, folder / "bannered", account, dropbear=False, target_options=[f"Banner {banner}"],
                  config={"ssh": {"banner": GATEWAY_BANNER, "jump_suffix": ".gate"}})
    try:
        yield world.start()
    finally:
        world.stop()


def shown_by(world, host, *command, options=()):
    """Standard error of ssh, which at this level shows banners."""
    done = world.ssh(host, *command, options=["-o", "LogLevel=INFO", *options])
    assert done.returncode == 0, done
    return done.stdout, done.stderr.decode()


def test_the_banner_of_the_target_is_shown_and_recorded(bannered):
    out, errors = shown_by(bannered, "via", "echo out")
    assert out == b"out\n"
    assert TARGET_BANNER in errors
    assert errors.count("ACME") == 1
    recorded = [e for e in bannered.gateway.events(bannered.gateway.newest_recording()["id"]) if e["event"] == "login"]
    assert recorded[0]["banner"] == TARGET_BANNER


def test_the_banner_of_the_target_is_shown_on_a_terminal(bannered):
    out, _ = shown_by(bannered, "via", "echo out", options=["-tt"])
    assert out.replace(b"\r\n", b"\n").decode() == TARGET_BANNER + "out\n"


def test_the_banner_of_the_gateway_comes_before_the_login(bannered):
    _, errors = shown_by(bannered, "via", "true")
    assert errors.index("All is recorded: ä.") < errors.index("ACME")
    assert errors.count("All is recorded") == 1
    # And who never gets in has seen it as well.
    refused = bannered.ssh("via", "true", options=["-o", "LogLevel=INFO", "-i", "/dev/null", "-o", "IdentityAgent=none", "-o", f"IdentityFile={bannered.target.host_key}",
                                                   "-o", "User=nobody"])
    assert refused.returncode == 255 and "All is recorded" in refused.stderr.decode()


def test_a_jump_shows_the_gateways_banner_once(bannered):
    _, errors = shown_by(bannered, "web1", "true", options=["-o", "StrictHostKeyChecking=no"])
    assert errors.count("All is recorded") <= 1 and errors.count("ACME") == 1


@pytest.mark.parametrize("setting", ["terminals", "record"])
def test_the_banner_of_the_target_can_be_kept_from_programs(make_world, folder, setting):
    banner = folder / "banner2.txt"
    banner.write_text(TARGET_BANNER)
    world = make_world(target_options=[f"Banner {banner}"], config={"ssh": {"target_banner": setting}})
    assert world.ssh("via", "true").stderr == b""
    on_terminal = world.ssh("via", "true", options=["-tt"]).stdout
    assert (b"ACME" in on_terminal) == (setting == "terminals")
    recorded = [e for e in world.gateway.events(world.gateway.newest_recording()["id"]) if e["event"] == "login"]
    assert recorded[0]["banner"] == TARGET_BANNER


# --- targets that fail ----------------------------------------------------------------------------------------------


class Server:
    """Listens, says one thing to each who connects, and keeps the connection or closes it."""

    def __init__(self, says, keeps=False):
        self.says, self.keeps, self.kept = says, keeps, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                one, _ = self.socket.accept()
            except OSError:
                return
            try:
                one.sendall(self.says)
                if self.keeps:
                    self.kept.append(one)
                    continue
                one.shutdown(socket.SHUT_WR)
                one.settimeout(5)
                while one.recv(4096):
                    pass
            except OSError:
                pass
            one.close()

    def close(self):
        self.socket.close()
        for one in self.kept:
            one.close()


def login_to(world, port):
    """Standard error of a login to a target that has the right name and the wrong port."""
    target = {"kind": "target", "name": "odd1", "protocol": "ssh", "address": f"127.0.0.1:{port}", "labels": {"env": "prod", "kind": "openssh"},
              "host_keys": [world.target.key_line]}
    world.gateway.apply(target)
    done = world.ssh("via", "true", options=["-o", f"User={USER}@deploy@odd1"])
    assert done.returncode == 255, done
    return done.stderr.decode()


@pytest.fixture(scope="module")
def impatient(build, folder, account):
    from harness.world import World
    world = World(build, folder / "impatient", account, dropbear=False, config={"limits": {"login_seconds": 3}})
    try:
        yield world.start()
    finally:
        world.stop()


SENTENCES = {
    "silent-close": (b"", False, "closed the connection before it said anything"),
    "penalties": (b"Not allowed at this time\r\n", False, 'said: "Not allowed at this time"'),
    "http": (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", False, "answers as a web server does"),
    "ssh-1.5": (b"SSH-1.5-1.2.27\n", True, 'version 1 only: "SSH-1.5-1.2.27"'),
    "endless": (b"x" * 100_000, True, "talks on and on"),
    "endless-lines": (b"no\r\n" * 1000, True, "talks on and on"),
    "hangs": (b"", True, "did not finish the SSH handshake in time"),
    "identifies-and-closes": (b"SSH-2.0-odd\r\n", False, "closed the connection during the login"),
    "breaks-the-protocol": (b"SSH-2.0-odd\r\n" + b"\xff" * 64, True, "broke the SSH protocol"),
}


@pytest.mark.parametrize("kind", SENTENCES)
def test_each_kind_of_failure_has_its_sentence(impatient, kind):
    says, keeps, sentence = SENTENCES[kind]
    server = Server(says, keeps)
    try:
        said = login_to(impatient, server.port)
    finally:
        server.close()
    assert sentence in said and "odd1" in said
    assert "127.0.0.1" not in said.replace("127.0.0.1 closed", "")
    assert [k for k, (_, _, s) in SENTENCES.items() if s in said] == [k for k in SENTENCES if SENTENCES[k][2] == sentence]


def test_a_real_web_server_is_called_one(impatient):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    server.RequestHandlerClass.log_message = lambda *args: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        assert "answers as a web server does" in login_to(impatient, server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


def test_a_port_where_nothing_listens_is_called_so(impatient):
    assert "nothing listens on its port" in login_to(impatient, free_port())


def test_no_common_algorithm_is_named(impatient, folder):
    target = OpenSshTarget(folder / "oldciphers", options=["Ciphers aes128-cbc"]).start()
    try:
        impatient.gateway.apply({"kind": "target", "name": "odd1", "protocol": "ssh", "address": target.address,
                                 "labels": {"env": "prod", "kind": "openssh"}, "host_keys": [target.key_line]})
        done = impatient.ssh("via", "true", options=["-o", f"User={USER}@deploy@odd1"])
        assert "too few in common" in done.stderr.decode() and "cipher" in done.stderr.decode()
    finally:
        target.stop()


# --- programs that do not end by themselves -------------------------------------------------------------------------


def running_at(world):
    """What the target's sessions run, beside the server's own processes."""
    found = [one for pid in world.target.session_pids() for one in descendants(pid)]
    return [one for one in found if not (status_field(one, "Name") or "sshd").startswith("sshd")]


def kill_target_sessions(world):
    for pid in world.target.session_pids():
        for one in [pid, *descendants(pid)]:
            try:
                os.kill(one, signal.SIGKILL)
            except ProcessLookupError:
                pass


@pytest.mark.parametrize("command", ["sleep 600", "yes", "cat"])
def test_a_program_whose_target_dies_is_told_why(world, command):
    until(lambda: not world.gateway.sessions(), 20, "no session of before")
    with world.popen("via", command, stdout=subprocess.DEVNULL) as client:
        world.gateway.live_session(user=USER)
        until(lambda: running_at(world), what="the program at the target")
        kill_target_sessions(world)
        _, errors = client.communicate(timeout=30)
        assert client.returncode == 255
        assert b"Sallyport: the target ended the connection" in errors or b"connection to the target was lost" in errors, errors


def test_a_program_that_ended_by_itself_is_told_nothing(world):
    done = world.ssh("via", "exit 7")
    assert (done.returncode, done.stderr) == (7, b"")


SET_ALL = r"printf '\033[?1049h\033[?1002h\033[?1006h\033[?25l\033[?2004h\033[?1h\033=\033[4h\033[2;5r\033[?6hin the program'; sleep 600"
FLAGS = "#{alternate_on},#{mouse_any_flag},#{mouse_sgr_flag},#{cursor_flag},#{keypad_flag},#{keypad_cursor_flag},#{insert_flag},#{origin_flag},#{scroll_region_upper}"
CLEAN = "0,0,0,1,0,0,0,0,0"


@pytest.mark.parametrize("ending", ["terminate", "target-dies", "limit"])
def test_the_terminal_is_given_back_as_it_was(make_world, terminal, ending):
    world = make_world()
    if ending == "limit":
        world.gateway.apply({"kind": "policy", "name": "ops-on-prod", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"},
                             "accounts": ["deploy"], "allow": ["shell", "exec"], "limits": {"idle": "4s"}})
    command = subprocess.list2cmdline(world.ssh_argv("via", options=["-tt"])) + " \"$REMOTE\"; echo back $?; stty sane; exec cat"
    one = terminal(["sh", "-c", "echo before; " + command], environment={"REMOTE": SET_ALL})
    flags = lambda: one._tmux("display-message", "-p", "-t", "t", FLAGS).strip()  # noqa: E731
    one.wait("in the program")
    assert flags().split(",")[:2] == ["1", "1"]
    identifier = world.gateway.live_session(user=USER)["id"]
    if ending == "terminate":
        world.gateway.cli("session", "terminate", identifier, "enough")
    elif ending == "target-dies":
        kill_target_sessions(world)
    one.wait("back 255", 30)
    assert flags() == CLEAN
    screen = one.screen(False)
    assert "before" in screen and "in the program" not in screen
    assert "Sallyport" in screen
    states = [e["traits"] for e in world.gateway.events(identifier) if e["event"] == "terminal-state"]
    assert "alternate-screen" in states[-1] and "hidden-cursor" in states[-1]


def test_a_program_that_cleans_up_leaves_nothing_to_undo(world):
    done = world.ssh("via", r"printf '\033[?1049h\033[?25lx'; sleep 0.5; printf '\033[?25h\033[?1049l'", options=["-tt"])
    assert done.returncode == 0 and done.stdout == b"\033[?1049h\033[?25lx\033[?25h\033[?1049l", "nothing is added"


# --- one line of known_hosts for all targets ------------------------------------------------------------------------


def test_one_line_is_enough_for_all_targets_of_a_jump(bannered):
    line = bannered.gateway.cli("ca", "show", "host").splitlines()[0]
    assert line.startswith("@cert-authority *.gate,[*.gate]:* ssh-ed25519 ")
    known = bannered.folder / "known_by_suffix"
    known.write_text(line + "\n" + bannered.known_hosts_for_gateway())
    options = ["-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes", "-o", "User=deploy",
               "-o", f"ProxyCommand=ssh -F {bannered.ssh_config} -o StrictHostKeyChecking=yes -W %h:%p gateway"]
    assert bannered.ssh("web1.gate", "echo there", options=options).stdout == b"there\n"
    # A target that came later needs no new line, and the line says nothing of names without the suffix.
    bannered.gateway.apply({"kind": "target", "name": "web2", "protocol": "ssh", "address": bannered.target.address,
                            "labels": {"env": "prod", "kind": "openssh"}, "host_keys": [bannered.target.key_line]})
    assert bannered.ssh("web2.gate", "echo there", options=options).stdout == b"there\n"
    assert bannered.ssh("web2", "true", options=[*options, "-o", "LogLevel=ERROR"]).returncode == 255
