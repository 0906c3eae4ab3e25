# SPDX-License-Identifier: Apache-2.0
"""`sallyport doctor` on a host that is fit, and on one that lacks something."""
import json
import os
import shutil
import subprocess


def examine(gateway, tmp_path, before=(), stdin=subprocess.DEVNULL, environment=(), **changes):
    """What it finds for another configuration: ({name: finding}, exit status)."""
    path = tmp_path / "other.yaml"
    path.write_text(json.dumps({**gateway.config, **changes}))
    argv = [*before, str(gateway.bin / "sallyport"), "--config", str(path), "doctor", "-o", "json"]
    result = subprocess.run(argv, stdin=stdin, capture_output=True, text=True, timeout=120, env={**os.environ, **dict(environment)})
    assert result.stdout, result.stderr
    return {finding["name"]: finding for finding in json.loads(result.stdout)}, result.returncode


def test_a_fit_host(world):
    result = world.gateway.run("doctor")
    assert result.returncode == 0, result.stdout + result.stderr
    for word in ("namespace", "seccomp", "front worker", "back worker", "inspector worker", "recordings"):
        assert word in result.stdout.lower(), word


def test_a_worker_that_cannot_contain_itself_is_found(world, tmp_path):
    """Every single step is possible here, and yet there would be no session."""
    programs = tmp_path / "libexec"
    programs.mkdir()
    for name in ("sallyportd", "sallyport-front-ssh", "sallyport-back-ssh", "sallyport-back-telnet", "sallyport-inspector", "sallyport-viewer"):
        shutil.copy(world.gateway.bin / name, programs / name)
    shutil.copy("/bin/true", programs / "sallyport-back-ssh")
    findings, status = examine(world.gateway, tmp_path, libexec_dir=str(programs))
    assert status == 1
    assert findings["front worker"]["state"] == "ok", findings["front worker"]
    assert findings["inspector worker"]["state"] == "ok", findings["inspector worker"]
    assert findings["back worker"]["state"] == "fail" and "ended at once" in findings["back worker"]["detail"]


def test_a_folder_for_records_that_nobody_can_write(world, tmp_path):
    file = tmp_path / "file"
    file.touch()
    findings, status = examine(world.gateway, tmp_path, recording={"dir": str(file)})
    assert status == 1 and findings["recordings"]["state"] == "fail" and "no directory" in findings["recordings"]["detail"]


def test_a_read_only_folder_for_records_names_the_units_setting(world, tmp_path):
    """As systemd's ProtectSystem=strict makes it."""
    folder = tmp_path / "records"
    folder.mkdir()
    script = f'mount -t tmpfs -o ro none {folder} && exec "$@"'
    findings, status = examine(world.gateway, tmp_path, before=["unshare", "--mount", "sh", "-c", script, "sh"],
                               recording={"dir": str(folder)})
    assert status == 1 and findings["recordings"]["state"] == "fail"
    assert f"ReadWritePaths={folder}" in findings["recordings"]["remedy"]
    assert findings["data directory"]["state"] == "ok"


def test_a_passphrase_under_a_unit(world, tmp_path):
    for environment, state in ((), "ok"), ({"INVOCATION_ID": "0" * 32}, "fail"):
        findings, _ = examine(world.gateway, tmp_path, environment=environment, master_key="passphrase")
        assert findings["master key"]["state"] == state, findings["master key"]
