#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A search over thousands of recordings, cold and warm, with its progress on a terminal.

    build/venv/bin/python tests/campaign/search.py [--build build/dev] [--recordings 2600]

Every hundredth session says the word that is searched for. Exit status 1 if the search misses one, or shows no progress."""
import argparse
import concurrent.futures
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

from harness.account import TestAccount  # noqa: E402
from harness.process import until  # noqa: E402
from harness.world import World  # noqa: E402

WORD = "needle-in-the-hay"


def record(world, count):
    """So many sessions, four at a time; how many say the word."""
    def one(number):
        word = WORD if number % 100 == 0 else "hay"
        done = world.ssh("via", f"seq {number % 300}; echo {word} {number}", options=["-tt"] if number % 5 == 0 else [], timeout=300)
        assert f"{word} {number}".encode() in done.stdout, done
        return word == WORD

    begun, said = time.monotonic(), 0
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for number, hit in enumerate(pool.map(one, range(count)), 1):
            said += hit
            if number % 100 == 0:
                print(f"{number} sessions in {time.monotonic() - begun:.0f} s", flush=True)
    until(lambda: not world.gateway.sessions(), 60, "the end of all sessions")
    return said


def make_cold(world):
    """Takes the recordings out of the page cache; nobody else's files."""
    for path in (world.gateway.data / "recordings").rglob("*"):
        if path.is_file():
            with open(path, "rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def search(world):
    """(seconds, hits, how often progress was shown), the answer read as a person at a terminal reads it."""
    master, slave = pty.openpty()
    begun = time.monotonic()
    searching = subprocess.Popen(world.gateway.argv("recording", "search", WORD, "-o", "json"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=slave)
    os.close(slave)
    out, shown = b"", b""
    sources = {searching.stdout.fileno(), master}
    while sources:
        for source in select.select(list(sources), [], [])[0]:
            try:
                chunk = os.read(source, 65536)
            except OSError:
                chunk = b""
            if not chunk:
                sources.discard(source)
            elif source == master:
                shown += chunk
            else:
                out += chunk
    os.close(master)
    status = searching.wait()
    assert status in (0, 1), shown
    seconds = time.monotonic() - begun
    return seconds, out.count(b'"id"'), len(re.findall(rb"\d+ of \d+ recordings searched", shown))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/dev")
    parser.add_argument("--recordings", type=int, default=2600)
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="spt-", dir="/tmp"))
    folder.chmod(0o755)
    account = TestAccount(folder)
    world = World(options.build, folder / "w", account, dropbear=False)
    try:
        world.start()
        said = record(world, options.recordings)
        size = sum(path.stat().st_size for path in (world.gateway.data / "recordings").rglob("*") if path.is_file())
        print(f"{options.recordings} recordings, {size / 1e6:.1f} MB")
        good = True
        for state in ("cold", "warm", "warm"):
            if state == "cold":
                make_cold(world)
            seconds, hits, shown = search(world)
            print(f"{state}: {seconds:.2f} s, {options.recordings / seconds:.0f} recordings a second, {hits} hits, progress shown {shown} times", flush=True)
            good = good and hits >= said and shown > 1
    finally:
        world.stop()
        account.remove()
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
