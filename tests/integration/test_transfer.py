# SPDX-License-Identifier: Apache-2.0
"""Files through the gateway: sftp, both scp protocols, rsync, git, Ansible; and as a jump host."""
import filecmp
import hashlib
import json
import os
import pathlib
import stat
import subprocess

import pytest


@pytest.fixture
def far(account, request):
    """A folder of the account on the target."""
    path = account.home / request.node.name.replace("[", "-").replace("]", "")
    path.mkdir()
    account.own(path)
    return path


@pytest.fixture
def files(tmp_path):
    base = tmp_path / "files"
    (base / "sub" / "deep").mkdir(parents=True)
    (base / "small").write_bytes(b"small\n")
    (base / "empty").write_bytes(b"")
    (base / "sub" / "with space and ü").write_bytes(os.urandom(1000))
    (base / "sub" / "deep" / "large").write_bytes(os.urandom(1 << 20) * 12)
    (base / "small").chmod(0o750)
    return base


def equal(left, right):
    left, right = pathlib.Path(left), pathlib.Path(right)
    names = sorted(p.relative_to(left) for p in left.rglob("*"))
    assert names == sorted(p.relative_to(right) for p in right.rglob("*"))
    for name in names:
        if (left / name).is_file():
            assert filecmp.cmp(left / name, right / name, shallow=False), name


def run(*argv, **options):
    result = subprocess.run([str(a) for a in argv], capture_output=True, timeout=150, stdin=options.pop("stdin", subprocess.DEVNULL), **options)
    assert result.returncode == 0, (argv, result.stdout, result.stderr)
    return result


@pytest.mark.parametrize("protocol", ["-O", "-s"])
@pytest.mark.parametrize("host", ["via", "small"])
def test_scp_there_and_back(world, far, files, tmp_path, protocol, host):
    run("scp", protocol, "-F", world.ssh_config, "-rp", files, f"{host}:{far}/")
    equal(files, far / "files")
    assert stat.S_IMODE((far / "files/small").stat().st_mode) == 0o750
    run("scp", protocol, "-F", world.ssh_config, "-rp", f"{host}:{far}/files", tmp_path / "back")
    equal(files, tmp_path / "back")


def test_scp_of_what_does_not_exist_fails_alike(world, far, tmp_path):
    results = [subprocess.run(["scp", "-F", str(world.ssh_config), f"{host}:{far}/nothing", str(tmp_path)], capture_output=True,
                              stdin=subprocess.DEVNULL) for host in ("direct", "via")]
    assert results[0].returncode == results[1].returncode != 0
    assert results[0].stderr == results[1].stderr


@pytest.mark.parametrize("host", ["via", "small"])
def test_sftp_batch(world, far, files, tmp_path, host):
    batch = tmp_path / "batch"
    batch.write_text(f"cd {far}\nput -r {files}\nmkdir made\nrename files/small made/moved\nchmod 600 made/moved\nls -l made\n"
                     f"symlink made/moved link\nget -r files {tmp_path}/back\nget made/moved {tmp_path}/moved\nrm made/moved\nrmdir made\n")
    run("sftp", "-F", world.ssh_config, "-b", batch, host)
    assert (tmp_path / "moved").read_bytes() == b"small\n"
    (files / "small").unlink()
    equal(files, tmp_path / "back")
    assert not (far / "made").exists() and (far / "link").is_symlink()


def test_rsync_both_ways_and_again(world, far, files, tmp_path):
    shell = f"ssh -F {world.ssh_config}"
    run("rsync", "-a", "-e", shell, f"{files}/", f"via:{far}/")
    equal(files, far)
    (files / "small").write_bytes(b"changed\n")
    with (files / "sub/deep/large").open("r+b") as large:
        large.seek(5_000_000)
        large.write(b"patched")
    run("rsync", "-ac", "-e", shell, f"{files}/", f"via:{far}/")
    equal(files, far)
    run("rsync", "-az", "--checksum", "-e", shell, f"via:{far}/", f"{tmp_path}/back/")
    equal(files, tmp_path / "back")


