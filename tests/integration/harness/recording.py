# SPDX-License-Identifier: Apache-2.0
"""Reading exported recordings (export --format jsonl): one object a line."""
import base64
import struct


def bytes_of(event):
    """An event's bytes: "text" where they are UTF-8, else "base64"."""
    if "base64" in event:
        return base64.b64decode(event["base64"])
    return event.get("text", "").encode()


def data(events, direction, stream=None):
    """The bytes of one direction ('up' or 'down'), in order, as far as they stand in the record."""
    return b"".join(bytes_of(event) for event in events if event["event"] == "data" and event["direction"] == direction
                    and stream in (None, event["stream"]))


def bulk_blocks(events, direction):
    """The blocks that went through the ring, counted and hashed: [{bytes, sha256 (hex)}]."""
    return [{"bytes": int(event["bytes"]), "sha256": event["sha256"]} for event in events
            if event["event"] == "stream-block" and event["direction"] == direction]


HEADER_BYTES, CHUNK_HEAD_BYTES = 266, 229  # docs/recording-format.md


def parts(record):
    """Where what stands in a sound ID.rec: [("header" | "chunk N" | "seal", start, end)]."""
    found, at = [("header", 0, HEADER_BYTES)], HEADER_BYTES
    while record[at:at + 8] == b"SPCHUNK\1":
        (number,), (body,) = struct.unpack_from("<Q", record, at + 9), struct.unpack_from("<I", record, at + 129)
        end = at + CHUNK_HEAD_BYTES + body
        found.append((f"chunk {number}", at, end))
        at = end
    assert record[at:at + 8] == b"SPSEAL\0\1", at
    return [*found, ("seal", at, len(record))]


def part_at(record, offset):
    """The name of the part that holds a byte; "end" behind the last."""
    return next((name for name, start, end in parts(record) if start <= offset < end), "end")
