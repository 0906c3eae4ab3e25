# SPDX-License-Identifier: Apache-2.0
"""Reading the memory of a process, as root would, and what a secret looks like there."""
import base64
import os
import pathlib

from cryptography.hazmat.primitives import serialization

# A worker's address space is bounded far below this: only what a sanitizer keeps about memory is so large, and it holds none of it.
SHADOW_BYTES = 4 << 30


def memory(pid):
    """All readable memory of a process."""
    out = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as source:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, mode = line.split()[:2]
            if not mode.startswith("r") or "[vvar" in line or "[vsyscall]" in line:
                continue
            start, end = (int(value, 16) for value in span.split("-"))
            if end - start > SHADOW_BYTES:
                continue
            try:
                source.seek(start)
                while start < end:
                    block = source.read(min(end - start, 1 << 20))
                    if not block:
                        break
                    out.append(block)
                    start += len(block)
            except OSError:
                continue
    return b"".join(out)


def forms_of_key(path):
    """What a private key looks like in memory: its seed, both halves, the file's body, its decoded body."""
    text = pathlib.Path(path).read_bytes()
    key = serialization.load_ssh_private_key(text, None)
    seed = key.private_bytes(serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())
    body = b"".join(line for line in text.splitlines() if not line.startswith(b"-----"))
    secret_part = base64.b64decode(body)
    return {"seed": seed, "seed (hex)": seed.hex().encode(), "file": body[-120:-60], "decoded file": secret_part[secret_part.index(seed):][:32]}


def found_in(content, needles):
    return [name for name, needle in needles.items() if needle in content]


def memory_writable(pid):
    out = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as source:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, mode = line.split()[:2]
            if not mode.startswith("rw"):
                continue
            start, end = (int(value, 16) for value in span.split("-"))
            if end - start > SHADOW_BYTES:
                continue
            try:
                # Pages that were never touched are zero, and read as such.
                out.append(os.pread(source.fileno(), end - start, start))
            except OSError:
                continue
    return b"".join(out)
