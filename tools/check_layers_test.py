#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The layer check refuses what the table forbids: small trees with one include each, checked by a copy of the tool."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parent / "check-layers"
CORE = ["node", "intake", "access", "record", "session"]


def check(files):
    """Runs the tool over a tree of {path below src: included path}. Returns its exit status and what it printed."""
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        (root / "tools").mkdir()
        shutil.copy(TOOL, root / "tools" / "check-layers")
        for folder in ("tests", "bench"):
            (root / folder).mkdir()
        for path, included in files.items():
            file = root / "src" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f'// SPDX-License-Identifier: Apache-2.0\n#include "{included}"\n')
        done = subprocess.run([sys.executable, root / "tools" / "check-layers"], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout


class CheckLayers(unittest.TestCase):
    def test_no_part_of_a_session_includes_a_protocol(self):
        for folder in CORE:
            for protocol in ("ssh", "telnet", "postgres"):
                with self.subTest(folder=folder, protocol=protocol):
                    status, said = check({f"broker/{folder}/a.cc": f"broker/{protocol}/b.h"})
                    self.assertEqual(status, 1, said)
                    self.assertIn(f"broker/{folder} may not include", said)

    def test_a_test_beside_it_may_not_either(self):
        status, said = check({"broker/session/a_test.cc": "broker/ssh/b.h"})
        self.assertEqual(status, 1, said)

    def test_a_session_includes_neither_the_wiring_nor_the_admin_socket(self):
        for included in ("broker/node.h", "broker/admin_socket/server.h", "broker/api/api.h"):
            with self.subTest(included=included):
                self.assertEqual(check({"broker/session/a.cc": included})[0], 1)

    def test_the_api_knows_no_way_to_it(self):
        self.assertEqual(check({"broker/api/a.cc": "broker/admin_socket/server.h"})[0], 1)
        self.assertEqual(check({"broker/admin_socket/a.cc": "broker/api/api.h"})[0], 0)
        self.assertEqual(check({"broker/admin_socket/a.cc": "broker/ssh/b.h"})[0], 1)

    def test_the_broker_parses_no_foreign_protocol(self):
        for folder in ("session", "ssh"):
            with self.subTest(folder=folder):
                self.assertEqual(check({f"broker/{folder}/a.cc": "codec/ssh/packet.h"})[0], 1)

    def test_a_protocol_includes_the_parts_of_a_session(self):
        for folder in CORE:
            with self.subTest(folder=folder):
                status, said = check({"broker/ssh/a.cc": f"broker/{folder}/b.h"})
                self.assertEqual(status, 0, said)

    def test_the_wiring_includes_a_protocol(self):
        status, said = check({"broker/node.cc": "broker/ssh/b.h"})
        self.assertEqual(status, 0, said)


if __name__ == "__main__":
    unittest.main()
