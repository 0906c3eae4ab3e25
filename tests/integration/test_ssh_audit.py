# SPDX-License-Identifier: Apache-2.0
"""ssh-audit on the default configuration: nothing but the findings of ssh_audit_expected.json, each with its reason."""
import json
import pathlib
import subprocess
import sys


def findings(report):
    """Every failure, warning, weakness and note as one line of text."""
    found = set()
    for kind in ("kex", "key", "enc", "mac"):
        for algorithm in report[kind]:
            for level in ("fail", "warn"):
                for text in algorithm["notes"].get(level, []):
                    found.add(f"{kind} {algorithm['algorithm']}: {text}")
            for text in algorithm["notes"].get("info", []):
                if "unknown" in text:
                    found.add(f"{kind} {algorithm['algorithm']}: {text}")
    for cve in report.get("cves", []):
        found.add(f"cve {cve['name']}")
    for text in report.get("additional_notes", []):
        if text:
            found.add(f"note: {text}")
    return found


def test_nothing_but_the_named_findings(world):
    tool = pathlib.Path(sys.executable).parent / "ssh-audit"
    out = subprocess.run([str(tool), "-j", "-p", str(world.gateway.port), "127.0.0.1"], capture_output=True, text=True, timeout=120)
    report = json.loads(out.stdout)
    assert {key["algorithm"] for key in report["key"]} == {"ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"}, "default host keys: ed25519 and RSA"
    expected = json.loads((pathlib.Path(__file__).parent / "ssh_audit_expected.json").read_text())["findings"]
    assert all(entry["reason"] for entry in expected)
    found = findings(report)
    unexpected = {text for text in found if not any(text.startswith(entry["name"]) for entry in expected)}
    assert not unexpected
    gone = {entry["name"] for entry in expected if not entry["name"].startswith("note:") and not any(t.startswith(entry["name"]) for t in found)}
    assert not gone, "no longer found: take it off the list"
    assert not report["compression"] or report["compression"] == ["none"]
