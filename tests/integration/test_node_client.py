# SPDX-License-Identifier: Apache-2.0
"""ssh2 for Node.js, which uses OpenSSH's extensions only where it finds OpenSSH in the server's identification."""
import pathlib
import shutil
import socket
import subprocess
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULES = ROOT / "build" / "node"  # ./test puts them there, where npm is

pytestmark = pytest.mark.skipif(shutil.which("node") is None or not (MODULES / "node_modules" / "ssh2").exists(), reason="no Node.js, or no ssh2 for it")


def ping_through(world, path):
    return subprocess.run(["node", ROOT / "tests" / "node" / "streamlocal.js", MODULES, str(world.gateway.port), "alice@deploy@web1", world.user_key, path],
                          capture_output=True, text=True, timeout=60)


def answering_socket(world):
    path = str(world.folder / "answer.sock")
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    pathlib.Path(path).chmod(0o777)
    server.listen()

    def answer():
        while True:
            try:
                one, _ = server.accept()
            except OSError:
                return
            with one:
                one.sendall(b"pong to " + one.recv(100))

    threading.Thread(target=answer, daemon=True).start()
    return server, path


@pytest.mark.parametrize("identification, works", [(None, True), ("SSH-2.0-OpenSSH_9.9 Sallyport", True), ("SSH-2.0-Sallyport", False)])
def test_unix_sockets_are_forwarded_by_the_default_identification(make_world, identification, works):
    world = make_world(config={"ssh": {"identification": identification}} if identification else None)
    world.gateway.apply({"kind": "policy", "name": "ops-on-prod", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"},
                         "accounts": ["deploy"], "allow": ["shell", "exec", "forward-local"]})
    server, path = answering_socket(world)
    with server:
        done = ping_through(world, path)
    if works:
        assert (done.returncode, done.stdout) == (0, "pong to ping"), done.stderr
    else:
        assert done.returncode == 1 and "strictVendor" in done.stderr, "the reason for the default, as long as it is one"
