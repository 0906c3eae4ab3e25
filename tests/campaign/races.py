#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A thousand races: changes that take a grant away, at random moments, against sessions that are live, sessions that open at
that moment, and logins without a session. Two seconds later nothing is left that the policies do not grant.

    build/venv/bin/python tests/campaign/races.py [--build build/dev] [--rounds 1000] [--seed N] [--slack SECONDS]

Each round is named by its seed, so a failure can be repeated with --rounds 1 --seed N. Exit status 1 if a round failed."""
import argparse
import collections
import pathlib
import shutil
import sys
import tempfile
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

from harness.account import TestAccount  # noqa: E402
from harness.races import KINDS, Arena, trial  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/dev")
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slack", type=float, default=0, help="seconds beyond the two that a busy machine may take")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="spt-", dir="/tmp"))
    folder.chmod(0o755)
    account = TestAccount(folder)
    arena = Arena(options.build, folder / "a", account)
    took, late, failures = collections.defaultdict(list), 0, 0
    kinds = sorted(KINDS)
    try:
        arena.start()
        for seed in range(options.seed, options.seed + options.rounds):
            kind = kinds[seed % len(kinds)]
            start = time.monotonic()
            try:
                figures = trial(arena, kind, seed, options.slack)
                took[kind].append(figures["took"])
                late += figures["in"]
                print(f"seed {seed}: {kind}: {figures['clients']} clients, {figures['in']} of those that raced got in; over after "
                      f"{figures['took']:.2f} s; {time.monotonic() - start:.1f} s", flush=True)
            except Exception:
                failures += 1
                print(f"seed {seed}: {kind}: FAILED", flush=True)
                traceback.print_exc()
                if arena.world.gateway.died():
                    print(arena.world.gateway.log_tail())
                    break
        verified = arena.world.gateway.run("audit", "verify")
        failures += verified.returncode != 0
    finally:
        arena.stop()
        account.remove()
        shutil.rmtree(folder, ignore_errors=True)
    for kind in kinds:
        figures = sorted(took[kind])
        if figures:
            print(f"{kind:22} {len(figures):4} rounds, over after {figures[len(figures) // 2]:.2f} s (median), {figures[-1]:.2f} s (longest)")
    print(f"{sum(map(len, took.values()))} rounds held, {late} clients got in during a race and were ended, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
