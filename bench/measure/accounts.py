# SPDX-License-Identifier: Apache-2.0
"""What processes cost: processor time and memory of a daemon and all that it started, from /proc."""
import os
import pathlib
import time

TICK = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    """Fields of /proc/PID/stat from the state on, or None."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def tree(pid):
    """The process and all its descendants."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(entry.name)
            if fields:
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        each = todo.pop()
        found.append(each)
        todo += parents.get(each, [])
    return found


def cpu_seconds(pid):
    """User and system time of a process, of its living descendants, and of those that were reaped. The kernel adds reaped
    ones up exactly; only what is read here is cut to a hundredth of a second."""
    total = 0
    for each in tree(pid):
        fields = _stat(each)
        if fields:
            total += sum(int(f) for f in fields[11:15])  # utime stime cutime cstime
    return total / TICK


class Idle:
    """A daemon as it stands between sessions: settle() waits until everything that sessions started is reaped."""

    def __init__(self, pid):
        self.pid = pid
        self.processes = len(tree(pid))

    def settle(self, seconds=20):
        deadline = time.monotonic() + seconds
        while len(tree(self.pid)) > self.processes:
            if time.monotonic() > deadline:
                raise RuntimeError(f"processes of earlier sessions do not end: {tree(self.pid)}")
            time.sleep(0.01)

    def cpu(self):
        self.settle()
        return cpu_seconds(self.pid)


def _field_kib(path, names):
    try:
        lines = pathlib.Path(path).read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) for line in lines if line.split(":")[0] in names)


def pss_kib(pid):
    return _field_kib(f"/proc/{pid}/smaps_rollup", {"Pss"})


def private_kib(pid):
    return _field_kib(f"/proc/{pid}/smaps_rollup", {"Private_Clean", "Private_Dirty"})


def page_tables_kib(pid):
    return _field_kib(f"/proc/{pid}/status", {"VmPTE"})


class KernelMemory:
    """Kernel memory charged to a daemon from now on, by a memory cgroup of its own (v1 or v2). Where none may be made, kib()
    is None."""

    def __init__(self, pid, name):
        self.folder = None
        for root, usage in (("/sys/fs/cgroup/memory", "memory.kmem.usage_in_bytes"), ("/sys/fs/cgroup", "memory.stat")):
            folder = pathlib.Path(root) / name
            try:
                folder.mkdir()
                if not (folder / usage).exists():
                    folder.rmdir()
                    continue
                for each in tree(pid):
                    (folder / "cgroup.procs").write_text(str(each))
                self.folder, self.usage = folder, usage
                return
            except OSError:
                continue

    def kib(self):
        if not self.folder:
            return None
        text = (self.folder / self.usage).read_text()
        if self.usage != "memory.stat":
            return int(text) / 1024
        return sum(int(line.split()[1]) for line in text.splitlines() if line.split()[0] in ("kernel", "sock")) / 1024

    def remove(self):
        """After the daemon has ended."""
        if self.folder:
            self.folder.rmdir()


def system():
    """What the figures were taken on."""
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown")
    return {"cpu": model, "cores": os.cpu_count(), "kernel": os.uname().release, "load": list(os.getloadavg())}


def machine_ticks():
    """Busy and stolen seconds of all cores since the start of the machine."""
    fields = [int(f) for f in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return {"busy": (sum(fields[:3]) + sum(fields[5:8])) / TICK, "stolen": fields[7] / TICK}
