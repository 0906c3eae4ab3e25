# SPDX-License-Identifier: Apache-2.0
"""The Debian package: what is in it, that it installs into a root of its own, and that what it installs works."""
import gzip
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from harness.world import World

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def package(build, folder):
    out = folder / "package"
    out.mkdir()
    subprocess.run(["cpack", "--config", str(build / "CPackConfig.cmake"), "-G", "DEB", "-B", str(out)], check=True, capture_output=True,
                   cwd=build, timeout=200)
    (deb,) = out.glob("sallyport_*.deb")
    return deb


@pytest.fixture(scope="module")
def unpacked(package, folder):
    root = folder / "root"
    subprocess.run(["dpkg-deb", "-x", str(package), str(root)], check=True)
    root.chmod(0o755)
    return root


def field(package, name):
    return subprocess.run(["dpkg-deb", "-f", str(package), name], check=True, capture_output=True, text=True).stdout.strip()


def test_control_fields(package):
    assert field(package, "Package") == "sallyport" and field(package, "Architecture") and field(package, "Maintainer")
    depends = field(package, "Depends")
    for library in ("libc6", "libssl3", "libsodium23", "libseccomp2"):
        assert library in depends, depends
    assert "-dev" not in depends


def test_files(package, unpacked):
    for path in ("usr/bin/sallyport", "usr/libexec/sallyport/sallyport-front-ssh", "usr/libexec/sallyport/sallyport-back-ssh", "usr/libexec/sallyport/sallyport-back-telnet", "usr/libexec/sallyport/sallyport-inspector", "usr/libexec/sallyport/sallyport-viewer",
                 "lib/systemd/system/sallyport.service", "usr/lib/sysusers.d/sallyport.conf", "usr/lib/tmpfiles.d/sallyport.conf",
                 "etc/sallyport/sallyport.yaml", "usr/share/doc/sallyport/copyright", "usr/share/doc/sallyport/changelog.gz",
                 "usr/share/doc/sallyport/vault.md", "usr/share/bash-completion/completions/sallyport",
                 "usr/share/zsh/vendor-completions/_sallyport", "usr/share/fish/vendor_completions.d/sallyport.fish",
                 "usr/share/man/man1/sallyport.1.gz", "usr/share/man/man5/sallyport.yaml.5.gz", "usr/share/man/man8/sallyportd.8.gz"):
        assert (unpacked / path).is_file() and (unpacked / path).stat().st_size > 0, path
    assert (unpacked / "usr/libexec/sallyport/sallyportd").is_file() or (unpacked / "usr/bin/sallyportd").is_file()
    listing = subprocess.run(["dpkg-deb", "-c", str(package)], check=True, capture_output=True, text=True).stdout
    for line in listing.splitlines():
        mode, owner = line.split()[:2]
        assert owner == "root/root", line
        assert mode[0] == "l" or mode[8] != "w", f"open to writing by others: {line}"
        assert "s" not in mode[1:], f"set-user-id: {line}"
    assert not re.search(r"\.(h|a)$|usr/etc|hostile|_test", listing, re.MULTILINE)
    control = pathlib.Path(str(unpacked) + "-control")
    subprocess.run(["dpkg-deb", "-e", str(package), str(control)], check=True)
    assert (control / "conffiles").read_text().split() == ["/etc/sallyport/sallyport.yaml"]
    for script in ("postinst", "prerm", "postrm"):
        subprocess.run(["sh", "-n", str(control / script)], check=True)
        assert os.access(control / script, os.X_OK)


def test_documentation(unpacked):
    """The pages that are shipped lead only to pages that are, beside those of others on the web; manual pages are such; completions are the shells' own language."""
    pages = unpacked / "usr/share/doc/sallyport"
    for page in pages.glob("*.md"):
        for link in re.findall(r"\]\((?!https?:)([^)#:]+)[^)]*\)", page.read_text()):
            assert (pages / link).is_file(), f"{page.name} leads to {link}"
    for page in (unpacked / "usr/share/man").rglob("*.gz"):
        name, section = page.name.removesuffix(".gz").rsplit(".", 1)
        text = gzip.decompress(page.read_bytes()).decode()
        assert re.search(rf'^\.TH "{re.escape(name)}" "{section}"', text, re.MULTILINE) and f"\n{name} - " in text, page
    subprocess.run(["bash", "-n", str(unpacked / "usr/share/bash-completion/completions/sallyport")], check=True)


def directories(text):
    """Of tmpfiles.d lines: path -> (mode, owner, group)."""
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return {path: (mode, owner, group) for kind, path, mode, owner, group, _ in lines if kind == "d"}


