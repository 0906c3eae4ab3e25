# SPDX-License-Identifier: Apache-2.0
"""Reading exported recordings (export --format jsonl): one object a line."""
import base64


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
