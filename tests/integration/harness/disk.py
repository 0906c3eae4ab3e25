# SPDX-License-Identifier: Apache-2.0
"""Disks that can be full or stop answering: a small tmpfs, and an ext4 image that can be frozen."""
import os
import pathlib
import subprocess


def _run(*argv):
    subprocess.run([str(a) for a in argv], check=True, capture_output=True)


class SmallDisk:
    """A tmpfs of some MiB at a path."""

    def __init__(self, path, mib):
        self.path = pathlib.Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        _run("mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=0750", "tmpfs", self.path)
        self.filler = self.path / "filler"

    def fill(self):
        """Takes what is left, to the last byte."""
        with self.filler.open("ab", buffering=0) as out:
            for size in (1 << 20, 1 << 16, 1 << 12, 1):
                try:
                    while True:
                        out.write(b"\0" * size)
                except OSError:
                    pass

    def relieve(self):
        self.filler.unlink(missing_ok=True)

    def remove(self):
        subprocess.run(["umount", "-l", str(self.path)], capture_output=True)


class FreezableDisk:
    """An ext4 in a file, mounted at a path; frozen, every write to it hangs until it thaws."""

    def __init__(self, path, mib=256):
        self.path = pathlib.Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self.image = self.path.with_suffix(".img")
        with self.image.open("wb") as image:
            image.truncate(mib << 20)
        _run("mkfs.ext4", "-q", "-F", self.image)
        _run("mount", "-o", "loop", self.image, self.path)
        os.chmod(self.path, 0o750)
        self.frozen = False

    def freeze(self):
        _run("fsfreeze", "-f", self.path)
        self.frozen = True

    def thaw(self):
        if self.frozen:
            _run("fsfreeze", "-u", self.path)
            self.frozen = False

    def remove(self):
        self.thaw()
        subprocess.run(["umount", "-l", str(self.path)], capture_output=True)
        self.image.unlink(missing_ok=True)
