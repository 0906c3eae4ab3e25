# SPDX-License-Identifier: Apache-2.0
"""From the figures of all rounds to medians, to what is held against a target, and to a table."""
import statistics

from .world import NAMES, WAYS


def median(rounds, *path):
    """The median over rounds of the figure at a path of keys; None where there is none."""
    values = []
    for each in rounds:
        for key in path:
            each = each.get(key) if each else None
        if each is not None:
            values.append(each)
    return statistics.median(values) if values else None


def spread(rounds, *path):
    """Largest over smallest: how far apart rounds that measure the same thing are."""
    values = [median([each], *path) for each in rounds]
    values = [v for v in values if v]
    return max(values) / min(values) if values else None


def summarize(rounds, memory):
    floors = {key: median(rounds, "floors", key) for key in rounds[0]["floors"]}
    out = {"floors": floors, "bulk": {}, "keystrokes": {}, "connections": {}, "memory": memory}
    for direction in rounds[0]["bulk"]:
        direct = median(rounds, "bulk", direction, "direct", "wall_s")
        out["bulk"][direction] = {}
        for way in WAYS:
            wall, cpu = (median(rounds, "bulk", direction, way, key) for key in ("wall_s", "cpu_s_per_gib"))
            out["bulk"][direction][way] = {"wall_s": wall, "wall_ratio": wall / direct if direct else None, "cpu_s_per_gib": cpu,
                                           "cpu_ratio": cpu / floors["relay"] if cpu is not None else None}
    for way in rounds[0]["keystrokes"]:
        out["keystrokes"][way] = {key: median(rounds, "keystrokes", way, key) for key in ("p50_us", "p99_us")}
    for way in rounds[0]["connections"]:
        out["connections"][way] = {how: {key: median(rounds, "connections", way, how, key) for key in ("per_second", "cpu_ms")}
                                   for how in ("sequential", "parallel")}
    if "post_quantum" in rounds[0]:
        out["post_quantum"] = {"cpu_ms": median(rounds, "post_quantum", "cpu_ms")}
    out["noise"] = {"relay": spread(rounds, "floors", "relay"), "sha256": spread(rounds, "floors", "sha256"),
                    "echo_gate_p50_us": spread(rounds, "floors", "echo_gate_p50_us"),
                    "bulk_direct": spread(rounds, "bulk", "down", "direct", "wall_s"),
                    "keystrokes_direct": spread(rounds, "keystrokes", "direct", "p50_us")}
    out["targets"] = targets(out)
    return out


def targets(figures):
    """[{what, limit, measured, met}]: the promises, measured against floors of the same run."""
    floors, rows = figures["floors"], []

    def row(what, limit, measured, unit):
        if limit is not None and measured is not None:
            rows.append({"what": what, "limit": limit, "measured": measured, "unit": unit, "met": measured <= limit})

    for direction, ways in figures["bulk"].items():
        bare = 1.6 * floors["relay"]
        row(f"bulk {direction}, no hash: 1.6 x bare relay", bare, ways["sallyport-unhashed"]["cpu_s_per_gib"], "CPU s/GiB")
        row(f"bulk {direction}, hashed: that + 1.15 x SHA-256", bare + 1.15 * floors["sha256"], ways["sallyport"]["cpu_s_per_gib"],
            "CPU s/GiB")
        for key, unit in (("cpu_s_per_gib", "CPU s/GiB"), ("wall_s", "s")):
            row(f"bulk {direction}, hashed: two hops", ways["two-hops"][key], ways["sallyport"][key], unit)
    keys = figures["keystrokes"]
    if keys:
        echo_targets(row, keys, floors)
    connections = figures["connections"]
    if connections:
        connection_targets(row, connections)
    row("connection, ML-KEM on both legs: 12 ms", 12.0, figures.get("post_quantum", {}).get("cpu_ms"), "CPU ms")
    if figures["memory"]:
        row(f"PSS of an idle session, of {figures['memory']['sessions']}: 1 MiB", 1024.0, figures["memory"]["pss_kib"], "KiB")
    return rows


def echo_targets(row, keys, floors):
    row("echo p50, bare SSH ends: 1.4 x bare leg echo", 1.4 * floors["echo_gate_p50_us"], keys["bare-sallyport"]["p50_us"], "us")
    row("echo p50: direct + 250 us", keys["direct"]["p50_us"] + 250, keys["sallyport"]["p50_us"], "us")
    for key in ("p50_us", "p99_us"):
        row(f"echo {key[:3]}: two hops", keys["two-hops"][key], keys["sallyport"][key], "us")


