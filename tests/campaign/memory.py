#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the broker keeps for a user who sends as much as it takes: each kind of message, and all of them mixed, on one
connection and on many, while the target opens and while the session is paused.

    build/venv/bin/python tests/campaign/memory.py [--build build/dev] [--seconds 10] [--connections 30] [--seed N]

Prints a line per flood. Exit status 1 if one cost more than docs/threat-model.md allows."""
import argparse
import pathlib
import random
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

from harness.account import TestAccount  # noqa: E402
from harness.flood import KINDS, MIB, Flooder, flooded  # noqa: E402
from harness.slow_target import SlowTarget  # noqa: E402
from harness.process import until  # noqa: E402
from harness.world import USER, World  # noqa: E402

ONE, MANY = 8 * MIB, 128 * MIB


def flood(world, kinds, connections, opening, chance, seconds):
    slow = SlowTarget(world)
    flooders = []
    try:
        for number in range(connections):
            flooders.append(Flooder(world, f"{USER}@deploy@{'slow1' if opening else 'web1'}"))
            if opening:
                until(lambda: slow.waiting > number, what="a connection to the target")
        if not opening:
            live = until(lambda: (lambda found: found if len(found) == connections else None)(
                [s["id"] for s in world.gateway.sessions() if s["state"] == "live"]), 60, "live sessions")
            # Which is whose does not matter: all are paused.
            for one in flooders:
                one.channel.exec_command("cat")
            for identifier in live:
                world.gateway.cli("session", "pause", identifier)
        return flooded(world, flooders, kinds, chance, seconds)
    finally:
        for one in flooders:
            one.close()
        slow.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/dev")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="spt-", dir="/tmp"))
    folder.chmod(0o755)
    account = TestAccount(folder)
    chance = random.Random(options.seed)
    broken = 0
    try:
        for connections, bound in ((1, ONE), (options.connections, MANY)):
            for opening in (True, False):
                for kinds in [(kind,) for kind in KINDS] + [KINDS]:
                    world = World(pathlib.Path(options.build).resolve(), folder / f"w{broken}-{chance.randrange(1 << 30)}", account, dropbear=False)
                    try:
                        world.start()
                        grown, sent = flood(world, kinds, connections, opening, chance, options.seconds)
                    finally:
                        world.stop()
                    broken += grown >= bound
                    print(f"{connections} connections, {'opening' if opening else 'paused'}, {kinds[0] if len(kinds) == 1 else 'all kinds'}: "
                          f"{grown / MIB:.1f} MiB of {sent / MIB:.1f} MiB sent{' TOO MUCH' if grown >= bound else ''}", flush=True)
    finally:
        account.remove()
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
