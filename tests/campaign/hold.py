#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stock clients are held for a minute until somebody approves, with the settings that they come with.

    build/venv/bin/python tests/campaign/hold.py [--build build/dev] [--seconds 60]

Exit status 1 if one of them gave up."""
import argparse
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

from harness.account import TestAccount  # noqa: E402
from harness.hold import hold  # noqa: E402
from harness.world import World  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/dev")
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="spt-", dir="/tmp"))
    folder.chmod(0o755)
    account = TestAccount(folder)
    world = World(options.build, folder / "w", account, dropbear=False)
    try:
        world.start()
        ended = hold(world, folder / "clients", options.seconds)
    finally:
        world.stop()
        account.remove()
        shutil.rmtree(folder, ignore_errors=True)
    for name, one in ended.items():
        print(f"{name:14} {'worked' if one['worked'] else 'FAILED'} after {one['took']:.0f} s")
        if not one["worked"]:
            print(f"  status {one['status']}\n  {one['out'].decode(errors='replace')}\n  {one['err'].decode(errors='replace')}")
    return 0 if all(one["worked"] for one in ended.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