def connection_targets(row, connections):
    for how in ("sequential", "parallel"):
        row(f"connection, {how}: 10 ms", 10.0, connections["sallyport"][how]["cpu_ms"], "CPU ms")
        row(f"connection, {how}: two hops", connections["two-hops"][how]["cpu_ms"], connections["sallyport"][how]["cpu_ms"], "CPU ms")
        row(f"time of a connection, {how}: two hops", 1000 / connections["two-hops"][how]["per_second"],
            1000 / connections["sallyport"][how]["per_second"], "ms")


def number(value, digits=2):
    return "-" if value is None else f"{value:.{digits}f}"


def grid(title, header, rows):
    widths = [max(len(str(line[i])) for line in [header, *rows]) for i in range(len(header))]

    def text(line):
        return "  ".join(str(cell).ljust(w) if i == 0 else str(cell).rjust(w) for i, (cell, w) in enumerate(zip(line, widths)))

    return "\n".join([title, text(header), "  ".join("-" * w for w in widths), *map(text, rows), ""])


def table(result):
    figures = result["figures"]
    floors = figures["floors"]
    parts = [grid("Floors", ["", "figure"], [
        ["bare relay, aes256-gcm, CPU s/GiB", number(floors["relay"])],
        ["bare relay, no cryptography, CPU s/GiB", number(floors["relay_no_crypto"])],
        ["SHA-256, CPU s/GiB", number(floors["sha256"])],
        ["bare front-broker-back echo, p50 us", number(floors["echo_gate_p50_us"], 0)],
        ["bare front-broker-back echo, p99 us", number(floors["echo_gate_p99_us"], 0)],
        ["the same ends without it, p50 us", number(floors["echo_direct_p50_us"], 0)]])]
    for direction, ways in figures["bulk"].items():
        parts.append(grid(f"Bulk {direction}, {result['options']['mib']} MiB, aes256-gcm on every leg",
                          ["", "wall s", "wall / direct", "CPU s/GiB in the middle", "/ bare relay"],
                          [[NAMES[way], number(f["wall_s"]), number(f["wall_ratio"]), number(f["cpu_s_per_gib"]),
                            number(f["cpu_ratio"])] for way, f in ways.items()]))
    if figures["keystrokes"]:
        parts.append(keystrokes_grid(result))
    if figures["connections"]:
        parts.append(connections_grid(result))
    memory = figures["memory"]
    if memory:
        parts.append(memory_grid(memory))
    parts.append(grid("Targets", ["", "limit", "measured", "unit", "met"],
                      [[r["what"], number(r["limit"]), number(r["measured"]), r["unit"], "yes" if r["met"] else "NO"]
                       for r in figures["targets"]]))
    return "\n".join([*parts, noise_line(result)])


def keystrokes_grid(result):
    return grid(f"Keystroke echo, {result['options']['keys']} keys a round", ["", "p50 us", "p99 us"],
                [[NAMES[way], number(f["p50_us"], 0), number(f["p99_us"], 0)]
                 for way, f in result["figures"]["keystrokes"].items()])


def connections_grid(result):
    return grid(f"Connections, {result['options']['connections']} a round",
                ["", "per s", "CPU ms in the middle", "per s, four at once", "CPU ms in the middle"],
                [[NAMES[way], *[number(f[how][key], 1) for how in ("sequential", "parallel") for key in ("per_second", "cpu_ms")]]
                 for way, f in result["figures"]["connections"].items()])


def memory_grid(memory):
    names = {"pss_kib": "PSS: front, back, inspector and the broker's growth", "front_pss_kib": "front, PSS",
             "front_private_kib": "front, private", "back_pss_kib": "back, PSS", "back_private_kib": "back, private",
             "inspector_pss_kib": "inspector, PSS", "inspector_private_kib": "inspector, private",
             "broker_growth_kib": "broker's growth, PSS", "page_tables_kib": "page tables beside it",
             "kernel_kib": "kernel memory beside it (page tables, sockets, tasks)"}
    return grid(f"Memory for each of {memory['sessions']} idle recorded sessions of 80x24, KiB", ["", "figure"],
                [[name, number(memory[key], 0)] for key, name in names.items()])


def noise_line(result):
    noise = ", ".join(f"{name} {number(value)}" for name, value in result["figures"]["noise"].items() if value)
    system, ticks = result["system"], result["machine"]
    return (f"Noise: slowest over fastest round: {noise}.\n"
            f"{system['cores']} cores, {system['cpu']}, Linux {system['kernel']}; load {number(system['load'][0])} at the start, "
            f"{number(result['load_at_end'][0])} at the end; cores busy {ticks['busy_percent']:.0f} % (this run included), "
            f"stolen {ticks['stolen_percent']:.1f} %.")
