# SPDX-License-Identifier: Apache-2.0
"""Memory of the gateway for each idle, recorded session with a terminal of 80x24 whose screen is full: both workers and the
broker's share. Needs root: other users may not look into the workers."""
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
        fronts, backs = gateway.workers("front"), gateway.workers("back")
        if len(fronts) < sessions or len(backs) < sessions:
            raise RuntimeError(f"{len(fronts)} fronts and {len(backs)} backs for {sessions} sessions")
        figures = {
            "sessions": sessions,
            "front_pss_kib": sum(map(accounts.pss_kib, fronts)) / sessions,
            "back_pss_kib": sum(map(accounts.pss_kib, backs)) / sessions,
            "front_private_kib": sum(map(accounts.private_kib, fronts)) / sessions,
            "back_private_kib": sum(map(accounts.private_kib, backs)) / sessions,
            "broker_growth_kib": (accounts.pss_kib(gateway.pid) - before["broker"]) / sessions,
            "page_tables_kib": (sum(map(accounts.page_tables_kib, [*resident, *fronts, *backs])) - before["tables"]) / sessions,
        }
        figures["pss_kib"] = figures["front_pss_kib"] + figures["back_pss_kib"] + figures["broker_growth_kib"]
        after = kernel.kib()
        figures["kernel_kib"] = None if after is None else (after - before["kernel"]) / sessions
        return figures
    finally:
        for each in terminals:
            each.close()
