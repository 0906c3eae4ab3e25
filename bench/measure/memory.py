# SPDX-License-Identifier: Apache-2.0
"""Memory of the gateway for each idle, recorded session with a terminal of 80x24 whose screen is full: its three workers and
the broker's share. Needs root: other users may not look into the workers."""
import os
import time

from . import accounts
from .keystrokes import Terminal

OPENING = 20  # at a time
READY = b"screen-is-full"
IDLE_S = 3.0  # workers give their buffers back after one second without a byte


def measure(world, sessions):
    if os.geteuid() != 0:
        return None
    gateway = world.gateway
    world.middles["sallyport"].settle()
    kernel = accounts.KernelMemory(gateway.pid, f"sallyport-bench-{gateway.pid}")
    resident = [gateway.pid, *world.zygotes()]
    before = {"broker": accounts.pss_kib(gateway.pid), "zygotes": sum(map(accounts.pss_kib, resident[1:])),
              "tables": sum(map(accounts.page_tables_kib, resident)), "kernel": kernel.kib()}
    terminals = []
    try:
        while len(terminals) < sessions:
            batch = [Terminal(world, "sallyport", f"seq -w 1 40; echo {READY.decode()}; exec cat")
                     for _ in range(min(OPENING, sessions - len(terminals)))]
            terminals += batch
            for each in batch:
                each.wait_for(READY, 60)
        time.sleep(IDLE_S)
        workers = {leg: gateway.workers(leg) for leg in ("front", "back", "inspector")}
        if any(len(pids) < sessions for pids in workers.values()):
            raise RuntimeError(f"{ {leg: len(pids) for leg, pids in workers.items()} } for {sessions} sessions")
        figures = {
            "sessions": sessions,
            **{f"{leg}_pss_kib": sum(map(accounts.pss_kib, pids)) / sessions for leg, pids in workers.items()},
            **{f"{leg}_private_kib": sum(map(accounts.private_kib, pids)) / sessions for leg, pids in workers.items()},
            "broker_growth_kib": (accounts.pss_kib(gateway.pid) - before["broker"]) / sessions,
            "page_tables_kib": (sum(map(accounts.page_tables_kib, [*resident, *sum(workers.values(), [])])) - before["tables"]) / sessions,
        }
        figures["pss_kib"] = sum(figures[f"{leg}_pss_kib"] for leg in workers) + figures["broker_growth_kib"]
        after = kernel.kib()
        figures["kernel_kib"] = None if after is None else (after - before["kernel"]) / sessions
        return figures
    finally:
        for each in terminals:
            each.close()
