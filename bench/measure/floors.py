# SPDX-License-Identifier: Apache-2.0
"""The floors: what no gateway of this kind can go below, on this machine, at this minute."""
import json
import pathlib
import subprocess


def _lines(program, *arguments, cwd=None):
    out = subprocess.run([str(program), *map(str, arguments)], check=True, capture_output=True, text=True, cwd=cwd).stdout
    return [json.loads(line) for line in out.splitlines()]


def once(build, folder, mib, keystrokes):
    bench = pathlib.Path(build).resolve() / "bench"
    figures = {"relay": _lines(bench / "bare_relay", mib)[0]["cpu_s_per_gib"],
               "relay_no_crypto": _lines(bench / "bare_relay", "--cipher", "none", mib)[0]["cpu_s_per_gib"],
               "sha256": _lines(bench / "hash_floor", mib)[0]["cpu_s_per_gib"]}
    for line in _lines(bench / "leg_echo", keystrokes, cwd=folder):
        if "path" in line:
            name = "echo_direct" if line["path"] == "direct" else "echo_gate"
            figures[name + "_p50_us"], figures[name + "_p99_us"] = line["p50_us"], line["p99_us"]
    return figures
