# SPDX-License-Identifier: Apache-2.0
"""Stock clients wait for an approval, as they come. tests/campaign/hold.py holds them for a minute."""
from harness.hold import hold


def test_stock_clients_wait_for_an_approval(make_world, tmp_path):
    world = make_world()
    tmp_path.chmod(0o755)
    ended = hold(world, tmp_path / "hold", 12)  # longer than the ten seconds that many clients give a connection
    assert all(one["worked"] for one in ended.values()), {name: one for name, one in ended.items() if not one["worked"]}
    for path in ("scp", "old-scp", "sftp", "rsync", "paramiko"):
        assert (world.account.home / f"copied-by-{path}").read_text() == "content\n", path
