# SPDX-License-Identifier: Apache-2.0
"""The shipped Ansible example, run as it stands: only the gateway's address and the account are this test's own."""
import os
import pathlib
import pwd
import shutil
import subprocess

import pytest

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "examples" / "ansible"


@pytest.fixture
def example(world, account, tmp_path):
    """The example's folder, with ssh.cfg leading to this test's gateway."""
    folder = tmp_path / "ansible"
    shutil.copytree(EXAMPLE, folder)
    ssh = (folder / "ssh.cfg").read_text()
    ssh = ssh.replace("HostName gateway.example.org", "HostName 127.0.0.1").replace("Port 2222", f"Port {world.gateway.port}")
    # Short: a Unix socket's path is limited.
    ssh = ssh.replace("~/.ssh/ansible-", f"{world.folder}/c{os.urandom(2).hex()}-").replace("ControlPersist 60s", "ControlPersist 5s")
    assert "gateway.example.org" not in ssh and "2222" not in ssh
    (folder / "ssh.cfg").write_text(ssh + f"  IdentityFile {world.user_key}\n  IdentitiesOnly yes\n  UserKnownHostsFile {world.known_hosts}\n"
                                    "  GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking accept-new\n  BatchMode yes\n")
    # Named as their login names, as the example says.
    world.gateway.apply({"kind": "account", "name": account.name, "targets": ["web1"], "login": "certificate"},
                        {"kind": "account", "name": "root", "targets": ["web1"], "login": "certificate"},
                        {"kind": "policy", "name": "ansible", "subjects": {"groups": ["ops"]}, "targets": ["web1"],
                         "accounts": [account.name, "root"], "allow": ["exec", "sftp", "shell"]})
    yield folder
    # The world is shared: nobody else's root may log in.
    world.gateway.cli("delete", "policy", "ansible")
    for name in (account.name, "root"):
        world.gateway.cli("delete", "account", name)


def play(folder, *more, remote_tmp="~/.ansible/tmp"):
    env = {**os.environ, "ANSIBLE_CONFIG": str(folder / "ansible.cfg"), "ANSIBLE_HOME": str(folder / "home"),
           "ANSIBLE_LOCAL_TEMP": str(folder / "lt"), "ANSIBLE_REMOTE_TEMP": remote_tmp, "ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(["ansible-playbook", "site.yml", *map(str, more)], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed=0" in done.stdout and "unreachable=0" in done.stdout
    return done.stdout


def test_templates_loops_and_async(world, account, example):
    made = pathlib.Path(pwd.getpwnam(account.name).pw_dir) / "sallyport-example"
    out = play(example, "-e", f"ansible_user={account.name}", "--skip-tags", "become")
    assert "This is web1, kept by Ansible.\n" == (made / "notice").read_text(), "~ is the account's home"
    assert [(made / f"{item}.txt").read_text() for item in ("one", "two", "three")] == ["one\n", "two\n", "three\n"]
    assert (made / "background").read_text() == "finished\n"
    assert (made / "notice").stat().st_uid == pwd.getpwnam(account.name).pw_uid
    assert "changed=0" not in out
    again = play(example, "-e", f"ansible_user={account.name}", "--skip-tags", "become")
    assert "changed=1 " in again, "all is as it should be; that a command was started in the background counts as a change"
    newest = world.gateway.newest_recording()
    assert (newest["user"], newest["account"], newest["target"]) == ("alice", account.name, "web1")


def test_become(account, example, tmp_path):
    """From root to the account, by su: what a target without sudo has."""
    home = pathlib.Path(pwd.getpwnam(account.name).pw_dir)
    scratch = tmp_path / "remote"
    tmp_path.chmod(0o755)
    out = play(example, "-e", "ansible_user=root", "-e", f"become_to={account.name}", "-e", "ansible_become_method=su",
               "--tags", "become", remote_tmp=scratch)
    assert f"running as {account.name}" in out
    notice = home / "sallyport-notice"
    assert notice.read_text() == "This is web1, kept by Ansible.\n"
    assert notice.stat().st_uid == pwd.getpwnam(account.name).pw_uid
