#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A hundred sudden deaths: kill -9 of front, back and broker, and a full disk, at random moments during traffic.

    build/venv/bin/python tests/campaign/kill.py [--build build/dev] [--runs 100] [--seed N]

Each run is named by its seed, so a failure can be repeated with --runs 1 --seed N. Exit status 1 if a promise was broken."""
import argparse
import collections
import pathlib
import random
import shutil
import sys
import tempfile
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

from harness.account import TestAccount  # noqa: E402
from harness.kill import STRIKES, TRAFFIC, Arena, trial  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/dev")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="spt-", dir="/tmp"))
    folder.chmod(0o755)
    account = TestAccount(folder)
    arena = Arena(options.build, folder / "arena", account)
    counts, failures = collections.Counter(), 0
    try:
        arena.start()
        for seed in range(options.seed, options.seed + options.runs):
            chance = random.Random(seed)
            strike, traffic = chance.choice(STRIKES), chance.choice(TRAFFIC)
            start = time.monotonic()
            try:
                figures = trial(arena, strike, traffic, seed)
                counts[strike] += 1
                print(f"seed {seed}: {strike}, {traffic}: received {figures['received']} of {figures['recorded']} recorded; "
                      f"{figures['reason']}; {time.monotonic() - start:.1f} s", flush=True)
            except Exception:
                failures += 1
                print(f"seed {seed}: {strike}, {traffic}: FAILED", flush=True)
                traceback.print_exc()
                # The next run begins with a gateway that serves, whatever this one left.
                arena.disk.relieve()
                arena.world.gateway.stop()
                arena.world.gateway.start()
            for path in (arena.disk.path / "data" / "recordings").rglob("*"):
                if path.is_file():
                    path.unlink(missing_ok=True)  # a late seal may take its tail away
    finally:
        arena.stop()
        account.remove()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{sum(counts.values())} runs held ({dict(counts)}), {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
