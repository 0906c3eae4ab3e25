#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/check-docs finds each kind of fault in a copy of the documents, and none in the documents themselves."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class CheckDocs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.place.cleanup)
        cls.root = pathlib.Path(cls.place.name)
        shutil.copy(ROOT / "README.md", cls.root)
        shutil.copy(ROOT / "LICENSE", cls.root)
        shutil.copytree(ROOT / "docs", cls.root / "docs")
        for folder in ("src", "tests", "tools", "bench"):
            (cls.root / folder).mkdir()
            for name in subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard", folder], cwd=ROOT, text=True).splitlines():
                if (ROOT / name).is_file():
                    (cls.root / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(ROOT / name, cls.root / name)

    def write(self, name, text):
        path = self.root / name
        self.addCleanup(path.write_text, path.read_text(encoding="utf-8"), encoding="utf-8")
        path.write_text(text, encoding="utf-8")

    def edit(self, name, old, new):
        text = (self.root / name).read_text(encoding="utf-8")
        self.assertIn(old, text)
        self.write(name, text.replace(old, new))

    def add(self, name, text):
        self.write(name, (self.root / name).read_text(encoding="utf-8") + text)

    def check(self):
        ran = subprocess.run([sys.executable, str(ROOT / "tools/check-docs"), str(self.root)], text=True, capture_output=True, check=False)
        return ran.returncode, ran.stdout + ran.stderr

    def refuses(self, *words):
        status, out = self.check()
        self.assertEqual(status, 1, out)
        self.assertIn(f" {len(words)} errors", out)
        for word in words:
            self.assertIn(word, out)

    def test_the_documents_hold(self):
        status, out = self.check()
        self.assertEqual(status, 0, out)

    def test_a_dead_link_and_a_dead_heading(self):
        self.add("docs/vault.md", "\n[a](nowhere.md) and [b](policy.md#no-such-heading) and [c](policy.md#kinds)\n")
        self.refuses("nowhere.md", "no-such-heading")

    def test_a_file_and_a_folder_that_moved(self):
        self.add("docs/vault.md", "\n`src/vault/gone.cc`, `gone_test.cc`, `src/gone`, `broker/gone`; `src/vault` and `vault_test.cc` are there\n")
        self.refuses("src/vault/gone.cc", "`gone_test.cc`", "`src/gone`", "`broker/gone`")

    def test_a_folder_that_no_page_names(self):
        (self.root / "src/broker/newcomer").mkdir()
        self.addCleanup((self.root / "src/broker/newcomer").rmdir)
        self.refuses("`src/broker/newcomer` is not on this page")

    def test_a_key_that_no_page_names(self):
        self.edit("src/config/config.cc", '"max_sessions"', '"most_sessions"')
        self.refuses("the key `most_sessions`")

    def test_a_permission_that_no_page_names(self):
        self.edit("src/policy/permission.cc", 'return "mosh";', 'return "carrier-pigeon";')
        self.refuses("the permission `carrier-pigeon`")

    def test_a_user_is_the_user(self):
        self.add("docs/vault.md", "\nThe user types her password.\n\n```\nher own code block\n```\n")
        self.refuses('"her"')


unittest.main()