def test_the_unit_lets_it_write_what_it_must_and_nothing_else(unpacked):
    """Whatever the shipped and the built-in configuration write lies where the unit allows it and its user may."""
    unit = (unpacked / "lib/systemd/system/sallyport.service").read_text()
    values = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", unit, re.MULTILINE):
        values.setdefault(key, []).extend(value.split())
    assert values["ProtectSystem"] == ["strict"]
    writable = [pathlib.Path("/var/lib") / name for name in values["StateDirectory"]]
    writable += [pathlib.Path(path) for path in values["ReadWritePaths"]]
    made = directories((unpacked / "usr/lib/tmpfiles.d/sallyport.conf").read_text())
    shipped = dict(re.findall(r"^(\w+): (/\S+)$", (unpacked / "etc/sallyport/sallyport.yaml").read_text(), re.MULTILINE))
    header = (ROOT / "src/config/config.h").read_text()
    built_in = re.findall(r'\bpath = "(/[^"]+)"', header) + re.findall(r'data_dir = "(/[^"]+)"', header)
    assert shipped["master_key"] in built_in and shipped["data_dir"] in built_in, (shipped, built_in)
    for path in [*built_in, *shipped.values(), shipped["master_key"] + ".new"]:
        (holder,) = [d for d in writable if pathlib.PurePath(path).is_relative_to(d)] or [None]
        assert holder, f"{path}: the unit makes this read-only"
        assert made[str(holder)][1] == values["User"][0], f"{holder} is not the service's: {made}"
    # The key's directory is the broker's alone; the configuration, which names programs, is root's alone.
    assert made["/etc/sallyport/keys"] == ("0700", "sallyport", "sallyport")
    assert made["/etc/sallyport"] == ("0755", "root", "root")
    assert (unpacked / "etc/sallyport/sallyport.yaml").stat().st_mode & 0o777 == 0o644


def test_dpkg_installs_and_removes_it(package, folder):
    """dpkg --root, without running scripts in a root that has no shell."""
    root = folder / "dpkg-root"
    for part in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers"):
        (root / part).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    (root / "var/lib/dpkg/available").touch()
    base = ["dpkg", f"--root={root}", "--force-depends", "--force-not-root", "--log=/dev/null"]
    subprocess.run([*base, "--unpack", str(package)], check=True, capture_output=True)
    assert (root / "usr/bin/sallyport").is_file() and (root / "lib/systemd/system/sallyport.service").is_file()
    again = subprocess.run(["dpkg", f"--root={root}", "-s", "sallyport"], capture_output=True, text=True)
    assert "Status: install ok unpacked" in again.stdout
    # They would run in that root.
    for script in (root / "var/lib/dpkg/info").glob("sallyport.p*"):
        script.unlink()
    subprocess.run([*base, "--purge", "sallyport"], check=True, capture_output=True)
    left = [path for path in root.rglob("*") if path.is_file() and not path.is_relative_to(root / "var/lib/dpkg")]
    assert left == [], "files that stay behind"


def test_unit_is_valid_and_hardened(unpacked):
    unit = unpacked / "lib/systemd/system/sallyport.service"
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not here; the unit cannot be tried on this host")
    # The binaries it names are not in /usr/bin of this host: point at those of the package.
    copy = unpacked.parent / "sallyport.service"
    copy.write_text(unit.read_text().replace("/usr/bin/", f"{unpacked}/usr/bin/"))
    checked = subprocess.run(["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True)
    complaints = [line for line in checked.stderr.splitlines() if "sallyport.service" in line]
    assert complaints == [], complaints
    security = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", str(copy)], capture_output=True, text=True)
    match = re.search(r"Overall exposure level.*?: (\d+\.\d+)", security.stdout)
    assert match, security
    assert float(match.group(1)) < 3.0, security.stdout


def test_accounts_are_made(unpacked):
    checked = subprocess.run(["systemd-sysusers", "--dry-run", str(unpacked / "usr/lib/sysusers.d/sallyport.conf")], capture_output=True, text=True)
    if "unrecognized option" in checked.stderr:
        root = unpacked.parent / "accounts"
        (root / "etc").mkdir(parents=True)
        checked = subprocess.run(["systemd-sysusers", f"--root={root}", str(unpacked / "usr/lib/sysusers.d/sallyport.conf")], capture_output=True, text=True)
        assert "sallyport-worker" in (root / "etc/passwd").read_text()
    assert checked.returncode == 0, checked


class Installed(World):
    """A world whose gateway is what the package installed."""

    def __init__(self, build, folder, account, prefix):
        super().__init__(build, folder, account, dropbear=False)
        self.gateway.bin = prefix / "bin"


def test_what_it_installs_works(build, folder, account, unpacked):
    world = Installed(build, folder / "installed", account, unpacked / "usr")
    try:
        world.start()
        assert world.ssh("via", "echo from the package").stdout == b"from the package\n"
        executable = os.readlink(f"/proc/{world.gateway.pid}/exe")
        assert executable.startswith(str(unpacked)), executable
    finally:
        world.stop()


def test_cmake_install_gives_a_working_prefix(build, folder, account):
    prefix = folder / "prefix"
    subprocess.run(["cmake", "--install", str(build), "--prefix", str(prefix)], check=True, capture_output=True)
    assert (prefix / "bin/sallyport").is_file()
    world = Installed(build, folder / "prefixed", account, prefix)
    try:
        world.start()
        assert world.ssh("via", "echo from the prefix").stdout == b"from the prefix\n"
    finally:
        world.stop()
