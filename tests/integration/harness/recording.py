# SPDX-License-Identifier: Apache-2.0
"""Reading exported recordings (export --format jsonl): one object a line."""
import base64


def bytes_of(value):
    """Exported bytes: {"base64": …} or base64 under a key, or text."""
    if value is None:
        return b""
    if isinstance(value, dict):
        if "base64" in value:
            return base64.b64decode(value["base64"])
        if "bytes_base64" in value:
            return base64.b64decode(value["bytes_base64"])
        return bytes_of(value.get("text"))
    return value.encode()


def data(events, direction, stream=None):
    """The bytes of one direction ('up' or 'down'), in order, as far as they stand in the record."""
    out = b""
    for event in events:
        if event.get("event") != "data" or event.get("direction") != direction:
            continue
        if stream is not None and event.get("stream") != stream:
            continue
        out += bytes_of(event.get("base64") and {"base64": event["base64"]} or event.get("text"))
    return out


def bulk_blocks(events, direction):
    """The blocks that went through the ring, counted and hashed: [{bytes, sha256 (hex)}]."""
    found = []
    for event in events:
        if event.get("event") == "stream_block" and event.get("direction") == direction:
            found.append({"bytes": int(event["bytes"]), "sha256": event.get("sha256", "")})
    return found
