# SPDX-License-Identifier: Apache-2.0
"""Stock clients that the gateway holds until somebody approves: each does its work then, with the settings that it comes with.
Shared by test_hold.py (some seconds) and tests/campaign/hold.py (a minute)."""
import json
import os
import subprocess
import sys
import time

from .process import stays, until
from .target import keygen, public_line
from .world import USER

PARAMIKO = """
import paramiko, sys
client = paramiko.SSHClient()
client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
with client:
    client.connect("127.0.0.1", int(sys.argv[1]), sys.argv[2], key_filename=sys.argv[3], look_for_keys=False, allow_agent=False)
    {work}
"""


def guard(world):
    """alice needs an approval."""
    world.gateway.apply({"kind": "user", "name": "bob"},
                        {"kind": "policy", "name": "ops-on-prod", "subjects": {"groups": ["ops"]}, "targets": {"env": "prod"}, "accounts": ["deploy"],
                         "allow": ["shell", "exec", "sftp"], "require": {"approval": {"approvers": {"users": ["bob"]}, "valid": "1h"}}})
    world.held_key = keygen(world.folder / "held_key", "rsa")  # paramiko and puttygen read it in any version
    world.gateway.apply({"kind": "user", "name": USER, "groups": ["ops"], "public_keys": [public_line(world.user_key), public_line(world.held_key)]})


def host_keys(world):
    scan = subprocess.run(["ssh-keygen", "-lf", "-"], input=world.known_hosts_for_gateway(), text=True, capture_output=True, check=True)
    return [part for word in scan.stdout.split() if word.startswith("SHA256:") for part in ("-hostkey", word)]


def ansible(world, folder):
    """As it comes: the inventory, the key and the account of the gateway, and nothing about time."""
    folder.mkdir(exist_ok=True)
    (folder / "inventory.ini").write_text(f"web1 ansible_host=127.0.0.1 ansible_port={world.gateway.port} ansible_user={USER}%deploy%web1 "
                                          "ansible_python_interpreter=/usr/bin/python3\n")
    (folder / "ansible.cfg").write_text("[defaults]\ninventory = inventory.ini\n[ssh_connection]\n"
                                        f"ssh_args = -F {world.ssh_config} -i {world.user_key} -o ControlMaster=no\n")
    (folder / "site.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [
        {"ansible.builtin.command": "echo by-ansible", "register": "said"}, {"ansible.builtin.debug": {"var": "said.stdout"}}]}]))
    env = {**os.environ, "ANSIBLE_CONFIG": str(folder / "ansible.cfg"), "ANSIBLE_HOME": str(folder / "home"), "ANSIBLE_LOCAL_TEMP": str(folder / "lt"),
           "ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8"}
    return ["ansible-playbook", "site.yml"], {"cwd": folder, "env": env}


def clients(world, folder):
    """name → (command line, what else it is started with, what it says when its work is done)."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "source"
    source.write_text("content\n")
    config, port, name = str(world.ssh_config), str(world.gateway.port), f"{USER}@deploy@web1"
    ppk = folder / "key.ppk"
    subprocess.run(["puttygen", str(world.held_key), "-o", str(ppk), "-O", "private"], check=True, stdin=subprocess.DEVNULL)
    (folder / "batch").write_text(f"put {source} copied-by-sftp\nls copied-by-sftp\n")

    def by_paramiko(work):
        return [sys.executable, "-c", PARAMIKO.format(work=work), port, name, str(world.held_key)]

    playing, surroundings = ansible(world, folder / "ansible")
    return {
        "ssh": (world.ssh_argv("via", "echo by-ssh"), {}, b"by-ssh"),
        "ssh -tt": (world.ssh_argv("via", "echo by-terminal", options=["-tt"]), {}, b"by-terminal"),
        "scp": (["scp", "-F", config, str(source), "via:copied-by-scp"], {}, b""),
        "scp -O": (["scp", "-O", "-F", config, str(source), "via:copied-by-old-scp"], {}, b""),
        "sftp": (["sftp", "-F", config, "-b", str(folder / "batch"), "via"], {}, b"copied-by-sftp"),
        "rsync": (["rsync", "-e", f"ssh -F {config}", "--rsync-path", "rsync", str(source), "via:copied-by-rsync"], {}, b""),
        "plink": (["plink", "-batch", "-P", port, *host_keys(world), "-i", str(ppk), "-l", name, "127.0.0.1", "echo by-plink"], {}, b"by-plink"),
        "paramiko": (by_paramiko('print(client.exec_command("echo by-paramiko")[1].read().decode())'), {}, b"by-paramiko"),
        "paramiko sftp": (by_paramiko(f'client.open_sftp().put({str(source)!r}, "copied-by-paramiko"); print("copied")'), {}, b"copied"),
        "ansible": (playing, surroundings, b"by-ansible"),
    }


def hold(world, folder, seconds):
    """Starts all of them, approves after so many seconds, and returns how each ended: name → (status, output, errors, took)."""
    guard(world)
    begun = time.monotonic()
    wanted = clients(world, folder)
    running = {name: subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
               for name, (argv, more, _) in wanted.items()}
    try:
        (request,) = until(lambda: world.gateway.json("request", "list", "--state", "waiting"), 30, "the request, one for all")
        early = {}

        def nobody_gave_up():
            early.update({name: client.poll() for name, client in running.items() if client.poll() is not None})
            return True
        stays(nobody_gave_up, seconds, every=0.2)
        world.gateway.cli("request", "approve", request["id"])
        ended = {}
        for name, client in running.items():
            out, err = client.communicate(timeout=120)
            ended[name] = (client.returncode, out, err, time.monotonic() - begun)
        return {name: {"worked": status == 0 and wanted[name][2] in out and name not in early, "status": status, "out": out, "err": err, "took": took}
                for name, (status, out, err, took) in ended.items()}
    finally:
        for client in running.values():
            client.kill()
            client.communicate()