def test_git_clone_push_fetch(world, account, far, tmp_path):
    env = {**os.environ, "GIT_SSH_COMMAND": f"ssh -F {world.ssh_config}", "GIT_CONFIG_GLOBAL": "/dev/null",
           "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    bare = far / "repo.git"
    run("git", "init", "-q", "--bare", "-b", "main", bare)
    account.own(bare)
    clone = tmp_path / "clone"
    run("git", "clone", "-q", f"via:{bare}", clone, env=env)
    (clone / "file").write_bytes(os.urandom(3_000_000))
    run("git", "-C", clone, "add", "file", env=env)
    run("git", "-C", clone, "commit", "-qm", "one", env=env)
    run("git", "-C", clone, "push", "-q", "origin", "HEAD:main", env=env)
    again = tmp_path / "again"
    run("git", "clone", "-q", f"via:{bare}", again, env=env)
    assert (again / "file").read_bytes() == (clone / "file").read_bytes()
    run("git", "-C", again, "fsck", "--strict", env=env)


def test_jump_host_with_the_gateways_host_ca(world, far, files, tmp_path):
    """ssh -J: the inner connection is the gateway's too, under a certificate of its host CA."""
    known = tmp_path / "known"
    known.write_text(world.gateway.cli("ca", "show", "host") + world.known_hosts_for_gateway())
    options = ["-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes"]
    config = tmp_path / "config"
    config.write_text(world.ssh_config.read_text().replace(str(world.known_hosts), str(known)).replace("accept-new", "yes"))
    out = run("ssh", "-F", config, *options, "web1", "id -un; echo err >&2; cat")
    assert out.stdout.decode().strip() == world.account.name and out.stderr == b"err\n"
    run("scp", "-F", config, "-r", files, f"web1:{far}/")
    equal(files, far / "files")
    # By -J on the command line, as a person types it.
    out = run("ssh", "-F", config, "-J", "gateway", "deploy@web1", "echo jumped")
    assert out.stdout == b"jumped\n"
    newest = world.gateway.newest_recording()
    assert (newest["user"], newest["account"], newest["target"]) == ("alice", "deploy", "web1")


def test_jump_elsewhere_is_refused(world):
    """Only targets of the inventory: never an address a user made up."""
    port = world.target.port
    result = subprocess.run(["ssh", "-F", str(world.ssh_config), "-W", f"127.0.0.1:{port}", "gateway"], capture_output=True,
                            stdin=subprocess.DEVNULL, timeout=30)
    assert result.returncode != 0 and b"SSH-2.0" not in result.stdout


def test_ansible_ping_and_copy(world, account, far, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(os.urandom(200_000))
    inventory = tmp_path / "inventory"
    inventory.write_text("[all]\nvia ansible_python_interpreter=/usr/bin/python3\n")
    playbook = tmp_path / "play.yaml"
    playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": True, "tasks": [
        {"ping": {}}, {"copy": {"src": str(source), "dest": f"{far}/copied", "mode": "0640"}},
        {"command": "sha256sum copied", "args": {"chdir": str(far)}, "register": "sum"}, {"debug": {"var": "sum.stdout"}}]}]))
    env = {**os.environ, "ANSIBLE_SSH_ARGS": f"-F {world.ssh_config} -o ControlMaster=auto -o ControlPersist=5s -o ControlPath={tmp_path}/c",
           "ANSIBLE_HOME": str(tmp_path / "home"), "ANSIBLE_LOCAL_TEMP": str(tmp_path / "lt"), "LC_ALL": "C.UTF-8", "ANSIBLE_NOCOLOR": "1"}
    out = run("ansible-playbook", "-i", inventory, playbook, env=env)
    assert b"failed=0" in out.stdout and b"unreachable=0" in out.stdout
    assert hashlib.sha256(source.read_bytes()).hexdigest().encode() in out.stdout
    assert (far / "copied").read_bytes() == source.read_bytes()
    pinged = run("ansible", "-i", inventory, "all", "-m", "ping", env=env)
    assert b'"ping": "pong"' in pinged.stdout
