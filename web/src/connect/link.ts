// SPDX-License-Identifier: Apache-2.0
// The connection of one terminal: typed bytes up, output down, and what the gateway says of the session.
import { address } from "../api/client";
import type { Size } from "../terminal/events";

/** What the gateway says between the output. */
export interface Said {
  session?: string;
  state?: string;
  words?: string;
  code?: string;
  /** code "factor": a fresh one-time code would help. */
  end?: { status?: number; words?: string; code?: string };
}

export interface Listener {
  output: (bytes: Uint8Array) => void;
  said: (message: Said) => void;
  /** The connection is over, with the gateway's reason if it gave one. */
  closed: (reason: string) => void;
}

/** A paste goes up in frames that the gateway takes. */
const FRAME = 16 * 1024;
/** What may wait in the browser before more is refused: the gateway takes no more while its user's session is held. */
const MOST_WAITING = 4 * 1024 * 1024;

export function socketAddress(target: string, account: string, size: Size): string {
  const url = new URL(address("/connect", { target, account, columns: size.columns, rows: size.rows }), window.location.href);
  url.protocol = url.protocol === "http:" ? "ws:" : "wss:";
  return url.href;
}

export class Link {
  private readonly socket: WebSocket;
  private over = false;

  constructor(where: string, private readonly listener: Listener) {
    this.socket = new WebSocket(where);
    this.socket.binaryType = "arraybuffer";
    this.socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data instanceof ArrayBuffer) listener.output(new Uint8Array(data));
      else if (typeof data === "string") this.hear(data);
    };
    this.socket.onclose = ({ reason }) => {
      if (!this.over) listener.closed(reason);
      this.over = true;
    };
  }

  private hear(text: string) {
    let message: Said;
    try {
      message = JSON.parse(text) as Said;
    } catch {
      return this.listener.said({ words: "The gateway said something that this page does not understand. Load the page again." });
    }
    this.listener.said(message);
  }

  /** What is typed while there is no connection is nobody's. False: too much waits already, and nothing of this goes up. */
  type(bytes: Uint8Array): boolean {
    if (this.socket.readyState !== WebSocket.OPEN) return true;
    if (this.socket.bufferedAmount + bytes.length > MOST_WAITING) return false;
    for (let at = 0; at < bytes.length; at += FRAME) this.socket.send(bytes.subarray(at, at + FRAME));
    return true;
  }

  resize(size: Size) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ resize: size }));
  }

  /** Ends the session. */
  close() {
    this.over = true;
    this.socket.close(1000);
  }
}
